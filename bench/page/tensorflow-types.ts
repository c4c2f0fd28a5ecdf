// What is used of TensorFlow.js's module.

export interface TfTensor {
  readonly shape: readonly number[];
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

type Pair = readonly [number, number];
/** 'valid', or what is added before and behind each axis of [N, H, W, C]. */
export type TfPadding = 'valid' | readonly [Pair, Pair, Pair, Pair];

export interface Tensorflow {
  ready(): Promise<void>;
  getBackend(): string;
  setBackend(name: string): Promise<boolean>;
  env(): { set(flag: string, value: boolean | number): void };
  tidy<T extends TfTensor>(work: () => T): T;
  keep(x: TfTensor): TfTensor;
  tensor(data: unknown, shape: readonly number[], dtype?: 'float32' | 'int32'): TfTensor;
  transpose(x: TfTensor, order: readonly number[]): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  concat(parts: readonly TfTensor[], axis: number): TfTensor;
  split(x: TfTensor, parts: number, axis: number): TfTensor[];
  pad(x: TfTensor, pads: readonly Pair[], value?: number): TfTensor;
  conv2d(x: TfTensor, w: TfTensor, strides: Pair, pad: TfPadding, layout: 'NHWC', dilations: Pair): TfTensor;
  depthwiseConv2d(x: TfTensor, w: TfTensor, strides: Pair, pad: TfPadding, layout: 'NHWC', dilations: Pair): TfTensor;
  maxPool(x: TfTensor, size: Pair, strides: Pair, pad: TfPadding): TfTensor;
  avgPool(x: TfTensor, size: Pair, strides: Pair, pad: TfPadding): TfTensor;
  mean(x: TfTensor, axes: readonly number[], keepDims: boolean): TfTensor;
  batchNorm(x: TfTensor, mean: TfTensor, variance: TfTensor, offset: TfTensor, scale: TfTensor, epsilon: number): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  softmax(x: TfTensor): TfTensor;
  clipByValue(x: TfTensor, least: number, most: number): TfTensor;
  leakyRelu(x: TfTensor, alpha: number): TfTensor;
  relu(x: TfTensor): TfTensor;
  sigmoid(x: TfTensor): TfTensor;
  tanh(x: TfTensor): TfTensor;
  exp(x: TfTensor): TfTensor;
  neg(x: TfTensor): TfTensor;
  sqrt(x: TfTensor): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: TfTensor): TfTensor;
  div(a: TfTensor, b: TfTensor): TfTensor;
}
