import type { Graph } from '../../src/graph/graph.js';
import { inferShapes } from '../../src/ops/infer.js';
import { NetBuilder } from './net-builder.js';

/**
 * RepVGG-A0 as it is trained, for images of size x size pixels: stages of 2, 4, 14 and 1 blocks after the first, of widths
 * 48, 96, 192 and 1280 / `thinner`. Every block sums a 3x3 and a 1x1 convolution and, where it can, its input, each with its
 * BatchNormalization (Ding et al., "RepVGG", CVPR 2021).
 */
export const repVggA0 = (size: number, thinner = 1): Graph => {
  const b = new NetBuilder();
  let x = b.input('image', 'float32', [1, 3, size, size]);
  let channels = 3;
  const block = (width: number, stride: number): void => {
    const strides = [stride, stride];
    // Small weights keep 22 layers of sums in range.
    const scaled = (y: string): string => b.batchNormalization(y, width);
    const weight = (k: number): string => b.weight([width, channels, k, k], -1 / Math.sqrt(channels * k * k));
    const three = scaled(b.op('Conv', [x, weight(3)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides }));
    const one = scaled(b.op('Conv', [x, weight(1)], { kernel_shape: [1, 1], strides }));
    const sum = b.op('Add', [three, one]);
    x = b.op('Relu', [stride === 1 && channels === width ? b.op('Add', [sum, b.batchNormalization(x, width)]) : sum]);
    channels = width;
  };
  block(48 / thinner, 2);
  for (const [width, blocks] of [
    [48, 2],
    [96, 4],
    [192, 14],
    [1280, 1],
  ] as const) {
    for (let i = 0; i < blocks; i++) block(width / thinner, i === 0 ? 2 : 1);
  }
  b.output(b.op('Gemm', [b.op('Flatten', [b.op('GlobalAveragePool', [x])]), b.weight([channels, 10]), b.weight([10])]));
  return inferShapes(b.build());
};
