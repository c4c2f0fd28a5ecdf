import { TilewiseError } from '../errors.js';
import { toNumbers } from '../tensor/convert.js';
import type { TensorInfo } from './kernel.js';

/** The numbers of an input that a kernel needs to know when the plan is made; undefined where the input is absent. */
export const optionalNumbers = (info: TensorInfo | undefined, what: string): number[] | undefined => {
  if (!info) return undefined;
  if (!info.tensor) throw new TilewiseError('unsupported-model', `${what} must not depend on data`);
  return [...toNumbers(info.tensor.type, info.tensor.data)];
};

/** The numbers of an input that is always there. */
export const constantNumbers = (info: TensorInfo | undefined, what: string): number[] => {
  const numbers = optionalNumbers(info, what);
  if (!numbers) throw new TilewiseError('invalid-model', `${what} are missing`);
  return numbers;
};
