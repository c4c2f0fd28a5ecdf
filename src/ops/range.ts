import { isFloat } from '../tensor/dtype.js';
import { constantNumbers, defineOperator, fail, input } from './operator.js';

const MOST = 2 ** 31 - 1;

const lengthOf = (start: number, limit: number, delta: number): number => {
  if (delta === 0) fail('delta is 0');
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  return length <= MOST ? length : fail(`${start} to ${limit} by ${delta} is a range of ${length} elements`);
};

/** start, start + delta, ... up to limit, without the limit itself. */
export const range = defineOperator({
  name: 'Range',
  attributes: {},
  inputs: [3, 3],
  hostInputs: [0, 1, 2],
  infer: (context) => {
    const given = [0, 1, 2].map((k) => input(context as never, k));
    const [{ dtype }] = given as [(typeof given)[number]];
    if (given.some((value) => value.dtype !== dtype))
      fail(`inputs must have one type, got ${given.map((v) => v.dtype).join(', ')}`);
    if (dtype === 'bool') fail('Range is not defined for bool');
    const numbers = given.map((value) => constantNumbers(value));
    if (numbers.some((list) => list && list.length !== 1)) fail('start, limit and delta must be one number each');
    const [start, limit, delta] = numbers.map((list) => list?.[0]);
    if (start === undefined || limit === undefined || delta === undefined) return [{ dtype, shape: undefined }];
    if (isFloat(dtype) && !Number.isFinite(start + limit + delta)) fail(`a range from ${start} to ${limit} by ${delta}`);
    return [{ dtype, shape: [lengthOf(start, limit, delta)] }];
  },
});
