// The public API, the same for browsers and Node.

export type { ColorOptions } from './coloring.js';
export type { CompareOptions, GraphComparison, NonFiniteOrigin, TensorComparison } from './compare.js';
export type { RunOptions } from './device/executable.js';
export { type ErrorCode, TilewiseError } from './errors.js';
export type { Feeds, Fetches, ValueMetadata } from './feeds.js';
export { decodeImage, imageToTensor, tensorToCanvas } from './image-on-demand.js';
export type { ImagePixels, Preprocessing } from './preprocessing.js';
export type { NodeProfile, Profile, ProfileOptions } from './profile/profile.js';
export { attributes, grid, type OpDefinition, type OpDispatch, registerOp } from './register-op.js';
export { createQueue, type QueueOptions, type QueueStatistics, type RequestOptions, type RequestQueue } from './serve/queue.js';
export { InferenceSession, type SessionCompareOptions, type SessionOptions } from './session.js';
export type { DType, TypedArray } from './tensor/dtype.js';
export { Tensor, type TensorLocation } from './tensor/tensor.js';
