import type { Graph } from '../../src/graph/graph.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { NetBuilder } from '../support/graphs.js';

/** Networks of torchvision by their shapes; every weight is zero, which costs no memory until someone reads it. */
class ZooBuilder extends NetBuilder {
  #weights = 0;

  zeros(...shape: number[]): string {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    return this.constant(`w${this.#weights++}`, new Tensor('float32', data, shape));
  }

  /** A convolution whose bias is that of the normalisation behind it, if there is one. */
  convolve(
    x: string,
    [from, to]: readonly [number, number],
    k: number,
    { stride = 1, group = 1, pad = (k - 1) >> 1, bias = false } = {},
  ): string {
    const inputs = [x, this.zeros(to, from / group, k, k), ...(bias ? [this.zeros(to)] : [])];
    const attributes = { kernel_shape: [k, k], strides: [stride, stride], pads: [pad, pad, pad, pad], group };
    return this.op('Conv', inputs, attributes);
  }

  normalize(x: string, channels: number): string {
    return this.op('BatchNormalization', [x, ...Array.from({ length: 4 }, () => this.zeros(channels))]);
  }

  maxPool(x: string, k: number, stride: number, { pad = 0, ceil = false } = {}): string {
    const attributes = { kernel_shape: [k, k], strides: [stride, stride], pads: [pad, pad, pad, pad], ceil_mode: ceil ? 1 : 0 };
    return this.op('MaxPool', [x], attributes);
  }

  linear(x: string, from: number, to: number): string {
    return this.op('Gemm', [x, this.zeros(to, from), this.zeros(to)], { transB: 1 });
  }

  /** What images of 1000 classes end with. */
  classifier(x: string, channels: number): string {
    return this.linear(this.op('Flatten', [this.op('GlobalAveragePool', [x])]), channels, 1000);
  }

  silu(x: string): string {
    return this.op('Mul', [x, this.op('Sigmoid', [x])]);
  }
}

type Body = (b: ZooBuilder, image: string) => string;

const network = (name: string, body: Body) => (): Graph => {
  const b = new ZooBuilder();
  b.output(body(b, b.input('x', 'float32', [1, 3, 224, 224])));
  return { ...b.build(), name };
};

/** He et al., 2016: stages of 64, 128, 256 and 512 channels; bottlenecks have four times as many at their ends. */
const resnet =
  (blocks: readonly number[], bottleneck: boolean): Body =>
  (b, image) => {
    const conv = (x: string, channels: readonly [number, number], k: number, stride = 1): string =>
      b.normalize(b.convolve(x, channels, k, { stride }), channels[1]);
    let x = b.maxPool(b.op('Relu', [conv(image, [3, 64], 7, 2)]), 3, 2, { pad: 1 });
    let from = 64;
    for (const [stage, count] of blocks.entries()) {
      const width = 64 * 2 ** stage;
      const to = bottleneck ? 4 * width : width;
      for (let i = 0; i < count; i++) {
        const stride = i === 0 && stage > 0 ? 2 : 1;
        const relu = (v: string): string => b.op('Relu', [v]);
        const inner = bottleneck
          ? conv(relu(conv(relu(conv(x, [from, width], 1)), [width, width], 3, stride)), [width, to], 1)
          : conv(relu(conv(x, [from, width], 3, stride)), [width, to], 3);
        const skip = stride > 1 || from !== to ? conv(x, [from, to], 1, stride) : x;
        x = relu(b.op('Add', [inner, skip]));
        from = to;
      }
    }
    return b.classifier(x, from);
  };

/** Sandler et al., 2018: (expansion, channels, repeats, stride). */
const MOBILENET_V2 = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

const mobilenetV2: Body = (b, image) => {
  const conv = (x: string, channels: readonly [number, number], k: number, stride = 1, group = 1): string =>
    b.normalize(b.convolve(x, channels, k, { stride, group }), channels[1]);
  const relu6 = (x: string): string => b.op('Clip', [x], { min: 0, max: 6 });
  let x = relu6(conv(image, [3, 32], 3, 2));
  let from = 32;
  for (const [expansion, to, repeats, firstStride] of MOBILENET_V2) {
    for (let i = 0; i < repeats; i++) {
      const stride = i === 0 ? firstStride : 1;
      const wide = from * expansion;
      const expanded = expansion === 1 ? x : relu6(conv(x, [from, wide], 1));
      const inner = conv(relu6(conv(expanded, [wide, wide], 3, stride, wide)), [wide, to], 1);
      x = stride === 1 && from === to ? b.op('Add', [inner, x]) : inner;
      from = to;
    }
  }
  return b.classifier(relu6(conv(x, [from, 1280], 1)), 1280);
};

/** Tan and Le, 2019: (expansion, kernel, channels, repeats, stride), with squeeze and excitation by a quarter of the input. */
const EFFICIENTNET_B0 = [
  [1, 3, 16, 1, 1],
  [6, 3, 24, 2, 2],
  [6, 5, 40, 2, 2],
  [6, 3, 80, 3, 2],
  [6, 5, 112, 3, 1],
  [6, 5, 192, 4, 2],
  [6, 3, 320, 1, 1],
] as const;

