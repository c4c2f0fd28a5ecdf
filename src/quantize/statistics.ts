import type { Graph } from '../graph/graph.js';
import { toNumbers } from '../tensor/convert.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Layer } from './layers.js';
import { type OnProgress, type Runtime, runOnSamples, type Samples } from './runtime.js';
import { Taps } from './taps.js';

/** What calibration says of the columns x that a layer multiplies its weights with, for each group of a convolution. */
export interface ColumnStatistics {
  /** Sums of x x'; none where they were not wanted. */
  readonly products: readonly ProductBlock[];
  /** Means of x, [groups][columns]. */
  readonly mean: readonly Float64Array[];
  /** How many columns were seen. */
  readonly count: number;
}

/** Sums of x x' over the columns [from, to) of what a group of outputs is fed. */
export interface ProductBlock {
  readonly group: number;
  readonly from: number;
  readonly to: number;
  /** [to - from, to - from] */
  readonly sums: Float64Array;
}

/** Columns of a block: the work of GPTQ grows with their cube. Columns of different blocks are taken as unrelated. */
export const MOST_COLUMNS = 2048;

interface LayerTaps {
  readonly layer: Layer;
  /** Products of all groups, for each range of columns. */
  readonly products: readonly { readonly from: number; readonly to: number; readonly name: string }[];
  readonly sum: string;
  readonly shape: string;
}

/** Rows of so few weights gain nothing from GPTQ. */
const FEW_COLUMNS = 16;

export interface StatisticsOptions {
  /** Means of the inputs of every layer. */
  readonly means: boolean;
  /** Products, of layers with more than a few columns. */
  readonly products: boolean;
  /** Blocks of columns begin at multiples of this. */
  readonly unit: number;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * X X' over all samples of what the layers are fed, X having a column for every output position (for convolutions those
 * of im2col), computed where the runtime computes.
 */
export const columnStatistics = async (
  graph: Graph,
  layers: readonly Layer[],
  samples: Samples,
  runtime: Runtime,
  { means, products, unit, onProgress, signal }: StatisticsOptions,
): Promise<Map<Layer, ColumnStatistics>> => {
  const hasProducts = ({ columns }: Layer): boolean => products && columns > FEW_COLUMNS;
  const wanted = layers.filter((layer) => means || hasProducts(layer));
  if (wanted.length === 0) return new Map();
  const taps = new Taps(graph);
  const tapped = wanted.map((layer) => tapLayer(taps, layer, hasProducts(layer) ? columnRanges(layer.columns, unit) : []));
  const sums = new Map(tapped.map((tap) => [tap.layer, emptySums(tap)]));
  await runOnSamples(
    taps.finish(),
    samples,
    runtime,
    (results) => {
      for (const { layer, products: ranges, sum, shape } of tapped) {
        const into = sums.get(layer) as Sums;
        for (const { from, name } of ranges) {
          const parts = into.products.filter((block) => block.from === from).map((block) => block.sums);
          addParts(parts, numbersOf(results[name]));
        }
        addParts(into.sum, numbersOf(results[sum]));
        const [batch, , , positions] = numbersOf(results[shape]) as unknown as [number, number, number, number];
        into.count += batch * positions;
      }
    },
    { onSample: (done, total) => onProgress?.('gathering products', done, total), signal },
  );
  return new Map(
    [...sums].map(([layer, { products: blocks, sum, count }]) => [
      layer,
      { products: blocks, mean: sum.map((part) => part.map((value) => value / count)), count },
    ]),
  );
};

/** As few ranges as can be, of about one size. */
const columnRanges = (columns: number, unit: number): [number, number][] => {
  const count = Math.ceil(columns / MOST_COLUMNS);
  const size = Math.ceil(columns / count / unit) * unit;
  return Array.from({ length: Math.ceil(columns / size) }, (_, i) => [i * size, Math.min(columns, (i + 1) * size)]);
};

interface Sums {
  readonly products: readonly ProductBlock[];
  readonly sum: readonly Float64Array[];
  count: number;
}

const emptySums = ({ layer: { groups, columns }, products }: LayerTaps): Sums => ({
  products: Array.from({ length: groups }, (_, group) =>
    products.map(({ from, to }) => ({ group, from, to, sums: new Float64Array((to - from) ** 2) })),
  ).flat(),
  sum: Array.from({ length: groups }, () => new Float64Array(columns)),
  count: 0,
});

const addParts = (parts: readonly Float64Array[], numbers: Float64Array): void => {
  let at = 0;
  for (const part of parts) for (let i = 0; i < part.length; i++) part[i] = (part[i] as number) + (numbers[at++] as number);
};

const numbersOf = (tensor: Tensor | undefined): Float64Array => {
  const { type, data } = tensor as Tensor;
  return toNumbers(type, data);
};

/** X as [batch, groups, columns, positions], and from it X X' of ranges of columns, sums and the shape. */
const tapLayer = (taps: Taps, layer: Layer, ranges: readonly (readonly [number, number])[]): LayerTaps => {
  const { groups, columns } = layer;
  const flat = layer.node.op === 'Conv' ? convolutionColumns(taps, layer) : rowsAsColumns(taps, layer);
  const ints = (...values: number[]): string => taps.constant('int64', values);
  const x = taps.node('Reshape', [flat, ints(0, groups, columns, -1)]);
  const productsOf = (from: number, to: number): string => {
    const part = ranges.length === 1 ? x : taps.node('Slice', [x, ints(from), ints(to), ints(2)]);
    const product = taps.node('MatMul', [part, taps.node('Transpose', [part], { perm: [0, 1, 3, 2] })]);
    return taps.output(taps.node('ReduceSum', [product, ints(0)], { keepdims: false }));
  };
  return {
    layer,
    products: ranges.map(([from, to]) => ({ from, to, name: productsOf(from, to) })),
    sum: taps.output(taps.node('ReduceSum', [x, ints(0, 3)], { keepdims: false })),
    shape: taps.output(taps.node('Shape', [x])),
  };
};

/** The rows of [..., columns] as columns: [1, columns, rows]. */
const rowsAsColumns = (taps: Taps, { input, columns }: Layer): string => {
  const rows = taps.node('Reshape', [input, taps.constant('int64', [1, -1, columns])]);
  return taps.node('Transpose', [rows], { perm: [0, 2, 1] });
};

/**
 * im2col is a depthwise convolution whose kernels have a single 1: channel c * k + i of its result is channel c moved by
 * position i of the kernel.
 */
const convolutionColumns = (taps: Taps, { node, input, dims, columns, groups }: Layer): string => {
  const kernel = dims.slice(2);
  const positions = kernel.reduce((a, b) => a * b, 1);
  const { strides, pads } = node.attributes as Record<string, readonly number[] | undefined>;
  const isPlain = positions === 1 && (strides ?? [1]).every((s) => s === 1) && (pads ?? [0]).every((p) => p === 0);
  if (isPlain) return input;
  const channels = (columns / positions) * groups;
  const one = Array.from({ length: channels * positions * positions }, (_, i) =>
    Math.floor(i / positions) % positions === i % positions ? 1 : 0,
  );
  const weight = taps.constant('float32', one, [channels * positions, 1, ...kernel]);
  return taps.node('Conv', [input, weight], { ...node.attributes, kernel_shape: kernel, group: channels });
};
