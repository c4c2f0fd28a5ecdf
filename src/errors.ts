/** What went wrong, for programs; the message is for people. */
export type ErrorCode =
  | 'invalid-model' // the bytes are not a well-formed ONNX model
  | 'unsupported-model' // well-formed, but something in it has no kernel here
  | 'invalid-feed' // an input given to run() does not fit the model
  | 'invalid-argument' // an option or a command-line argument is wrong
  | 'limit-exceeded' // the device or a byte budget is too small for the model
  | 'no-adapter' // no WebGPU adapter could be opened
  | 'device-lost' // the GPU process or driver went away
  | 'gpu-error' // the device reported a validation or internal error
  | 'disposed' // the session or tensor was released
  | 'queue-full' // too many requests wait already
  | 'aborted' // the AbortSignal of the call fired
  | 'not-found' // a file, package or URL is missing
  | 'internal'; // a broken invariant of this library

export interface ErrorDetails {
  /** Name of the graph node concerned. */
  readonly node?: string;
  /** Name of the tensor concerned. */
  readonly tensor?: string;
  /** What to do next, one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The only error class that the library throws on purpose. */
export class TilewiseError extends Error {
  override readonly name = 'TilewiseError';
  readonly code: ErrorCode;
  readonly node: string | undefined;
  readonly tensor: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.node = details.node;
    this.tensor = details.tensor;
    this.hint = details.hint;
  }
}

/** What a call rejects with whose signal has fired; the signal's reason is its cause. */
export const abortedError = (signal: AbortSignal | undefined): TilewiseError =>
  new TilewiseError('aborted', 'the call was aborted', { cause: signal?.reason });

/** Throws `aborted` once the signal has fired. */
export const throwIfAborted = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted) throw abortedError(signal);
};
