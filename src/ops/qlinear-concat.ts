import type { Attributes } from '../graph/graph.js';
import { int } from './attributes.js';
import { concat } from './concat.js';
import { defineOperator, fail } from './operator.js';
import { byteInput, checkQuantization } from './quantization.js';

export interface QLinearConcatAttributes extends Attributes {
  readonly axis: number;
}

/** Most tensors that one node joins. */
const MOST = 256;

/**
 * y_scale, y_zero_point, then x, x_scale, x_zero_point of each input: the inputs one after the other along `axis`,
 * each brought to the scale of y.
 */
export const qlinearConcat = defineOperator<QLinearConcatAttributes>({
  name: 'com.microsoft.QLinearConcat',
  attributes: { axis: int() },
  inputs: [5, 2 + 3 * MOST],
  hostInputs: [0, 1, ...Array.from({ length: MOST }, (_, i) => [3 + 3 * i, 4 + 3 * i]).flat()],
  infer: ({ attributes, inputs }) => {
    const [scale, zero, ...rest] = inputs;
    if (rest.length % 3 !== 0)
      fail(`each input comes with its scale and zero point, got ${rest.length} inputs after the first two`);
    const { dtype } = byteInput(zero, 'the zero point of the output');
    checkQuantization(scale, zero, dtype, 'the output');
    const joined = rest.flatMap((value, i) => {
      if (i % 3 !== 0) return [];
      const x = byteInput(value, `input ${i / 3}`);
      if (x.dtype !== dtype) fail(`inputs and output must have one type, got ${x.dtype} and ${dtype}`);
      checkQuantization(rest[i + 1], rest[i + 2], dtype, `input ${i / 3}`);
      return [x];
    });
    return concat.infer({ attributes, inputs: joined, outputCount: 1 });
  },
});
