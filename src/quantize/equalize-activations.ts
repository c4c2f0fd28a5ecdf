import type { Graph } from '../graph/graph.js';
import { toNumbers } from '../tensor/convert.js';
import type { Tensor } from '../tensor/tensor.js';
import { positionsOf, type Weights, withWeights } from './equalize.js';
import { biasOf, type Layer, ownLayersOf, weightsOf } from './layers.js';
import { type OnProgress, type Runtime, runOnSamples, type Samples } from './runtime.js';
import { type Stream, streamsOf } from './streams.js';
import { Taps } from './taps.js';

/** How much of the difference between the channels of activations goes to the weights that read them. */
const ALPHA = 0.7;
/** No channel is scaled by more, up or down. */
const MOST = 8;
/** Values may be this much larger than those of the calibration data before a Clip that did not cut them off does. */
const MARGIN = 1.5;

/** Of the channels of a value: the mean over the samples of the largest magnitude, and the largest of all. */
interface ChannelRanges {
  readonly mean: Float64Array;
  readonly most: Float64Array;
}

interface Options {
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Scales the channels of activations, which share one scale once they are integers, so that small ones use more of it,
 * and takes that back in the layers that read them: channel c of range x_c, read by weights of range w_c (both as shares
 * of the largest), is multiplied by w_c^(1 - a) / x_c^a (Xiao et al. 2022, "SmoothQuant", equation 4). Weights of a
 * depthwise convolution have a scale for each channel: there a = 1. Residual sums are scaled as one; what a Clip cuts off
 * on the samples is not scaled. The function stays the same within rounding.
 */
export const equalizeActivations = async (
  graph: Graph,
  samples: Samples,
  runtime: Runtime,
  options: Options = {},
): Promise<Graph> => {
  const layers = ownLayersOf(graph);
  const streams = streamsOf(graph, layers);
  if (streams.length === 0) return graph;
  const ranges = await channelRanges(graph, streams, samples, runtime, options);
  const weights = new Map<Layer, Weights>(
    layers.map((layer) => [layer, { layer, matrix: weightsOf(graph, layer), bias: biasOf(graph, layer) }]),
  );
  for (const stream of streams) {
    const read = stream.readers.map((layer) => weights.get(layer) as Weights);
    const scales = scalesOf(
      stream,
      stream.values.map((name) => ranges.get(name) as ChannelRanges),
      read,
    );
    for (const layer of stream.writers) scaleOutputs(weights.get(layer) as Weights, scales);
    for (const layer of read) scaleInputs(layer, scales);
  }
  const changed = new Set(streams.flatMap(({ writers, readers }) => [...writers, ...readers]));
  return withWeights(
    graph,
    [...changed].map((layer) => weights.get(layer) as Weights),
  );
};

const channelRanges = async (
  graph: Graph,
  streams: readonly Stream[],
  samples: Samples,
  runtime: Runtime,
  { onProgress, signal }: Options,
): Promise<Map<string, ChannelRanges>> => {
  const taps = new Taps(graph);
  const ranges = new Map<string, ChannelRanges>();
  const outputs = streams.flatMap(({ values, writers: [first] }) =>
    values.map((name) => {
      const { node, outputs: channels } = first as Layer;
      ranges.set(name, { mean: new Float64Array(channels), most: new Float64Array(channels) });
      const rank = taps.rank(name) as number;
      const channelAxis = node.op === 'Conv' ? 1 : rank - 1;
      const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== channelAxis);
      const magnitudes = [taps.node('Abs', [name]), taps.constant('int64', others)];
      return { name, output: taps.output(taps.node('ReduceMax', magnitudes, { keepdims: false })) };
    }),
  );
  await runOnSamples(
    taps.finish(),
    samples,
    runtime,
    (results) => {
      for (const { name, output } of outputs) {
        const { type, data } = results[output] as Tensor;
        const { mean, most } = ranges.get(name) as ChannelRanges;
        toNumbers(type, data).forEach((x, c) => {
          mean[c] = (mean[c] as number) + x;
          most[c] = Math.max(most[c] as number, x);
        });
      }
    },
    { onSample: (done, total) => onProgress?.('finding ranges of channels', done, total), signal },
  );
  return ranges;
};

/** What each channel is multiplied by. */
const scalesOf = ({ bound }: Stream, ranges: readonly ChannelRanges[], readers: readonly Weights[]): Float64Array => {
  const values = shares(ranges.map(({ mean }) => mean));
  const isFree = readers.every(({ layer }) => layer.groups > 1);
  const read = shares(readers.filter(({ layer }) => layer.groups === 1).map((layer) => columnRanges(layer, values.length)));
  const alpha = isFree ? 1 : ALPHA;
  const wanted = values.map((x, c) => {
    const w = isFree ? 1 : (read[c] as number);
    return x > 0 && w > 0 ? Math.min(MOST, Math.max(1 / MOST, w ** (1 - alpha) / x ** alpha)) : 1;
  });
  if (bound === Number.POSITIVE_INFINITY) return wanted;
  // Below a Clip the largest channel stays as it is, and the others grow as far as they may.
  const unit = wanted[values.indexOf(Math.max(...values))] as number;
  return wanted.map((scale, c) => {
    const most = Math.max(...ranges.map((range) => range.most[c] as number));
    return most === 0 ? 1 : Math.max(1, Math.min(scale / unit, bound / (MARGIN * most)));
  });
};

/** For each channel the largest of its shares in the lists, each as a part of its own largest number. */
const shares = (lists: readonly Float64Array[]): Float64Array => {
  const out = new Float64Array(lists[0]?.length ?? 0);
  for (const list of lists) {
    const top = Math.max(...list);
    if (top > 0) list.forEach((x, c) => (out[c] = Math.max(out[c] as number, x / top)));
  }
  return out;
};

/** Of the weights that read each channel, the largest magnitude. */
const columnRanges = (weights: Weights, channels: number): Float64Array =>
  Float64Array.from({ length: channels }, (_, c) =>
    positionsOf(weights, c).reduce((most, at) => Math.max(most, Math.abs(weights.matrix.data[at] as number)), 0),
  );

const scaleOutputs = ({ matrix: { columns, data }, bias }: Weights, scales: Float64Array): void =>
  scales.forEach((scale, r) => {
    bias[r] = (bias[r] as number) * scale;
    for (let at = r * columns; at < (r + 1) * columns; at++) data[at] = (data[at] as number) * scale;
  });

const scaleInputs = (weights: Weights, scales: Float64Array): void =>
  scales.forEach((scale, c) => {
    const { data } = weights.matrix;
    for (const at of positionsOf(weights, c)) data[at] = (data[at] as number) / scale;
  });
