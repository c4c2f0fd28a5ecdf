import { epilogueOf, type Node, type Value } from '../graph/graph.js';
import { operatorOf } from '../ops/infer.js';
import { isByte } from '../ops/quantization.js';
import { PER_WORD } from '../tensor/layout.js';
import { type ConcreteShape, isConcrete, resolveAxis, sizeOf } from '../tensor/shape.js';

/** Which inputs and outputs of a node its kernels take packed, all of them together. */
export interface Packing {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** True where the packed kernels are the better ones even if neighbours are not packed. */
  readonly always: boolean;
  /** The node in the form that has packed kernels, where it is another. */
  readonly as?: Node;
}

type Values = ReadonlyMap<string, Value>;
type PackingRule = (node: Node, at: (index: number) => Value | undefined, y: Value) => Packing | undefined;

const shapeOf = (value: Value | undefined): ConcreteShape | undefined =>
  value?.shape && isConcrete(value.shape) ? value.shape : undefined;

const sizeIs = (value: Value | undefined, size: number): boolean => {
  const shape = shapeOf(value);
  return shape !== undefined && sizeOf(shape) === size;
};

/** Depthwise sums of more products than this are no whole float32 numbers. */
const MAX_TAPS = 256;
/** Outputs that a block of the weights of a group has. */
const BLOCK_OUTPUTS = 16;

/** True where a convolution of these weights, channels-last, has packed kernels. */
export const packsConvolution = (node: Node, values: Values): boolean => {
  const integer = node.op === 'ConvInteger';
  const value = (index: number): Value | undefined => values.get(node.inputs[index] ?? '');
  const weight = value(integer ? 1 : 3);
  const wZero = value(integer ? 3 : 5);
  if (weight?.tensor?.dims.length !== 4 || (wZero && !wZero.tensor)) return false;
  const [outputs, inputs, height, width] = weight.tensor.dims as [number, number, number, number];
  const group = node.attributes.group as number;
  const bias = integer ? undefined : value(8);
  if (bias && !bias.tensor) return false;
  if (group === outputs && inputs === 1 && group > 1) return height * width <= MAX_TAPS;
  return group === 1 || (inputs % PER_WORD === 0 && (outputs / group) % BLOCK_OUTPUTS === 0);
};

const convolution =
  (writes: readonly number[]) =>
  (node: Node): Packing | undefined =>
    node.attributes.channelsLast ? { reads: [0], writes, always: true } : undefined;

/** Products with a constant matrix, of one scale and zero point for all rows. */
const product =
  (b: number, scale: number | undefined, writes: (y: Value) => readonly number[]): PackingRule =>
  (node, at, y) => {
    const matrix = at(b);
    const [a, aZero, bZero] = [at(0), at(2), at(b === 1 ? 3 : 5)];
    const bias = at(node.op === 'com.microsoft.QGemm' ? 6 : 8);
    const outputs = matrix?.tensor?.dims[node.attributes.transB ? 0 : 1] ?? 1;
    const fits =
      matrix?.tensor !== undefined &&
      matrix.tensor.dims.length <= 2 &&
      matrix.tensor.size > 0 &&
      (shapeOf(a)?.length ?? 0) > 0 &&
      !node.attributes.transA &&
      (scale === undefined || sizeIs(at(scale), 1)) &&
      (!aZero || sizeIs(aZero, 1)) &&
      (!bZero || bZero.tensor !== undefined) &&
      (!bias ||
        (bias.tensor !== undefined && (sizeIs(bias, 1) || (sizeIs(bias, outputs) && bias.tensor.dims.at(-1) === outputs))));
    return fits ? { reads: [0], writes: writes(y), always: true } : undefined;
  };

const bytesOut = (y: Value): readonly number[] => (isByte(y.dtype) ? [0] : []);

/** Both inputs of the result's shape. */
const binary: PackingRule = (_, at, y) => {
  const shapes = [at(0), at(3), y].map((value) => JSON.stringify(shapeOf(value)));
  const fits = shapes.every((shape) => shape !== undefined && shape === shapes[0]) && !at(0)?.tensor && !at(3)?.tensor;
  return fits ? { reads: [0, 3], writes: [0], always: false } : undefined;
};

