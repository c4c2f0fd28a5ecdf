import type { Attributes } from '../graph/graph.js';
import { type DType, isFloat } from '../tensor/dtype.js';
import { dtype, flag } from './attributes.js';
import { constantNumbers, defineOperator, fail, input, type Operator } from './operator.js';

export interface CosineWindowAttributes extends Attributes {
  readonly output_datatype: DType;
  readonly periodic: boolean;
}

const MOST = 2 ** 31 - 1;

/** A vector of as many elements as the input says: a sum of cosines of whole turns over the window. */
const cosineWindow = (name: string): Operator =>
  defineOperator<CosineWindowAttributes>({
    name,
    attributes: { output_datatype: { parse: dtype().parse, missing: () => 'float32' }, periodic: flag(true) },
    inputs: [1, 1],
    hostInputs: [0],
    infer: (context) => {
      const { output_datatype } = context.attributes;
      if (!isFloat(output_datatype)) fail(`${name} is not defined for ${output_datatype}`);
      const numbers = constantNumbers(input(context as never, 0));
      if (!numbers) return [{ dtype: output_datatype, shape: undefined }];
      const [size = -1] = numbers;
      if (numbers.length !== 1 || size < 0 || size > MOST)
        fail(`the size must be one number from 0 on, got ${numbers.join(', ')}`);
      return [{ dtype: output_datatype, shape: [size] }];
    },
  });

export const blackmanWindow = cosineWindow('BlackmanWindow');
export const hammingWindow = cosineWindow('HammingWindow');
export const hannWindow = cosineWindow('HannWindow');
