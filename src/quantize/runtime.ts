import { TilewiseError, throwIfAborted } from '../errors.js';
import { exportOnnx } from '../exporters/onnx.js';
import type { Graph } from '../graph/graph.js';
import type { Tensor } from '../tensor/tensor.js';

/** A model ready to run: what `InferenceSession` of this library is. */
export interface RuntimeSession {
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** What runs models while they are quantized: the class `InferenceSession`, of `tilewise` or of `tilewise/node`. */
export interface Runtime {
  create(model: Uint8Array): Promise<RuntimeSession>;
}

/** Inputs of a model by name, on the host or on the GPU. */
export type Sample = Readonly<Record<string, Tensor>>;

/** Inputs that are gone through several times: a list, or something that yields them anew for every loop. */
export type Samples = readonly Sample[] | AsyncIterable<Sample>;

/** Told after every run: which step of how many, and how many samples it has seen. */
export type OnProgress = (step: string, done: number, total: number | undefined) => void;

export interface RunningOptions {
  /** How many samples were seen, of how many where that is known. */
  readonly onSample?: (done: number, total: number | undefined) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a graph on every sample and hands over the outputs. Throws `invalid-argument` where there are no samples. */
export const runOnSamples = async (
  graph: Graph,
  samples: Samples,
  runtime: Runtime,
  onOutputs: (outputs: Readonly<Record<string, Tensor>>) => void,
  { onSample, signal }: RunningOptions = {},
): Promise<void> => {
  const session = await runtime.create(exportOnnx(graph));
  const total = Array.isArray(samples) ? samples.length : undefined;
  let done = 0;
  try {
    for await (const sample of samples) {
      throwIfAborted(signal);
      onOutputs(await session.run(sample));
      onSample?.(++done, total);
    }
  } finally {
    await session.release();
  }
  if (done === 0)
    throw new TilewiseError('invalid-argument', 'there is no calibration data', { hint: 'give at least one sample' });
};
