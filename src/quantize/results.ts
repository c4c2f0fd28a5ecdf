import type { Graph } from '../graph/graph.js';
import type { Affine, QuantizedType, Range } from './affine.js';
import type { Distribution } from './ranges.js';

/** Where a layer's result (after its rectifier) is found in the graphs before and after. */
export interface ResultPair {
  readonly before: string;
  /** Integers where `affine` says what they stand for, floats else. */
  readonly after: string;
  readonly affine: Affine | undefined;
}

/** What became of the weights of one layer. */
export interface LayerResult {
  readonly name: string;
  readonly op: string;
  readonly outputs: number;
  /** Weights of one output. */
  readonly columns: number;
  readonly type: QuantizedType;
  readonly method: 'rtn' | 'gptq';
  /** |W - Wq| / |W| over all weights. */
  readonly weightError: number;
  /**
   * Mean squared error of an output through the weights, on the calibration data: rounded to nearest, and as written.
   * Of more than 2048 columns, those far apart are taken as unrelated.
   */
  readonly outputMse: { readonly rtn: number; readonly gptq: number } | undefined;
  readonly result: ResultPair;
}

/** What became of one activation. */
export interface ActivationResult {
  readonly name: string;
  readonly type: QuantizedType;
  readonly distribution: Distribution;
  /** What is represented of it. */
  readonly range: Range;
  readonly affine: Affine;
}

export interface Quantization {
  /** The quantized model, as an ONNX file. */
  readonly model: Uint8Array;
  /** The graph that was quantized: the model with normalisation folded into its layers. */
  readonly before: Graph;
  readonly after: Graph;
  readonly layers: readonly LayerResult[];
  readonly activations: readonly ActivationResult[];
  readonly bytes: { readonly before: number; readonly after: number };
  /** Layers that were left out. */
  readonly skipped: readonly string[];
  /** Layers whose weights have 8 bits where those of the others have 4. */
  readonly widened: readonly string[];
}
