import type { Graph, Node } from '../graph/graph.js';
import { inferShapes } from '../ops/infer.js';
import { Tensor } from '../tensor/tensor.js';
import { Draft } from './draft.js';
import { type Layer, tensorOfMatrix } from './layers.js';
import { affineAt, type QuantizedMatrix } from './matrix.js';

export interface WeightOnlyNumbers {
  readonly layers: ReadonlyMap<Node, Layer>;
  readonly weights: ReadonlyMap<Node, QuantizedMatrix>;
  readonly biases: ReadonlyMap<Node, Float64Array>;
  /** 'auto' writes products as MatMulNBits where their blocks allow, 'qdq' everything as DequantizeLinear. */
  readonly format: 'auto' | 'qdq';
}

/** Block sizes that MatMulNBits has. */
const BLOCKS = [16, 32, 64, 128, 256];

/**
 * Writes a graph whose weights alone are integers: products as MatMulNBits of the domain com.microsoft, other layers
 * with a constant DequantizeLinear (in blocks since opset 21) before them.
 */
export const writeWeightOnly = (graph: Graph, numbers: WeightOnlyNumbers): Graph => {
  const draft = new Draft(graph);
  for (const node of graph.nodes) {
    const layer = numbers.layers.get(node);
    const quantized = numbers.weights.get(node);
    if (!layer || !quantized) draft.keep(node);
    else writeLayer(draft, layer, quantized, numbers);
  }
  return inferShapes(draft.finish());
};

const writeLayer = (draft: Draft, layer: Layer, quantized: QuantizedMatrix, { biases, format }: WeightOnlyNumbers): void => {
  const { node, input } = layer;
  const bias = biases.get(node);
  const biasName = bias ? [draft.constant(`${node.name}.b`, 'float32', bias, [bias.length])] : [];
  const inBlocks = BLOCKS.includes(quantized.groupSize) && quantized.affines.length > 1;
  if (node.op !== 'Conv' && format === 'auto' && inBlocks) {
    const inputs = [input, ...matmulNBitsConstants(draft, layer, quantized)];
    const zeros = quantized.symmetric ? [] : [zeroPoints(draft, layer, quantized)];
    const rest = bias ? [...(zeros.length > 0 ? zeros : ['']), '', ...biasName] : zeros;
    const attributes = { K: layer.columns, N: layer.outputs, bits: bitsOf(quantized), block_size: quantized.groupSize };
    draft.node('com.microsoft.MatMulNBits', [...inputs, ...rest], attributes, node.name, node.outputs[0]);
    return;
  }
  draft.keep({ ...node, inputs: [input, dequantizedWeight(draft, layer, quantized), ...biasName] });
};

const bitsOf = ({ type }: QuantizedMatrix): number => (type === 'int4' || type === 'uint4' ? 4 : 8);

/** Elements of `bits`, lowest first, in the bytes of one row. */
const packRow = (numbers: readonly number[], bits: number, bytes: Uint8Array): void => {
  const perByte = 8 / bits;
  numbers.forEach((value, i) => {
    const at = Math.floor(i / perByte);
    bytes[at] = (bytes[at] as number) | (value << ((i % perByte) * bits));
  });
};

/** B [N, blocks, bytes] and the scales [N * blocks]. Elements are unsigned: 2^(bits - 1) is added to signed ones. */
const matmulNBitsConstants = (draft: Draft, layer: Layer, quantized: QuantizedMatrix): string[] => {
  const { rows, columns, groups, groupSize, integers, affines } = quantized;
  const bits = bitsOf(quantized);
  const offset = 2 ** (bits - 1);
  const blockBytes = (groupSize * bits) / 8;
  const bytes = new Uint8Array(rows * groups * blockBytes);
  for (let r = 0; r < rows; r++) {
    const row = Array.from({ length: groups * groupSize }, (_, c) =>
      // Behind the last column stands what means 0.
      c < columns ? (integers[r * columns + c] as number) + offset : affineAt(quantized, r, columns - 1).zeroPoint + offset,
    );
    packRow(row, bits, bytes.subarray(r * groups * blockBytes, (r + 1) * groups * blockBytes));
  }
  const base = `${layer.weight}.i`;
  const scales = affines.map(({ scale }) => scale);
  return [
    draft.tensor(base, new Tensor('uint8', bytes, [rows, groups, blockBytes])),
    draft.constant(`${base}.s`, 'float32', scales, [rows * groups]),
  ];
};

