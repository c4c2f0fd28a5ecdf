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
 * Quantizes all layers, and where that loses more accuracy than `maxDrop` points spares few and small ones: of weights in 4
 * bits they get 8, and where that is not enough, or weights have 8 bits anyway, they are left out. Those come first that
 * disturb the outputs most for their size (by the square of the error of the outputs with that layer alone quantized, as
 * errors of many layers add up). As many are spared as it takes; then each is taken back, the largest first, unless too much
 * were lost again.
 */
export const quantizeWithin = async (model: Uint8Array, options: WithinOptions): Promise<QuantizationWithin> => {
  const checked = checkOptions(options);
  const { measure, maxDrop } = options;
  if (!(maxDrop >= 0)) throw new TilewiseError('invalid-argument', `the drop in accuracy must be at least 0, got ${maxDrop}`);
  const graph = prepare(model);
  const skip = skipper(graph, checked.skip);
  const quantizer = await Quantizer.create(graph, model.length, checked);
  const before = await measure(model);
  const attempt = async (spared: readonly Sensitivity[], how: 'leaving out' | 'in 8 bits'): Promise<Attempt> => {
    const names = new Set(spared.map(({ name }) => name));
    if (names.size > 0) checked.onProgress?.(`${how}: ${[...names].join(', ')}`, names.size, undefined);
    const isSpared = ({ name }: Node): boolean => names.has(name);
    const result =
      how === 'in 8 bits'
        ? await quantizer.quantize(skip, isSpared)
        : await quantizer.quantize((node) => skip(node) || isSpared(node));
    const after = await measure(result.model);
    return { spared, result, after, isEnough: 100 * (before - after) <= maxDrop + 1e-9 };
  };
  const whole = await attempt([], 'leaving out');
  if (whole.isEnough) return { ...whole.result, accuracy: { before, after: whole.after }, sensitivity: [] };
  const found = await measureSensitivity(quantizer, skip, options);
  const narrow = new Set(whole.result.layers.flatMap(({ name, type }) => (type === 'int4' ? [name] : [])));
  const candidates = found.filter(({ name }) => narrow.has(name));
  const widened = await fewest(candidates, candidates.length, (spared) => attempt(spared, 'in 8 bits'));
  // All of them as floats is what accuracy is compared with, and never a way out.
  const best = widened ?? (await fewest(found, found.length - 1, (spared) => attempt(spared, 'leaving out')));
  if (!best) throw tooSensitive(maxDrop);
  const { result, after } = best;
  const sensitivity = found.map(({ name, error }) => ({ name, error })).sort((a, b) => b.error - a.error);
  return { ...result, accuracy: { before, after }, sensitivity };
};

interface Attempt {
  readonly spared: readonly Sensitivity[];
  readonly result: Quantization;
  readonly after: number;
  readonly isEnough: boolean;
}

/** The attempt that spares few and small ones of the candidates, at most so many; undefined where that is not enough. */
const fewest = async (
  candidates: readonly Sensitivity[],
  most: number,
  attempt: (spared: readonly Sensitivity[]) => Promise<Attempt>,
): Promise<Attempt | undefined> => {
  const share = ({ error, weights }: Sensitivity): number => error ** 2 / weights;
  const order = candidates.toSorted((a, b) => share(b) - share(a));
  let [tooFew, count] = [0, Math.min(1, most)];
  let best: Attempt | undefined;
  while (count > tooFew) {
    best = await attempt(order.slice(0, count));
    if (best.isEnough) break;
    [tooFew, count] = [count, Math.min(2 * count, most)];
  }
  if (!best?.isEnough) return undefined;
  while (count - tooFew > 1) {
    const middle = (tooFew + count) >> 1;
    const fewer = await attempt(order.slice(0, middle));
    if (fewer.isEnough) [best, count] = [fewer, middle];
    else tooFew = middle;
  }
  for (const layer of best.spared.toSorted((a, b) => b.weights - a.weights)) {
    if (best.spared.length === 1) break;
    const without = await attempt(best.spared.filter((other) => other !== layer));
    if (without.isEnough) best = without;
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
