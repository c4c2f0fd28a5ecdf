import { checkOptions, type QuantizeOptions, skipper } from './options.js';
import { prepare } from './prepare.js';
import { Quantizer } from './quantizer.js';
import type { Quantization } from './results.js';

/**
 * Post-training quantization of an ONNX model by linear affine quantization, q = round(x / s) + z.
 *
 *     import { InferenceSession, Tensor } from 'tilewise/node';
 *     import { quantize } from 'tilewise/quantize';
 *     const { model } = await quantize(await readFile('model.onnx'), {
 *       runtime: InferenceSession,
 *       samples: pictures.map((pixels) => ({ image: new Tensor('float32', pixels, [1, 3, 224, 224]) })),
 *     });
 *
 * The result is a standard ONNX file: QDQ where activations are integers too, MatMulNBits and DequantizeLinear where
 * weights alone are. Throws `invalid-argument` for options and samples that do not fit, before any work, and what
 * loading the model throws.
 */
export const quantize = async (model: Uint8Array, options: QuantizeOptions = {}): Promise<Quantization> => {
  const checked = checkOptions(options);
  const graph = prepare(model);
  const skip = skipper(graph, checked.skip);
  const quantizer = await Quantizer.create(graph, model.length, checked);
  return quantizer.quantize(skip);
};
