import { TilewiseError } from '../errors.js';
import type { Graph, Node } from '../graph/graph.js';
import { defaultGptq, type GptqOptions } from './gptq.js';
import { layersOf } from './layers.js';
import type { Granularity } from './matrix.js';
import type { RangeMethod } from './ranges.js';
import type { OnProgress, Runtime, Samples } from './runtime.js';

export interface QuantizeOptions {
  /** Integers of the weights. Default 'int8'. */
  readonly weights?: 'int8' | 'int4';
  /**
   * Integers of the activations; 'none' leaves them floats. Default 'uint8', which other runtimes have most kernels for,
   * and 'none' for weights in int4.
   */
  readonly activations?: 'int8' | 'uint8' | 'none';
  /** Round weights to nearest, or by GPTQ where that is better on the calibration data. Default 'rtn'. */
  readonly method?: 'rtn' | 'gptq';
  /** Which weights share a scale. Default 'channel', and groups of 32 for int4. */
  readonly granularity?: Granularity;
  /** Weights without zero points. Default true. */
  readonly symmetric?: boolean;
  /** Activations without zero points. Default false. */
  readonly symmetricActivations?: boolean;
  /**
   * Whether scales of weights represent all of them, or clip where that is better (GPTQ then tries both). Default
   * 'min-max', 'mse' for int4.
   */
  readonly clip?: 'min-max' | 'mse';
  /** How the ranges of activations follow from the calibration data. Default 'mse'. */
  readonly ranges?: RangeMethod;
  /** For ranges 'percentile', which is meant where this is given. Default 99.999. */
  readonly percentile?: number;
  /**
   * Equalise first the channels of activations that become integers, on the calibration data; where weights alone do,
   * those of neighbouring layers. Default true, and false for weights alone.
   */
  readonly equalize?: boolean;
  /** Take the mean error of rounding off the biases. Default true where there is calibration data to use anyway. */
  readonly correctBias?: boolean;
  /** Names of nodes that stay floats; '*' stands for any characters. */
  readonly skip?: readonly string[];
  readonly gptq?: Partial<GptqOptions>;
  /** For weights alone: 'qdq' writes no operators of the contrib domain. Default 'auto'. */
  readonly format?: 'auto' | 'qdq';
  /** Collect the distributions of activations even where their ranges do not need them. Default false. */
  readonly histograms?: boolean;
  /** Calibration data; wanted for integer activations, GPTQ and bias correction. */
  readonly samples?: Samples;
  /** What runs the model on the samples: `InferenceSession`. */
  readonly runtime?: Runtime;
  readonly onProgress?: OnProgress;
  /** Stops the work: it rejects with `aborted`. */
  readonly signal?: AbortSignal;
}

/** Options with their defaults, found to fit together. */
export type CheckedOptions = Required<Omit<QuantizeOptions, 'gptq' | 'samples' | 'runtime' | 'onProgress' | 'signal'>> & {
  readonly gptq: GptqOptions;
  readonly samples: Samples | undefined;
  readonly runtime: Runtime | undefined;
  readonly onProgress: OnProgress | undefined;
  readonly signal: AbortSignal | undefined;
};

const bad = (message: string, hint?: string): never => {
  throw new TilewiseError('invalid-argument', message, hint === undefined ? {} : { hint });
};

/** Fills in the defaults; throws `invalid-argument` where options contradict each other or lack data. */
export const checkOptions = (given: QuantizeOptions): CheckedOptions => {
  const weights = given.weights ?? 'int8';
  const four = weights === 'int4';
  const activations = given.activations ?? (four ? 'none' : 'uint8');
  const method = given.method ?? 'rtn';
  const options: CheckedOptions = {
    weights,
    activations,
    method,
    granularity: given.granularity ?? (four ? 32 : 'channel'),
    symmetric: given.symmetric ?? true,
    symmetricActivations: given.symmetricActivations ?? false,
    clip: given.clip ?? (four ? 'mse' : 'min-max'),
    ranges: given.ranges ?? (given.percentile === undefined ? 'mse' : 'percentile'),
    percentile: given.percentile ?? 99.999,
    equalize: given.equalize ?? activations !== 'none',
    correctBias: given.correctBias ?? (activations !== 'none' || method === 'gptq'),
    skip: given.skip ?? [],
    gptq: { ...defaultGptq, ...given.gptq },
    format: given.format ?? 'auto',
    histograms: given.histograms ?? false,
    samples: given.samples,
    runtime: given.runtime,
    onProgress: given.onProgress,
    signal: given.signal,
  };
  checkNumbers(options);
  checkCombination(options);
  return options;
};

const checkNumbers = ({ granularity, percentile, gptq }: CheckedOptions): void => {
  if (typeof granularity === 'number' && !(Number.isInteger(granularity) && granularity >= 1)) {
    bad(`a group must have a whole number of weights, got ${granularity}`);
  }
  if (!(percentile > 50 && percentile <= 100)) bad(`the percentile must be above 50 and at most 100, got ${percentile}`);
  if (!(gptq.damping >= 0 && gptq.damping < 1)) bad(`the damping of GPTQ must be from 0 to below 1, got ${gptq.damping}`);
  if (!(Number.isInteger(gptq.sweeps) && gptq.sweeps >= 0)) bad(`GPTQ's sweeps must be a whole number, got ${gptq.sweeps}`);
  if (!(Number.isInteger(gptq.blockSize) && gptq.blockSize >= 1)) bad(`GPTQ's blocks must be whole, got ${gptq.blockSize}`);
};

const checkCombination = ({ weights, activations, granularity, method, correctBias, samples, runtime }: CheckedOptions): void => {
  if (activations !== 'none' && weights === 'int4') {
    bad(`int4 weights are for float activations, not for ${activations}`, "choose activations 'none', or weights 'int8'");
  }
  if (activations !== 'none' && typeof granularity === 'number') {
    bad('scales for groups of weights are for float activations', "choose activations 'none', or granularity 'channel'");
  }
  const wants = [
    activations !== 'none' && `${activations} activations`,
    method === 'gptq' && 'GPTQ',
    correctBias && 'bias correction',
  ].find((text) => text !== false);
  if (wants && !samples) bad(`${wants} wants calibration data`, "give samples, or choose activations 'none' and method 'rtn'");
  if (wants && !runtime) bad(`${wants} wants something to run the model on`, 'give runtime: InferenceSession');
  if (Array.isArray(samples) && samples.length === 0) bad('there is no calibration data', 'give at least one sample');
};

/** Which nodes stay floats. Throws `invalid-argument` for a name that no layer has. */
export const skipper = (graph: Graph, names: readonly string[]): ((node: Node) => boolean) => {
  const patterns = names.map((name) => ({ name, pattern: patternOf(name) }));
  for (const { name, pattern } of patterns) {
    if (graph.nodes.some((node) => pattern.test(node.name))) continue;
    const layers = layersOf(graph).map(({ node }) => node.name);
    const more = layers.length > 8 ? ` and ${layers.length - 8} more` : '';
    bad(`no node is named '${name}'`, `layers are: ${layers.slice(0, 8).join(', ')}${more}`);
  }
  return (node) => patterns.some(({ pattern }) => pattern.test(node.name));
};

const patternOf = (name: string): RegExp =>
  new RegExp(
    `^${name
      .split('*')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    's',
  );
