import { random } from '../../bench/support/random.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import type { Sample } from '../../src/quantize/runtime.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { NetBuilder } from '../support/graphs.js';

/** A residual network with everything that quantized convolutional networks have: "image" [1, 3, 12, 12] to "y" [1, 5]. */
export const residualNet = (): Uint8Array => {
  const b = new NetBuilder(3);
  const image = b.input('image', 'float32', [1, 3, 12, 12]);
  const stem = b.op('Relu', [b.batchNormalization(b.conv(image, 3, 8, 3), 8)]);
  const pooled = b.op('MaxPool', [stem], { kernel_shape: [2, 2], strides: [2, 2] });
  const depthwise = b.op('Clip', [b.conv(pooled, 8, 8, 3, { group: 8 })], { min: 0, max: 6 });
  const sum = b.op('Relu', [b.op('Add', [b.conv(depthwise, 8, 8, 1), pooled])]);
  const left = b.op('Relu', [b.conv(sum, 8, 4, 1)]);
  const right = b.op('Relu', [b.conv(sum, 8, 6, 3)]);
  const both = b.op('Concat', [left, right], { axis: 1 });
  const wider = b.op('Pad', [both, b.ints(0, 0, 0, 0, 0, 2, 0, 0)]);
  const joined = b.op('Add', [b.conv(both, 10, 12, 3), wider]);
  const mean = b.op('Flatten', [b.op('GlobalAveragePool', [b.op('Relu', [joined])])]);
  const logits = b.op('Gemm', [mean, b.weight([12, 5]), b.weight([5])]);
  b.output(b.op('Softmax', [logits]));
  return exportOnnx(b.build());
};

/** Two layers of rank 2 after a product without bias: "x" [4, 40] to [4, 6]. */
export const denseNet = (): Uint8Array => {
  const b = new NetBuilder(4);
  const x = b.input('x', 'float32', [4, 40]);
  const hidden = b.op('Relu', [b.op('Add', [b.op('MatMul', [x, b.weight([40, 70])]), b.weight([70])])]);
  b.output(b.op('Gemm', [hidden, b.weight([6, 70]), b.weight([6])], { transB: true }));
  return exportOnnx(b.build());
};

/** Smooth inputs in [-1, 1], different ones for every seed. */
export const sampleOf = (name: string, shape: readonly number[], seed: number): Sample => {
  const next = random(seed);
  const [a, b] = [0.2 + next(), 6 * next()];
  const size = shape.reduce((p, d) => p * d, 1);
  const data = Float32Array.from({ length: size }, (_, i) => 0.8 * Math.sin(a * i + b) + 0.2 * (2 * next() - 1));
  return { [name]: new Tensor('float32', data, shape) };
};

export const samplesOf = (name: string, shape: readonly number[], count: number, first = 100): Sample[] =>
  Array.from({ length: count }, (_, i) => sampleOf(name, shape, first + i));

/** |a - b| / |b| */
export const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let [error, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    error += ((a[i] as number) - (b[i] as number)) ** 2;
    norm += (b[i] as number) ** 2;
  }
  return Math.sqrt(error / norm);
};
