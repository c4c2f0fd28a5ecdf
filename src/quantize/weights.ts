import type { Graph } from '../graph/graph.js';
import { correctBias } from './bias.js';
import { blocksError, gptqBlocks } from './gptq-blocks.js';
import { biasOf, type Layer, weightsOf } from './layers.js';
import {
  dequantizeMatrix,
  type Granularity,
  type Matrix,
  type MatrixOptions,
  type QuantizedMatrix,
  quantizeMatrix,
} from './matrix.js';
import type { CheckedOptions } from './options.js';
import type { ColumnStatistics } from './statistics.js';

/** The quantized weights of a layer and what they cost. */
export interface LayerWeights {
  readonly quantized: QuantizedMatrix;
  readonly method: 'rtn' | 'gptq';
  /** |W - Wq| / |W|. */
  readonly weightError: number;
  readonly outputMse: { readonly rtn: number; readonly gptq: number } | undefined;
  /** The corrected bias, where it was to be corrected. */
  readonly bias: Float64Array | undefined;
}

/** Rows of so few weights stay in int8 where others have 4 bits: they weigh little, and an error in one of them much. */
const SHORT_ROW = 32;

/** An int32 has room for this many steps of a bias, with some to spare for the sum that it is added to. */
const BIAS_STEPS = 2 ** 30;

/**
 * Quantizes the weights of a layer, to 8 bits in the place of 4 where they are to be wide. `inputScale` is that of its
 * activation, where it is quantized too.
 */
export const quantizeLayer = (
  graph: Graph,
  layer: Layer,
  options: CheckedOptions,
  statistics: ColumnStatistics | undefined,
  { inputScale, isWide }: { readonly inputScale: number | undefined; readonly isWide: boolean },
): LayerWeights => {
  const exact = weightsOf(graph, layer);
  const bias = biasOf(graph, layer);
  const what = `the weights of '${layer.node.name}'`;
  const leastScales = inputScale === undefined ? undefined : bias.map((b) => Math.abs(b) / (inputScale * BIAS_STEPS));
  const matrixOptions = { ...matrixOptionsOf(layer, options, isWide), leastScales };
  const nearest = quantizeMatrix(exact, matrixOptions, what);
  const plain: Candidate = { quantized: nearest, method: 'rtn', mse: mseOf(exact, nearest, statistics) };
  const candidates =
    options.method === 'gptq' && statistics ? gptqCandidates(exact, matrixOptions, statistics, options, what) : [];
  const { quantized, method, mse } = least([plain, ...candidates]);
  const rounded = dequantizeMatrix(quantized);
  const corrects = options.correctBias && statistics !== undefined && layer.node.op !== 'MatMul';
  return {
    quantized,
    method,
    weightError: relativeError(exact, rounded),
    outputMse: mse === undefined ? undefined : { rtn: plain.mse as number, gptq: mse },
    // A MatMul has no place for a bias.
    bias: corrects ? correctBias(bias, exact, rounded, statistics) : undefined,
  };
};

interface Candidate {
  readonly quantized: QuantizedMatrix;
  readonly method: 'rtn' | 'gptq';
  /** Of the outputs; undefined where that cannot be told. */
  readonly mse: number | undefined;
}

const mseOf = (exact: Matrix, quantized: QuantizedMatrix, statistics: ColumnStatistics | undefined): number | undefined =>
  statistics && statistics.products.length > 0
    ? blocksError(exact, dequantizeMatrix(quantized), statistics.products, statistics.count)
    : undefined;

const least = (candidates: readonly Candidate[]): Candidate =>
  candidates.reduce((a, b) => ((b.mse ?? Number.POSITIVE_INFINITY) < (a.mse ?? Number.POSITIVE_INFINITY) ? b : a));

/** By GPTQ with scales that clip and with scales that do not: what a clipped weight lacks, others have to make up for. */
const gptqCandidates = (
  exact: Matrix,
  matrixOptions: MatrixOptions,
  statistics: ColumnStatistics,
  options: CheckedOptions,
  what: string,
): Candidate[] => {
  if (statistics.products.length === 0) return [];
  const clips = matrixOptions.clip === 'mse' ? (['mse', 'min-max'] as const) : (['min-max'] as const);
  const choices = clips.map((clip) => ({ ...matrixOptions, clip }));
  return gptqBlocks(exact, choices, statistics.products, options.gptq, what).map((quantized) => ({
    quantized,
    method: 'gptq',
    mse: mseOf(exact, quantized, statistics),
  }));
};

const matrixOptionsOf = ({ columns }: Layer, options: CheckedOptions, isWide: boolean): MatrixOptions => {
  const { weights, granularity, symmetric, clip } = options;
  if (weights === 'int4' && (isWide || columns <= SHORT_ROW))
    return { type: 'int8', granularity: 'channel', symmetric, clip: 'min-max' };
  const fits: Granularity = typeof granularity === 'number' && granularity >= columns ? 'channel' : granularity;
  return { type: weights, granularity: fits, symmetric, clip };
};

const relativeError = ({ data }: Matrix, rounded: Matrix): number => {
  let [error, norm] = [0, 0];
  data.forEach((w, i) => {
    error += (w - (rounded.data[i] as number)) ** 2;
    norm += w * w;
  });
  return norm === 0 ? 0 : Math.sqrt(error / norm);
};
