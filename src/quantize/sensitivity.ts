import { TilewiseError } from '../errors.js';
import type { Node } from '../graph/graph.js';
import { resultErrors } from './layer-errors.js';
import { layersOf } from './layers.js';
import { checkOptions, type QuantizeOptions, skipper } from './options.js';
import { prepare } from './prepare.js';
import { Quantizer } from './quantizer.js';
import type { Quantization } from './results.js';
import type { Runtime, Sample, Samples } from './runtime.js';

export interface WithinOptions extends QuantizeOptions {
  /** Accuracy of a model file, from 0 to 1. */
  readonly measure: (model: Uint8Array) => Promise<number>;
  /** How much accuracy may be lost, in points of a hundred. */
  readonly maxDrop: number;
}

export interface QuantizationWithin extends Quantization {
  readonly accuracy: { readonly before: number; readonly after: number };
  /** How much each layer by itself disturbs the outputs, the most sensitive first; empty where no layer had to be left out. */
  readonly sensitivity: readonly { readonly name: string; readonly error: number }[];
}

/** Samples that the sensitivity of a layer is measured on. */
const FEW_SAMPLES = 8;

/** A layer, what it does to the outputs when it alone is quantized, and how many weights it has. */
interface Sensitivity {
  readonly name: string;
  readonly error: number;
  readonly weights: number;
}

/**
 * Quantizes all layers, and where that loses more accuracy than `maxDrop` points leaves few and small ones out. Those
 * come first that disturb the outputs most for their size (by the square of the error of the outputs with that layer alone
 * quantized, as errors of many layers add up). As many are left out as it takes; then each is taken back, the largest
 * first, unless too much were lost again.
 */
export const quantizeWithin = async (model: Uint8Array, options: WithinOptions): Promise<QuantizationWithin> => {
  const checked = checkOptions(options);
  const { measure, maxDrop } = options;
  if (!(maxDrop >= 0)) throw new TilewiseError('invalid-argument', `the drop in accuracy must be at least 0, got ${maxDrop}`);
  const graph = prepare(model);
  const skip = skipper(graph, checked.skip);
  const quantizer = await Quantizer.create(graph, model.length, checked);
  const before = await measure(model);
  const leaveOut = async (left: readonly Sensitivity[]): Promise<Attempt> => {
    const names = new Set(left.map(({ name }) => name));
    if (names.size > 0) checked.onProgress?.(`leaving out ${[...names].join(', ')}`, names.size, undefined);
    const result = await quantizer.quantize((node) => skip(node) || names.has(node.name));
    const after = await measure(result.model);
    return { left, result, after, isEnough: 100 * (before - after) <= maxDrop + 1e-9 };
  };
  const whole = await leaveOut([]);
  if (whole.isEnough) return { ...whole.result, accuracy: { before, after: whole.after }, sensitivity: [] };
  const found = await measureSensitivity(quantizer, skip, options);
  const { result, after } = await fewest(found, leaveOut, maxDrop);
  const sensitivity = found.map(({ name, error }) => ({ name, error })).sort((a, b) => b.error - a.error);
  return { ...result, accuracy: { before, after }, sensitivity };
};

interface Attempt {
  readonly left: readonly Sensitivity[];
  readonly result: Quantization;
  readonly after: number;
  readonly isEnough: boolean;
}

const fewest = async (
  found: readonly Sensitivity[],
  leaveOut: (left: readonly Sensitivity[]) => Promise<Attempt>,
  maxDrop: number,
): Promise<Attempt> => {
  const share = ({ error, weights }: Sensitivity): number => error ** 2 / weights;
  const order = found.toSorted((a, b) => share(b) - share(a));
  let [tooFew, count] = [0, 1];
  let best = await leaveOut(order.slice(0, Math.min(count, order.length - 1)));
  while (!best.isEnough) {
    if (count >= order.length - 1) throw tooSensitive(maxDrop);
    [tooFew, count] = [count, Math.min(2 * count, order.length - 1)];
    best = await leaveOut(order.slice(0, count));
  }
  while (count - tooFew > 1) {
    const middle = (tooFew + count) >> 1;
    const attempt = await leaveOut(order.slice(0, middle));
    if (attempt.isEnough) [best, count] = [attempt, middle];
    else tooFew = middle;
  }
  for (const layer of best.left.toSorted((a, b) => b.weights - a.weights)) {
    if (best.left.length === 1) break;
    const attempt = await leaveOut(best.left.filter((other) => other !== layer));
    if (attempt.isEnough) best = attempt;
  }
  return best;
};

const tooSensitive = (maxDrop: number): TilewiseError =>
  new TilewiseError('invalid-argument', `even one quantized layer loses more than ${maxDrop} points of accuracy`, {
    hint: 'allow a larger drop, calibrate with more data, or quantize weights alone',
  });

const measureSensitivity = async (
  quantizer: Quantizer,
  skip: (node: Node) => boolean,
  { samples, runtime, onProgress }: QuantizeOptions,
): Promise<Sensitivity[]> => {
  if (!samples || !runtime) throw new TilewiseError('invalid-argument', 'measuring sensitivity wants calibration data');
  const few = await take(samples, FEW_SAMPLES);
  const layers = layersOf(quantizer.graph).filter(({ node }) => !skip(node));
  const found: Sensitivity[] = [];
  for (const { node, outputs, columns } of layers) {
    onProgress?.(`sensitivity of ${node.name}`, found.length, layers.length);
    const alone = await quantizer.quantize((other) => other.name !== node.name);
    found.push({ name: node.name, error: await outputError(alone, few, runtime), weights: outputs * columns });
  }
  return found;
};

/** The largest error among the outputs. */
const outputError = async (quantization: Quantization, samples: Samples, runtime: Runtime): Promise<number> => {
  const pairs = quantization.before.outputs.map((name) => ({ before: name, after: name, affine: undefined }));
  return Math.max(...(await resultErrors(quantization, pairs, samples, runtime)));
};

const take = async (samples: Samples, most: number): Promise<Sample[]> => {
  const taken: Sample[] = [];
  for await (const sample of samples) {
    taken.push(sample);
    if (taken.length === most) break;
  }
  return taken;
};
