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

/**
 * Quantizes all layers, and leaves out one after the other, the most sensitive first, until no more accuracy than
 * `maxDrop` points is lost. How sensitive a layer is says the error of the outputs with that layer alone quantized.
 */
export const quantizeWithin = async (model: Uint8Array, options: WithinOptions): Promise<QuantizationWithin> => {
  const checked = checkOptions(options);
  const { measure, maxDrop } = options;
  if (!(maxDrop >= 0)) throw new TilewiseError('invalid-argument', `the drop in accuracy must be at least 0, got ${maxDrop}`);
  const quantizer = new Quantizer(prepare(model), model.length, checked);
  const skip = skipper(quantizer.graph, checked.skip);
  const before = await measure(model);
  const enough = (after: number): boolean => 100 * (before - after) <= maxDrop + 1e-9;
  let result = await quantizer.quantize(skip);
  let after = await measure(result.model);
  if (enough(after)) return { ...result, accuracy: { before, after }, sensitivity: [] };
  const sensitivity = await measureSensitivity(quantizer, skip, options);
  const left = new Set<string>();
  for (const { name } of sensitivity) {
    left.add(name);
    if (left.size === sensitivity.length) break;
    checked.onProgress?.(`leaving out ${name}`, left.size, sensitivity.length);
    result = await quantizer.quantize((node) => skip(node) || left.has(node.name));
    after = await measure(result.model);
    if (enough(after)) return { ...result, accuracy: { before, after }, sensitivity };
  }
  throw new TilewiseError('invalid-argument', `even one quantized layer loses more than ${maxDrop} points of accuracy`, {
    hint: 'allow a larger drop, calibrate with more data, or quantize weights alone',
  });
};

const measureSensitivity = async (
  quantizer: Quantizer,
  skip: (node: Node) => boolean,
  { samples, runtime, onProgress }: QuantizeOptions,
): Promise<{ name: string; error: number }[]> => {
  if (!samples || !runtime) throw new TilewiseError('invalid-argument', 'measuring sensitivity wants calibration data');
  const few = await take(samples, FEW_SAMPLES);
  const layers = layersOf(quantizer.graph).filter(({ node }) => !skip(node));
  const found: { name: string; error: number }[] = [];
  for (const { node } of layers) {
    onProgress?.(`sensitivity of ${node.name}`, found.length, layers.length);
    const alone = await quantizer.quantize((other) => other.name !== node.name);
    found.push({ name: node.name, error: await outputError(alone, few, runtime) });
  }
  return found.sort((a, b) => b.error - a.error);
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
