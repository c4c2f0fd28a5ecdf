import { forEachIndex, type Reference } from './reference.js';

/** y = (x - mean) * scale / sqrt(variance + epsilon) + bias, each of the four a value per channel. */
export const batchNormalization: Reference = ([x, scale, bias, mean, variance], { epsilon, channelsLast }) => {
  const { shape, data } = x!;
  const axis = channelsLast ? shape.length - 1 : 1;
  const y = new Float64Array(data.length);
  forEachIndex(shape, (index, at) => {
    const c = index[axis] as number;
    const deviation = Math.sqrt((variance!.data[c] as number) + (epsilon as number));
    y[at] = ((data[at]! - mean!.data[c]!) * scale!.data[c]!) / deviation + bias!.data[c]!;
  });
  return [y];
};
