// The public API, the same for browsers and Node.

export type { RunOptions } from './device/executable.js';
export { type ErrorCode, TilewiseError } from './errors.js';
export type { Feeds, Fetches, ValueMetadata } from './feeds.js';
export { decodeImage, imageToTensor } from './image-on-demand.js';
export type { ImagePixels, Preprocessing } from './preprocessing.js';
export { attributes, grid, type OpDefinition, type OpDispatch, registerOp } from './register-op.js';
export { InferenceSession, type SessionOptions } from './session.js';
export type { DType, TypedArray } from './tensor/dtype.js';
export { Tensor, type TensorLocation } from './tensor/tensor.js';
