// Pictures are fetched when a page has one: the library that maps them, and their kernel, are not small.
import type { Tensor } from './tensor/tensor.js';

type ImageModule = typeof import('./image.js');
type CanvasModule = typeof import('./canvas.js');

/** A picture as an input tensor on the GPU: resized, cropped, normalised and laid out in one dispatch. */
export const imageToTensor = async (...args: Parameters<ImageModule['imageToTensor']>): Promise<Tensor> =>
  await (await import('./image.js')).imageToTensor(...args);

/** The pixels of anything that a browser can draw. */
export const decodeImage = async (...args: Parameters<ImageModule['decodeImage']>): ReturnType<ImageModule['decodeImage']> =>
  await (await import('./image.js')).decodeImage(...args);

/** Draws a tensor that is a picture on a canvas, on the GPU. */
export const tensorToCanvas = async (...args: Parameters<CanvasModule['tensorToCanvas']>): Promise<void> =>
  await (await import('./canvas.js')).tensorToCanvas(...args);
