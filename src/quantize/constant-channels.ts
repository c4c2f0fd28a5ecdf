import type { Graph, Node, Value } from '../graph/graph.js';
import { inferShapes } from '../ops/infer.js';
import { fromNumbers } from '../tensor/convert.js';
import { Tensor } from '../tensor/tensor.js';
import { biasOf, inputChannels, type Layer, ownLayersOf, tensorOfMatrix, weightsOf } from './layers.js';
import type { Matrix } from './matrix.js';
import { type Stream, streamsOf } from './streams.js';

/** Weights that add up to this share of the largest row's change a float32 result by less than its rounding. */
const NEGLIGIBLE = 2 ** -40;

/** What each channel of a value always is; NaN where that depends on the input. */
type Constants = Float64Array;

/** Channels of a stream, by their index. */
type Channels = ReadonlySet<number>;
const none: Channels = new Set();

/**
 * Takes out channels that are the same for every input, which training leaves where it drives the weights of a channel to
 * nothing: what layers would have read from them goes into their biases. The function stays the same within rounding.
 */
export const removeConstantChannels = (graph: Graph): Graph => {
  const layers = ownLayersOf(graph);
  const constants = constantsOf(graph, layers);
  const removed = removable(streamsOf(graph, layers), constants);
  const written = byLayer(removed, ({ writers }) => writers);
  const read = byLayer(removed, ({ readers }) => readers);
  const changed = layers.filter((layer) => written.has(layer) || read.has(layer));
  if (changed.length === 0) return graph;
  const values = new Map(graph.values);
  const nodes = new Map<Node, Node>();
  for (const layer of changed) {
    const [outputs, inputs] = [written.get(layer) ?? none, read.get(layer) ?? none];
    const { node, tensors } = narrowed(graph, layer, outputs, inputs, constants.get(layer.input));
    nodes.set(layer.node, node);
    for (const [name, tensor] of tensors) values.set(name, constantValue(name, tensor));
  }
  return inferShapes({ ...graph, nodes: graph.nodes.map((node) => nodes.get(node) ?? node), values });
};

const constantValue = (name: string, tensor: Tensor): Value => ({ name, dtype: tensor.type, shape: tensor.dims, tensor });

const byLayer = (
  removed: ReadonlyMap<Stream, Channels>,
  layersOfStream: (stream: Stream) => readonly Layer[],
): Map<Layer, Channels> =>
  new Map([...removed].flatMap(([stream, channels]) => layersOfStream(stream).map((layer) => [layer, channels] as const)));

const constantsOf = (graph: Graph, layers: readonly Layer[]): Map<string, Constants> => {
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  const constants = new Map<string, Constants>();
  for (const node of graph.nodes) {
    const layer = byNode.get(node);
    const found = layer ? layerConstants(graph, layer, constants.get(layer.input)) : passedOn(node, constants);
    if (found?.some((x) => !Number.isNaN(x))) constants.set(node.outputs[0] as string, found);
  }
  return constants;
};

const layerConstants = (graph: Graph, layer: Layer, inputs: Constants | undefined): Constants => {
  const { rows, columns, data } = weightsOf(graph, layer);
  const bias = biasOf(graph, layer);
  const sums = Array.from({ length: rows }, (_, r) => {
    let [varying, all, constant] = [0, 0, bias[r] as number];
    for (let c = 0; c < columns; c++) {
      const weight = data[r * columns + c] as number;
      const x = inputs?.[channelOf(layer, r, c)] ?? Number.NaN;
      all += Math.abs(weight);
      if (isSteady(layer, x)) constant += weight * x;
      else varying += Math.abs(weight);
    }
    return { varying, all, constant };
  });
  const largest = Math.max(...sums.map(({ all }) => all));
  return Float64Array.from(sums, ({ varying, constant }) => (varying <= NEGLIGIBLE * largest ? constant : Number.NaN));
};

/** The input channel that a weight reads. */
const channelOf = (layer: Layer, row: number, column: number): number => {
  const { groups, columns, outputs, dims, node } = layer;
  if (node.op !== 'Conv') return column;
  const perGroup = dims[1] as number;
  return Math.floor(row / (outputs / groups)) * perGroup + Math.floor(column / (columns / perGroup));
};

/** True where a constant channel adds the same to every position of an output: zeros around it must not differ from it. */
const isSteady = ({ node }: Layer, x: number): boolean => x === 0 || (!Number.isNaN(x) && !isPadded(node));

const isPadded = ({ attributes: { auto_pad, pads } }: Node): boolean =>
  auto_pad === 'SAME_UPPER' || auto_pad === 'SAME_LOWER' || ((pads ?? []) as readonly number[]).some((pad) => pad !== 0);

