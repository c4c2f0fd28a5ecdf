import type { Device } from './device/device.js';
import { Executable } from './device/executable.js';
import { deviceOf } from './device/shared.js';
import { TilewiseError } from './errors.js';
import { GraphBuilder } from './graph/builder.js';
import type { ImageAttributes } from './ops/image.js';
import { foldConstants } from './passes/fold-constants.js';
import { buildPlan } from './plan/build.js';
import { checkPixels, type ImagePixels, imageAttributes, type Preprocessing, parsePreprocessing } from './preprocessing.js';
import { Tensor } from './tensor/tensor.js';
import { extentOf, isVideoPicture, type VideoPicture, videoTensor } from './video-frame.js';

/**
 * Brings a picture to the shape that a model wants, on the GPU, in one dispatch: resize, crop, normalise, channel
 * order and layout. The result stays on the GPU and can be given to `run` as it is; dispose of it afterwards.
 *
 *     const { data, width, height } = context2d.getImageData(0, 0, canvas.width, canvas.height);
 *     const x = await imageToTensor({ data, width, height }, { width: 224, height: 224, fit: 'cover' });
 *     const { scores } = await session.run({ image: x });
 *
 * A VideoFrame, or what a video shows at the moment of the call, is read where it is, with no copy through the host.
 * Throws `invalid-argument` where the image or the preprocessing is malformed.
 */
export const imageToTensor = async (
  image: ImagePixels | VideoPicture,
  preprocessing: Preprocessing,
  options: { readonly device?: GPUDevice } = {},
): Promise<Tensor> => {
  const isVideo = isVideoPicture(image);
  if (!isVideo) checkPixels(image);
  const extent = isVideo ? extentOf(image) : image;
  const attributes = imageAttributes(parsePreprocessing(preprocessing), extent);
  const device = await deviceOf(options.device);
  // A frame is read first: by the time that a plan is made, its owner may have closed it.
  const pixels = isVideo ? await videoTensor(device, image) : pixelsTensor(image);
  try {
    const [height, width] = pixels.dims as readonly [number, number];
    const executable = await executableFor(device, { width, height }, attributes);
    const outputs = await executable.run(new Map([['pixels', pixels]]), ['tensor'], { outputLocation: 'gpu' });
    return outputs.get('tensor') as Tensor;
  } finally {
    if (isVideo) pixels.dispose();
  }
};

/** Decodes a picture (PNG, JPEG, WebP ...) in a browser, upright as its EXIF orientation says. */
export const decodeImage = async (picture: ImageBitmapSource): Promise<ImagePixels> => {
  if (typeof createImageBitmap === 'undefined' || typeof OffscreenCanvas === 'undefined') {
    throw new TilewiseError('not-found', 'this environment decodes no pictures', {
      hint: 'decode to RGBA with a package such as sharp and call imageToTensor with the pixels',
    });
  }
  const bitmap = await createImageBitmap(picture, { premultiplyAlpha: 'none' }).catch((cause: Error) => {
    throw new TilewiseError('invalid-argument', `cannot decode the picture: ${cause.message}`, { cause });
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new TilewiseError('not-found', 'this environment has no 2D canvas');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { data: context.getImageData(0, 0, width, height).data, width, height };
};

/** The picture as one word a pixel: the bytes themselves, copied only where they are not aligned. */
const pixelsTensor = ({ data, width, height }: ImagePixels): Tensor => {
  // Not slice(), which makes a view where the bytes are a Node Buffer.
  const aligned = data.byteOffset % 4 === 0 ? data : new Uint8Array(data);
  const words = new Uint32Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, width * height);
  return new Tensor('uint32', words, [height, width]);
};

/** Executables kept for different picture sizes and preprocessings of one device. */
const MAX_EXECUTABLES = 8;
const cache = new WeakMap<Device, Map<string, Promise<Executable>>>();

const executableFor = (
  device: Device,
  { width, height }: Pick<ImagePixels, 'width' | 'height'>,
  attributes: ImageAttributes,
): Promise<Executable> => {
  let executables = cache.get(device);
  if (!executables) cache.set(device, (executables = new Map()));
  const key = JSON.stringify([width, height, attributes]);
  let executable = executables.get(key);
  if (executable) executables.delete(key);
  else {
    executable = load(device, width, height, attributes);
    executable.catch(() => executables.delete(key));
    if (executables.size >= MAX_EXECUTABLES) evictOldest(executables);
  }
  executables.set(key, executable);
  return executable;
};

const load = async (device: Device, width: number, height: number, attributes: ImageAttributes): Promise<Executable> => {
  const builder = new GraphBuilder('image');
  const pixels = builder.input('pixels', 'uint32', [height, width]);
  const graph = builder.build();
  const values = new Map(graph.values).set('tensor', { name: 'tensor', dtype: 'float32', shape: undefined });
  const node = { name: 'image', op: 'ImageToTensor', inputs: [pixels], outputs: ['tensor'], attributes };
  return Executable.load(
    buildPlan(foldConstants({ ...graph, values, nodes: [node], outputs: ['tensor'] }), device.facts),
    device,
  );
};

const evictOldest = (executables: Map<string, Promise<Executable>>): void => {
  const [key, oldest] = executables.entries().next().value as [string, Promise<Executable>];
  executables.delete(key);
  oldest.then(
    (executable) => executable.dispose(),
    () => undefined,
  );
};
