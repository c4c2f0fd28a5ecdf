import { TilewiseError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { toNumbers } from '../tensor/convert.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Distribution } from './ranges.js';
import { type OnProgress, type Runtime, runOnSamples, type Samples } from './runtime.js';
import { Taps } from './taps.js';

export const BINS = 2048;

const numbersOf = (tensor: Tensor | undefined): Float64Array => {
  const { type, data } = tensor as Tensor;
  return toNumbers(type, data);
};

export interface CalibrateOptions {
  readonly boundsOnly?: boolean;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the graph on the samples and collects, where the runtime computes, how the named values are distributed: first
 * their bounds, then (unless `boundsOnly`) counts in equal bins between them. Only these leave the GPU. Throws
 * `invalid-argument` for a value that is NaN or infinite, and where there are no samples.
 */
export const calibrate = async (
  graph: Graph,
  names: readonly string[],
  samples: Samples,
  runtime: Runtime,
  { boundsOnly = false, onProgress, signal }: CalibrateOptions = {},
): Promise<Map<string, Distribution>> => {
  if (names.length === 0) return new Map();
  const bounds = await findBounds(graph, names, samples, runtime, { onProgress, signal });
  const open = names.filter((name) => {
    const { low, high } = bounds.get(name) as Distribution;
    return low < high && Number.isFinite(Math.fround(BINS / (high - low)));
  });
  if (boundsOnly || open.length === 0) return bounds;
  const taps = new Taps(graph);
  const outputs = open.map((name) => {
    const { low, high } = bounds.get(name) as Distribution;
    const counts = new Float64Array(BINS);
    bounds.set(name, { low, high, counts });
    return { counts, output: taps.output(taps.node('tilewise.Histogram', [name], { low, high, bins: BINS })) };
  });
  await runOnSamples(
    taps.finish(),
    samples,
    runtime,
    (results) => {
      for (const { counts, output } of outputs)
        numbersOf(results[output]).forEach((n, i) => (counts[i] = (counts[i] as number) + n));
    },
    { onSample: (done, total) => onProgress?.('counting', done, total), signal },
  );
  return bounds;
};

const findBounds = async (
  graph: Graph,
  names: readonly string[],
  samples: Samples,
  runtime: Runtime,
  { onProgress, signal }: CalibrateOptions,
): Promise<Map<string, Distribution>> => {
  const taps = new Taps(graph);
  const outputs = names.map((name) => {
    const rank = taps.rank(name);
    // With its axes named, a reduction does not care in which order channels lie in memory.
    const axes =
      rank === undefined
        ? []
        : [
            taps.constant(
              'int64',
              Array.from({ length: rank }, (_, i) => i),
            ),
          ];
    const reduced = ['ReduceMin', 'ReduceMax'].map((op) => taps.output(taps.node(op, [name, ...axes], { keepdims: false })));
    return { name, reduced: reduced as [string, string] };
  });
  const bounds = new Map<string, Distribution>(
    names.map((name) => [name, { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY, counts: new Float64Array(0) }]),
  );
  await runOnSamples(
    taps.finish(),
    samples,
    runtime,
    (results) => {
      for (const { name, reduced } of outputs) {
        const [low, high] = reduced.map((output) => numbersOf(results[output])[0]) as [number, number];
        if (!Number.isFinite(low) || !Number.isFinite(high)) throw notFinite(name, low, high);
        const before = bounds.get(name) as Distribution;
        bounds.set(name, { ...before, low: Math.min(before.low, low), high: Math.max(before.high, high) });
      }
    },
    { onSample: (done, total) => onProgress?.('finding bounds', done, total), signal },
  );
  return bounds;
};

const notFinite = (name: string, low: number, high: number): TilewiseError =>
  new TilewiseError('invalid-argument', `on the calibration data, '${name}' has values from ${low} to ${high}`, {
    tensor: name,
    hint: 'look for inputs that are NaN or far out of range',
  });
