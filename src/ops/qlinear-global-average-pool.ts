import type { Attributes } from '../graph/graph.js';
import { flag } from './attributes.js';
import { globalAveragePool } from './global-pool.js';
import { defineOperator, elements, input } from './operator.js';
import { byteInput, checkQuantization } from './quantization.js';

export interface QLinearGlobalAveragePoolAttributes extends Attributes {
  readonly channels_last: boolean;
}

/** Y = saturate(round(x_scale / y_scale * mean of (X - x_zero_point) over the spatial axes) + y_zero_point) */
export const qlinearGlobalAveragePool = defineOperator<QLinearGlobalAveragePoolAttributes>({
  name: 'com.microsoft.QLinearGlobalAveragePool',
  attributes: { channels_last: flag(false) },
  inputs: [4, 5],
  hostInputs: [1, 2, 3, 4],
  infer: ({ attributes, inputs }) => {
    const x = byteInput(inputs[0], 'X');
    checkQuantization(inputs[1], inputs[2], x.dtype, 'X');
    checkQuantization(inputs[3], inputs[4], x.dtype, 'Y');
    return globalAveragePool.infer({ attributes: { channelsLast: attributes.channels_last }, inputs: [x], outputCount: 1 });
  },
  macs: (context) => elements(input(context as never, 0).shape),
});
