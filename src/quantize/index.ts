// The library entry `tilewise/quantize`.

export { type Accuracy, type LabelledSample, measureAccuracy } from './accuracy.js';
export {
  type Affine,
  affineOf,
  dequantize as dequantizeNumber,
  type QuantizedType,
  quantize as quantizeNumber,
  type Range,
  type Rounding,
} from './affine.js';
export type { GptqOptions } from './gptq.js';
export { resultErrors } from './layer-errors.js';
export { type LlmInt8Options, llmInt8Model, llmInt8Product } from './llm-int8.js';
export { type Int8Errors, int8Errors, modelInt8Errors, type PlantedOptions, plantedOutliers } from './llm-int8-errors.js';
export type { Granularity } from './matrix.js';
export type { QuantizeOptions } from './options.js';
export { quantize } from './quantize.js';
export type { Distribution, RangeMethod } from './ranges.js';
export type { ActivationResult, LayerResult, Quantization, ResultPair } from './results.js';
export type { OnProgress, Runtime, RuntimeSession, Sample, Samples } from './runtime.js';
export { type QuantizationWithin, quantizeWithin, type WithinOptions } from './sensitivity.js';