const efficientnetB0: Body = (b, image) => {
  const conv = (x: string, channels: readonly [number, number], k: number, stride = 1, group = 1): string =>
    b.normalize(b.convolve(x, channels, k, { stride, group }), channels[1]);
  const excite = (x: string, channels: number, squeezed: number): string => {
    const inner = b.silu(b.convolve(b.op('GlobalAveragePool', [x]), [channels, squeezed], 1, { bias: true }));
    return b.op('Mul', [x, b.op('Sigmoid', [b.convolve(inner, [squeezed, channels], 1, { bias: true })])]);
  };
  let x = b.silu(conv(image, [3, 32], 3, 2));
  let from = 32;
  for (const [expansion, k, to, repeats, firstStride] of EFFICIENTNET_B0) {
    for (let i = 0; i < repeats; i++) {
      const stride = i === 0 ? firstStride : 1;
      const wide = from * expansion;
      const expanded = expansion === 1 ? x : b.silu(conv(x, [from, wide], 1));
      const deep = excite(b.silu(conv(expanded, [wide, wide], k, stride, wide)), wide, Math.max(1, from >> 2));
      const inner = conv(deep, [wide, to], 1);
      x = stride === 1 && from === to ? b.op('Add', [inner, x]) : inner;
      from = to;
    }
  }
  return b.classifier(b.silu(conv(x, [from, 1280], 1)), 1280);
};

/** Iandola et al., 2016, version 1.0: (in, squeeze, expand) of the fire modules; pools stand before the named ones. */
const squeezenet1_0: Body = (b, image) => {
  const conv = (x: string, channels: readonly [number, number], k: number, options = {}): string =>
    b.op('Relu', [b.convolve(x, channels, k, { bias: true, ...options })]);
  const fire = (x: string, from: number, squeeze: number, expand: number): string => {
    const inner = conv(x, [from, squeeze], 1);
    return b.op('Concat', [conv(inner, [squeeze, expand], 1), conv(inner, [squeeze, expand], 3)], { axis: 1 });
  };
  const pool = (x: string): string => b.maxPool(x, 3, 2, { ceil: true });
  let x = pool(conv(image, [3, 96], 7, { stride: 2, pad: 0 }));
  x = fire(fire(fire(x, 96, 16, 64), 128, 16, 64), 128, 32, 128);
  x = fire(fire(fire(fire(pool(x), 256, 32, 128), 256, 48, 192), 384, 48, 192), 384, 64, 256);
  x = conv(fire(pool(x), 512, 64, 256), [512, 1000], 1);
  return b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
};

/** Dosovitskiy et al., 2021, ViT-B/16: 12 layers of width 768, 12 heads, 197 tokens. */
const vitB16: Body = (b, image) => {
  const [tokens, width, heads] = [197, 768, 12];
  const size = width / heads;
  const project = (x: string, from: number, to: number): string =>
    b.op('Add', [b.op('MatMul', [x, b.zeros(from, to)]), b.zeros(to)]);
  const norm = (x: string): string => b.op('LayerNormalization', [x, b.zeros(width), b.zeros(width)]);
  const split = (x: string, perm: readonly number[]): string =>
    b.op('Transpose', [b.op('Reshape', [x, b.ints(1, tokens, heads, size)])], { perm });
  const attention = (x: string): string => {
    const [q, k, v] = [0, 1, 2].map(() => project(x, width, width)) as [string, string, string];
    const scores = b.op('MatMul', [split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])]);
    const weights = b.op('Softmax', [b.op('Mul', [scores, b.values([], [0.125])])]);
    const mixed = b.op('Transpose', [b.op('MatMul', [weights, split(v, [0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
    return project(b.op('Reshape', [mixed, b.ints(1, tokens, width)]), width, width);
  };
  const patches = b.op('Reshape', [b.convolve(image, [3, width], 16, { stride: 16, pad: 0, bias: true }), b.ints(1, width, 196)]);
  const embedded = b.op('Concat', [b.zeros(1, 1, width), b.op('Transpose', [patches], { perm: [0, 2, 1] })], { axis: 1 });
  let x = b.op('Add', [embedded, b.zeros(1, tokens, width)]);
  for (let layer = 0; layer < 12; layer++) {
    x = b.op('Add', [x, attention(norm(x))]);
    x = b.op('Add', [x, project(b.op('Gelu', [project(norm(x), width, 4 * width)]), 4 * width, width)]);
  }
  const first = b.op('Gather', [norm(x), b.values([], [0], 'int64')], { axis: 1 });
  return b.linear(first, width, 1000);
};

/** Name, MACs as ptflops states them, parameters, and the network. */
export const zoo: readonly { name: string; gmacs: number; params: number; build: () => Graph }[] = [
  { name: 'resnet18', gmacs: 1.83, params: 11.69, build: network('resnet18', resnet([2, 2, 2, 2], false)) },
  { name: 'resnet50', gmacs: 4.13, params: 25.56, build: network('resnet50', resnet([3, 4, 6, 3], true)) },
  { name: 'mobilenet_v2', gmacs: 0.32, params: 3.5, build: network('mobilenet_v2', mobilenetV2) },
  { name: 'efficientnet_b0', gmacs: 0.41, params: 5.29, build: network('efficientnet_b0', efficientnetB0) },
  { name: 'squeezenet1_0', gmacs: 0.84, params: 1.25, build: network('squeezenet1_0', squeezenet1_0) },
  { name: 'vit_b_16', gmacs: 16.86, params: 86.57, build: network('vit_b_16', vitB16) },
];