const elementwise: PackingRule = () => ({ reads: [0], writes: [0], always: false });

/** Whole words of every input, one after the other. */
const concat: PackingRule = (node, at, y) => {
  const reads = node.inputs.flatMap((_, i) => (i % 3 === 2 ? [i] : []));
  const rank = shapeOf(y)?.length ?? 0;
  const along = resolveAxis(node.attributes.axis as number, rank);
  const whole = along !== rank - 1 || reads.every((i) => (shapeOf(at(i))?.at(-1) ?? 1) % PER_WORD === 0);
  return whole && reads.every((i) => !at(i)?.tensor) ? { reads, writes: [0], always: false } : undefined;
};

const pool: PackingRule = (node, at) =>
  node.attributes.channels_last && (shapeOf(at(0))?.length ?? 5) <= 4 ? { reads: [0], writes: [0], always: false } : undefined;

const maxPool: PackingRule = (node, at, y) => {
  const fits = node.attributes.channelsLast && isByte(y.dtype) && node.outputs.length === 1 && epilogueOf(node).length === 0;
  if (!fits || (shapeOf(at(0))?.length ?? 5) > 4) return undefined;
  return { reads: [0], writes: [0], always: false, as: { ...node, op: 'tilewise.MaxPool' } };
};

const quantize: PackingRule = (node, at, y) => {
  const whole = isByte(y.dtype) && sizeIs(at(1), 1) && (shapeOf(y)?.length ?? 0) > 0;
  return whole ? { reads: [], writes: [0], always: node.attributes.readsChannelsFirst === true } : undefined;
};

const dequantize: PackingRule = (node, at) => {
  const x = at(0);
  const rank = shapeOf(x)?.length ?? 0;
  if (!x || x.tensor || !isByte(x.dtype) || rank === 0 || node.attributes.block_size !== 0) return undefined;
  const along = resolveAxis(node.attributes.axis as number, rank);
  return sizeIs(at(1), 1) || along === rank - 1
    ? { reads: [0], writes: [], always: node.attributes.writesChannelsFirst === true }
    : undefined;
};

/** Another shape of the same words. */
const alias: PackingRule = (_, at, y) => {
  const [from, to] = [shapeOf(at(0)), shapeOf(y)];
  if (!from || !to || from.length === 0 || to.length === 0 || !isByte(y.dtype)) return undefined;
  const [a, b] = [from.at(-1) as number, to.at(-1) as number];
  const sameWords = a === b || (a % PER_WORD === 0 && b % PER_WORD === 0);
  return sameWords ? { reads: [0], writes: [0], always: false } : undefined;
};

const rules: Readonly<Record<string, PackingRule>> = {
  'com.microsoft.QGemm': product(3, 1, bytesOut),
  'com.microsoft.QLinearAdd': binary,
  'com.microsoft.QLinearAveragePool': pool,
  'com.microsoft.QLinearConcat': concat,
  'com.microsoft.QLinearGlobalAveragePool': pool,
  'com.microsoft.QLinearLeakyRelu': elementwise,
  'com.microsoft.QLinearMul': binary,
  'com.microsoft.QLinearSigmoid': elementwise,
  ConvInteger: convolution([]),
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: (_, at) => ((shapeOf(at(0))?.length ?? 0) > 0 ? { reads: [], writes: [0], always: false } : undefined),
  MatMulInteger: product(1, undefined, () => []),
  MaxPool: maxPool,
  QLinearConv: convolution([0]),
  QLinearMatMul: product(3, 1, bytesOut),
  QuantizeLinear: quantize,
  'tilewise.Lookup': elementwise,
};

export const packingOf = (node: Node, values: Values): Packing | undefined => {
  const rule = operatorOf(node).alias ? alias : Object.hasOwn(rules, node.op) ? rules[node.op] : undefined;
  const y = values.get(node.outputs[0] ?? '');
  if (!rule || !y || !shapeOf(y) || sizeOf(shapeOf(y) as ConcreteShape) === 0) return undefined;
  return rule(node, (index) => values.get(node.inputs[index] ?? ''), y);
};
