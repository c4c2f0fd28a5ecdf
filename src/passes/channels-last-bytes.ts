import type { Node } from '../graph/graph.js';
import { Tensor } from '../tensor/tensor.js';
import type { LayoutRule, LayoutWalk } from './channels-last.js';
import { twinAxes } from './channels-last.js';
import { packsConvolution } from './pack-bytes-rules.js';

const is4d = (walk: LayoutWalk, name: string | undefined): boolean => walk.shape(name)?.length === 4;
const first = (node: Node): string => node.inputs[0] as string;

const packs = (node: Node, walk: LayoutWalk): boolean => is4d(walk, first(node)) && packsConvolution(node, walk.values);

/** Convolutions of integers begin regions: their packed kernels read channels-last alone. */
const conv: LayoutRule = (node, walk) => {
  if (!packs(node, walk)) return false;
  walk.addTwin(node, [walk.twin(first(node)), ...node.inputs.slice(1)], { ...node.attributes, channelsLast: true });
  return true;
};

/** What a convolution reads is quantized channels-last; it is read as it is. */
const quantize: LayoutRule = (node, walk) => {
  const begins = ({ op, inputs }: Node): boolean =>
    (op === 'QLinearConv' || op === 'ConvInteger') && inputs[0] === node.outputs[0];
  const whole = walk.constant(node.inputs[1])?.size === 1 && node.attributes.block_size === 0;
  const readers = walk.readers(node.outputs[0] as string).filter(begins);
  if (walk.hasTwin(first(node)) || !whole || !readers.some((reader) => packs(reader, walk))) return false;
  walk.addTwin(node, [walk.plain(first(node)), ...node.inputs.slice(1)], { ...node.attributes, readsChannelsFirst: true });
  return true;
};

/** What is a result of the model is dequantized channels-first. */
const dequantize: LayoutRule = (node, walk) => {
  const [output] = node.outputs as readonly [string];
  const { axis, block_size } = node.attributes;
  const perChannel = walk.constant(node.inputs[1])?.size === 1 || axis === 1 || axis === -3;
  if (walk.readers(output).length > 0 || !walk.hasTwin(first(node)) || block_size !== 0 || !perChannel) return false;
  walk.addPlain(node, [walk.twin(first(node)), ...node.inputs.slice(1)], {
    ...node.attributes,
    axis: 3,
    writesChannelsFirst: true,
  });
  return true;
};

/** Input 0 and perhaps others take the order of those that have a twin; scales and zero points stay. */
const together =
  (
    places: (node: Node) => readonly number[],
    attributes: (node: Node) => Node['attributes'] = (node) => node.attributes,
  ): LayoutRule =>
  (node, walk) => {
    const tensors = places(node);
    const names = tensors.map((i) => node.inputs[i] as string);
    const movable = names.every((name) => is4d(walk, name) || walk.constant(name) !== undefined);
    if (!movable || !is4d(walk, node.outputs[0]) || !names.some((name) => walk.hasTwin(name))) return false;
    walk.addTwin(
      node,
      node.inputs.map((name, i) => (tensors.includes(i) ? walk.twin(name) : name)),
      attributes(node),
    );
    return true;
  };

const pool: LayoutRule = (node, walk) => {
  if (node.attributes.channels_last || !walk.hasTwin(first(node))) return false;
  walk.addTwin(node, [walk.twin(first(node)), ...node.inputs.slice(1)], { ...node.attributes, channels_last: true });
  return true;
};

/** An image in a row before a product with constant weights: their rows take the order of the twin instead. */
const flatten: LayoutRule = (node, walk) => {
  const shape = walk.shape(first(node));
  const target = walk.shape(node.outputs[0]);
  const product = walk.onlyReader(node.outputs[0] as string);
  if (shape?.length !== 4 || !walk.hasTwin(first(node)) || product?.op !== 'com.microsoft.QGemm') return false;
  const [, channels, height, width] = shape as readonly [number, number, number, number];
  const weights = walk.constant(product.inputs[3]);
  const { transA, transB } = product.attributes;
  const positions = height * width;
  const isRow = target?.length === 2 && target[0] === shape[0] && channels * positions === target[1];
  const others = product.inputs.filter((_, i) => i !== 0 && i !== 3);
  if (
    !isRow ||
    !weights ||
    transA ||
    product.inputs[0] !== node.outputs[0] ||
    !others.every((name) => !name || walk.constant(name))
  )
    return false;
  const dims = walk.addInts(`${node.name}.shape`, target);
  walk.addPlain({ ...node, op: 'Reshape' }, [walk.twin(first(node)), dims], { allowzero: true });
  const moved = walk.addConstant(`${product.inputs[3]}.nhwc`, rowsChannelsLast(weights, channels, positions, transB === true));
  walk.addPlain(product, product.inputs.with(3, moved));
  walk.absorb(product);
  return true;
};

/** Weights of [channels * positions, n], or their transpose, in the order of [positions * channels, n]. */
const rowsChannelsLast = ({ type, data, dims }: Tensor, channels: number, positions: number, transposed: boolean): Tensor => {
  const [rows, columns] = dims as [number, number];
  const [k, n] = transposed ? [1, columns] : [columns, 1];
  const moved = data.slice();
  for (let j = 0; j < (transposed ? rows : columns); j++) {
    for (let i = 0; i < channels * positions; i++) {
      const from = (i % channels) * positions + Math.floor(i / channels);
      moved[i * k + j * n] = data[from * k + j * n] as number;
    }
  }
  return new Tensor(type, moved, dims);
};

const elementwise = together(() => [0]);
const binary = together(() => [0, 3]);
const concat = together(
  ({ inputs }) => inputs.flatMap((_, i) => (i % 3 === 2 ? [i] : [])),
  ({ attributes }) => ({ ...attributes, axis: twinAxes([attributes.axis as number])[0] as number }),
);

/** What operators on 8-bit integers do inside a channels-last region. */
export const byteLayoutRules: readonly (readonly [string, LayoutRule])[] = [
  ['com.microsoft.QLinearAdd', binary],
  ['com.microsoft.QLinearAveragePool', pool],
  ['com.microsoft.QLinearConcat', concat],
  ['com.microsoft.QLinearGlobalAveragePool', pool],
  ['com.microsoft.QLinearLeakyRelu', elementwise],
  ['com.microsoft.QLinearMul', binary],
  ['com.microsoft.QLinearSigmoid', elementwise],
  ['ConvInteger', conv],
  ['DequantizeLinear', dequantize],
  ['Flatten', flatten],
  ['QLinearConv', conv],
  ['QuantizeLinear', quantize],
  ['Reshape', flatten],
  ['tilewise.Lookup', elementwise],
];
