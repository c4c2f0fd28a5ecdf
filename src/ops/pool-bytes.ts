import type { Attributes } from '../graph/graph.js';
import { flag } from './attributes.js';
import type { Operator } from './operator.js';
import { averagePool, type MaxPoolAttributes, maxPool, type PoolAttributes } from './pool.js';
import { byteInput, checkQuantization } from './quantization.js';

/** MaxPool of packed bytes, which is planned by kernels of its own. Passes make it; model files cannot name it. */
export const maxPoolBytes: Operator<MaxPoolAttributes & Attributes> = {
  ...(maxPool as unknown as Operator<MaxPoolAttributes & Attributes>),
  name: 'tilewise.MaxPool',
};

export interface QLinearAveragePoolAttributes extends PoolAttributes {
  readonly count_include_pad: boolean;
  readonly channels_last: boolean;
}

const { channelsLast: _, epilogue: __, ...spatial } = averagePool.attributes;

/** Y = saturate(round(x_scale / y_scale * mean of (X - x_zero_point) over each window) + y_zero_point) */
export const qlinearAveragePool = {
  name: 'com.microsoft.QLinearAveragePool',
  attributes: { ...spatial, channels_last: flag(false) },
  inputs: [4, 5],
  hostInputs: [1, 2, 3, 4],
  infer: ({ attributes, inputs }) => {
    const x = byteInput(inputs[0], 'X');
    checkQuantization(inputs[1], inputs[2], x.dtype, 'X');
    checkQuantization(inputs[3], inputs[4], x.dtype, 'Y');
    const context = { attributes: { ...attributes, channelsLast: attributes.channels_last }, outputCount: 1 };
    const [y] = averagePool.infer({ ...context, inputs: [{ ...x, dtype: 'float32' }] } as never);
    return [{ dtype: x.dtype, shape: y?.shape }];
  },
  macs: averagePool.macs as never,
} as Operator;
