import { consumersOf, type Graph, type Node, type Value } from '../graph/graph.js';
import { fromNumbers } from '../tensor/convert.js';
import { Tensor } from '../tensor/tensor.js';
import { biasOf, inputChannels, type Layer, ownLayersOf, tensorOfMatrix, weightsOf } from './layers.js';
import type { Matrix } from './matrix.js';

/** f(s x) = s f(x) for every s > 0. */
const HOMOGENEOUS = new Set(['Relu', 'LeakyRelu', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'Identity']);
const SWEEPS = 20;
/** A sweep that changes no scale by more than this share is the last. */
const CONVERGED = 1e-3;

/** Two layers of which the second alone reads the first, through functions that commute with positive scales. */
interface Pair {
  readonly first: Layer;
  readonly second: Layer;
}

/** The weights of a layer, to be changed. */
export interface Weights {
  readonly layer: Layer;
  readonly matrix: Matrix;
  readonly bias: Float64Array;
}

/**
 * Cross-layer equalisation (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction",
 * section 4.1): channel i between two layers is divided by s_i = sqrt(r1_i r2_i) / r2_i in the first and multiplied by it
 * in the second, r1 and r2 being the largest weights of the channel (r1 of its bias too), so that both share the range of
 * their channels better. The function stays the same within rounding.
 */
export const equalize = (graph: Graph): Graph => {
  const own = ownLayersOf(graph);
  const pairs = pairsOf(graph, own);
  const weights = new Map<Layer, Weights>(
    own.map((layer) => [layer, { layer, matrix: weightsOf(graph, layer), bias: biasOf(graph, layer) }]),
  );
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const changes = pairs.map(({ first, second }) => balance(weights.get(first) as Weights, weights.get(second) as Weights));
    if (Math.max(0, ...changes) < CONVERGED) break;
  }
  const changed = new Set(pairs.flatMap(({ first, second }) => [first, second]));
  return withWeights(
    graph,
    [...weights.values()].filter(({ layer }) => changed.has(layer)),
  );
};

const pairsOf = (graph: Graph, layers: readonly Layer[]): Pair[] => {
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  const consumers = consumersOf(graph);
  const onlyReader = (name: string): Node | undefined => {
    const readers = consumers.get(name) ?? [];
    return readers.length === 1 && !graph.outputs.includes(name) ? readers[0] : undefined;
  };
  return layers.flatMap((first) => {
    let node = onlyReader(first.node.outputs[0] as string);
    while (node && HOMOGENEOUS.has(node.op)) node = onlyReader(node.outputs[0] as string);
    const second = node && byNode.get(node);
    return second && second.node.op === first.node.op && inputChannels(second) === first.outputs ? [{ first, second }] : [];
  });
};

/** Columns of the weights that read input channel i, as [row, column] pairs' flat positions. */
export const positionsOf = ({ layer, matrix: { rows, columns } }: Weights, channel: number): number[] => {
  if (layer.groups > 1) return Array.from({ length: columns }, (_, c) => channel * columns + c);
  const width = columns / (inputChannels(layer) as number);
  return Array.from({ length: rows * width }, (_, i) => Math.floor(i / width) * columns + channel * width + (i % width));
};

const largest = (data: Float64Array, positions: readonly number[]): number =>
  positions.reduce((most, at) => Math.max(most, Math.abs(data[at] as number)), 0);

/** Scales the channels between two layers; returns the largest relative change. */
const balance = (first: Weights, second: Weights): number => {
  const { rows, columns } = first.matrix;
  let change = 0;
  for (let channel = 0; channel < rows; channel++) {
    const row = Array.from({ length: columns }, (_, c) => channel * columns + c);
    const reads = positionsOf(second, channel);
    // A bias that grew beyond the weights would widen the range of the activations.
    const r1 = Math.max(largest(first.matrix.data, row), Math.abs(first.bias[channel] as number));
    const r2 = largest(second.matrix.data, reads);
    if (r1 === 0 || r2 === 0) continue;
    const s = Math.sqrt(r1 / r2);
    for (const at of row) first.matrix.data[at] = (first.matrix.data[at] as number) / s;
    first.bias[channel] = (first.bias[channel] as number) / s;
    for (const at of reads) second.matrix.data[at] = (second.matrix.data[at] as number) * s;
    change = Math.max(change, Math.abs(s - 1));
  }
  return change;
};

/** The graph with other weights and biases for some layers. */
export const withWeights = (graph: Graph, changed: readonly Weights[]): Graph => {
  const values = new Map<string, Value>(graph.values);
  for (const { layer, matrix, bias } of changed) {
    const old = values.get(layer.weight) as Value;
    values.set(layer.weight, { ...old, tensor: tensorOfMatrix(layer, old.dtype, matrix.data) });
    if (!layer.bias) continue;
    const dims = [layer.outputs];
    const tensor = new Tensor('float32', fromNumbers('float32', bias), dims);
    values.set(layer.bias, { name: layer.bias, dtype: 'float32', shape: dims, tensor });
  }
  return { ...graph, values };
};