const zeroPoints = (draft: Draft, layer: Layer, quantized: QuantizedMatrix): string => {
  const { rows, groups, affines } = quantized;
  const bits = bitsOf(quantized);
  const rowBytes = Math.ceil((groups * bits) / 8);
  const bytes = new Uint8Array(rows * rowBytes);
  for (let r = 0; r < rows; r++) {
    const row = affines.slice(r * groups, (r + 1) * groups).map(({ zeroPoint }) => zeroPoint + 2 ** (bits - 1));
    packRow(row, bits, bytes.subarray(r * rowBytes, (r + 1) * rowBytes));
  }
  return draft.tensor(`${layer.weight}.i.z`, new Tensor('uint8', bytes, [rows * rowBytes]));
};

/** The weights as a node reads them, from integers: by tensor, by output, or in blocks along the columns. */
const dequantizedWeight = (draft: Draft, layer: Layer, quantized: QuantizedMatrix): string => {
  const { type, rows, groups, groupSize, columns, integers, affines } = quantized;
  const base = `${layer.weight}.i`;
  if (groups === 1) {
    const dims = affines.length === 1 ? [] : [rows];
    const constants = affineConstants(draft, base, quantized, dims, (list) => list);
    const q = draft.tensor(base, tensorOfMatrix(layer, type, integers));
    return draft.node(
      'DequantizeLinear',
      [q, ...constants],
      dims.length === 0 ? {} : { axis: layer.transposed ? 1 : 0 },
      `${base}.d`,
    );
  }
  if (layer.dims.length === 2) {
    // A matrix that the node reads transposed has its blocks along axis 0.
    const axis = layer.transposed ? 0 : 1;
    const swap = (list: readonly number[]): number[] =>
      axis === 1 ? [...list] : Array.from(list, (_, i) => list[(i % rows) * groups + Math.floor(i / rows)] as number);
    const constants = affineConstants(draft, base, quantized, axis === 1 ? [rows, groups] : [groups, rows], swap);
    const q = draft.tensor(base, tensorOfMatrix(layer, type, integers));
    return draft.node('DequantizeLinear', [q, ...constants], { axis, block_size: groupSize }, `${base}.d`);
  }
  // The blocks of a convolution run over channels and positions together: it is dequantized as a matrix.
  const constants = affineConstants(draft, base, quantized, [rows, groups], (list) => list);
  const q = draft.tensor(base, tensorOfMatrix({ ...layer, dims: [rows, columns] }, type, integers));
  const flat = draft.node('DequantizeLinear', [q, ...constants], { axis: 1, block_size: groupSize }, `${base}.d`);
  const shape = draft.constant(`${base}.shape`, 'int64', layer.dims, [layer.dims.length]);
  return draft.node('Reshape', [flat, shape], {}, `${base}.r`);
};

const affineConstants = (
  draft: Draft,
  base: string,
  { type, affines, symmetric }: QuantizedMatrix,
  dims: readonly number[],
  order: (list: readonly number[]) => readonly number[],
): string[] => {
  const scales = draft.constant(`${base}.s`, 'float32', order(affines.map(({ scale }) => scale)), dims);
  if (symmetric) return [scales];
  return [scales, draft.constant(`${base}.z`, type, order(affines.map(({ zeroPoint }) => zeroPoint)), dims)];
};
