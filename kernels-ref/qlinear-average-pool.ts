import { pool } from './pool.js';
import { at, f32, quantized } from './quantize.js';
import type { Reference } from './reference.js';

/** y = saturate(round(x_scale / (y_scale * taps) * sum of (x - x_zero_point)) + y_zero_point), over each window */
export const qlinearAveragePool: Reference = ([x, xScale, xZero, yScale, yZero], attributes, [output]) =>
  pool((values, padded) => {
    const taps = attributes.count_include_pad ? padded : values.length;
    const sum = values.reduce((total, v) => total + v - at(xZero, 0), 0);
    const scale = f32(at(xScale, 0) / f32(at(yScale, 0) * taps));
    return quantized(f32(f32(sum) * scale), at(yZero, 0), output!.dtype);
  })([x], { ...attributes, channelsLast: attributes.channels_last as boolean }, [output!]);