/** What nodes of streams make of constants; undefined for other nodes. */
const passedOn = (node: Node, constants: ReadonlyMap<string, Constants>): Constants | undefined => {
  const [first, second] = node.inputs.map((name) => constants.get(name));
  const { alpha, min, max } = node.attributes as Record<string, number>;
  switch (node.op) {
    case 'Relu':
      return first?.map((x) => Math.max(0, x));
    case 'LeakyRelu':
      return first?.map((x) => (x < 0 ? x * (alpha as number) : x));
    case 'Clip':
      return first?.map((x) => Math.min(max as number, Math.max(min as number, x)));
    case 'Add':
      return second && first?.length === second.length ? first.map((x, c) => x + (second[c] as number)) : undefined;
    case 'AveragePool':
      return isPadded(node) ? first?.map((x) => (x === 0 ? x : Number.NaN)) : first;
    case 'Identity':
    case 'MaxPool':
    case 'GlobalMaxPool':
    case 'GlobalAveragePool':
      return first;
    default:
      return undefined;
  }
};

/** The channels that all who write and read a stream can do without, for the streams that have some. */
const removable = (streams: readonly Stream[], constants: ReadonlyMap<string, Constants>): Map<Stream, Channels> => {
  const removed = new Map(streams.map((stream) => [stream, constantEverywhere(stream, constants)]));
  const writtenIn = (layer: Layer): Stream | undefined => streams.find(({ writers }) => writers.includes(layer));
  const readIn = (layer: Layer): Stream | undefined => streams.find(({ readers }) => readers.includes(layer));
  const partners = new Map(
    streams.map((stream) => [
      stream,
      [...stream.readers.filter(isDepthwise).map(writtenIn), ...stream.writers.filter(isDepthwise).map(readIn)],
    ]),
  );
  // A depthwise convolution has a channel on both sides or on none.
  for (let isStable = false; !isStable; ) {
    isStable = true;
    for (const [stream, channels] of removed) {
      const others = (partners.get(stream) ?? []).map((other) => (other && removed.get(other)) ?? none);
      const kept = new Set([...channels].filter((c) => others.every((other) => other.has(c))));
      if (kept.size === (stream.writers[0] as Layer).outputs) kept.clear();
      if (kept.size === channels.size) continue;
      removed.set(stream, kept);
      isStable = false;
    }
  }
  return new Map([...removed].filter(([, channels]) => channels.size > 0));
};

const isDepthwise = (layer: Layer): boolean => layer.groups > 1 && inputChannels(layer) === layer.outputs;

const constantEverywhere = ({ writers, readers }: Stream, constants: ReadonlyMap<string, Constants>): Channels => {
  const [first] = writers as readonly [Layer];
  if (writers.some((layer) => layer.groups > 1 && !isDepthwise(layer))) return none;
  const constantOf = (name: string, c: number): number => constants.get(name)?.[c] ?? Number.NaN;
  const isWritten = ({ node }: Layer, c: number): boolean => !Number.isNaN(constantOf(node.outputs[0] as string, c));
  const canAbsorb = (layer: Layer, c: number): boolean => {
    const x = constantOf(layer.input, c);
    return isDepthwise(layer) || x === 0 || (layer.bias !== '' && isSteady(layer, x));
  };
  return new Set(
    indices(first.outputs).filter(
      (c) => writers.every((layer) => isWritten(layer, c)) && readers.every((layer) => canAbsorb(layer, c)),
    ),
  );
};

/** A layer without some of its outputs and of the channels that it reads: its node, and its weights and bias by name. */
const narrowed = (
  graph: Graph,
  layer: Layer,
  outputs: Channels,
  inputs: Channels,
  constants: Constants | undefined,
): { readonly node: Node; readonly tensors: ReadonlyMap<string, Tensor> } => {
  const { node, dims, transposed, weight, bias } = layer;
  const exact = weightsOf(graph, layer);
  const rows = indices(layer.outputs).filter((r) => !outputs.has(r));
  // Of a depthwise convolution a row is what a channel is for others.
  const columns = indices(layer.columns).filter((c) => isDepthwise(layer) || !inputs.has(channelOf(layer, 0, c)));
  const kernel = node.op === 'Conv' ? dims.slice(2) : [];
  const depth = columns.length / kernel.reduce((a, b) => a * b, 1);
  const narrow: Layer = {
    ...layer,
    dims: transposed ? [depth, rows.length] : [rows.length, depth, ...kernel],
    outputs: rows.length,
    columns: columns.length,
  };
  const weights = rows.flatMap((r) => columns.map((c) => exact.data[r * layer.columns + c] as number));
  const tensors = new Map([[weight, tensorOfMatrix(narrow, 'float32', weights)]]);
  if (bias) {
    const numbers = biasOf(graph, layer);
    const sums = rows.map((r) => (numbers[r] as number) + absorbed(layer, exact, r, inputs, constants));
    tensors.set(bias, new Tensor('float32', fromNumbers('float32', sums), [rows.length]));
  }
  return { node: isDepthwise(layer) ? { ...node, attributes: { ...node.attributes, group: rows.length } } : node, tensors };
};

const indices = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** What the channels that go add to an output. */
const absorbed = (
  layer: Layer,
  { columns, data }: Matrix,
  row: number,
  gone: Channels,
  constants: Constants | undefined,
): number => {
  let sum = 0;
  for (let c = 0; c < columns; c++) {
    const channel = channelOf(layer, row, c);
    const x = gone.has(channel) ? (constants?.[channel] ?? 0) : 0;
    if (x !== 0) sum += x * (data[row * columns + c] as number);
  }
  return sum;
};
