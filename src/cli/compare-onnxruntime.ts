import { numbersOf } from '../compare/statistics.js';
import { TilewiseError } from '../errors.js';
import { exportOnnx } from '../exporters/onnx.js';
import type { Graph } from '../graph/graph.js';
import { Tensor } from '../tensor/tensor.js';

/** How far the reference is from onnxruntime, value by value. */
export interface OnnxRuntimeColumn {
  readonly version: string;
  /** By the name of the value: the largest error over the largest magnitude. */
  readonly errors: ReadonlyMap<string, number>;
  /** Compares a value with onnxruntime's of that name, where it has one. */
  see(name: string, value: Tensor): void;
}

/** Values that run channels-last have this at the end of their names. */
const CHANNELS_LAST = '.nhwc';

/** Runs the model as its file states it in onnxruntime on the CPU, with every value as an output. */
export const onnxRuntimeColumn = async (graph: Graph, feeds: ReadonlyMap<string, Tensor>): Promise<OnnxRuntimeColumn> => {
  const runtime = await onnxRuntime();
  const outputs = [...new Set([...graph.nodes.flatMap((node) => node.outputs.filter(Boolean)), ...graph.outputs])];
  const session = await runtime.InferenceSession.create(exportOnnx({ ...graph, outputs }), { executionProviders: ['cpu'] });
  const inputs = [...feeds].map(([name, { type, data, dims }]) => [
    name,
    new runtime.Tensor(type as 'float32', data as Float32Array, dims),
  ]);
  const values = await session.run(Object.fromEntries(inputs));
  const errors = new Map<string, number>();
  return {
    version: runtime.env.versions.node ?? 'unknown',
    errors,
    see: (name, value) => {
      const isLast = name.endsWith(CHANNELS_LAST);
      const found = values[isLast ? name.slice(0, -CHANNELS_LAST.length) : name];
      if (!found || found.size !== value.size) return;
      const theirs = numbersOf(tensorOf(found));
      errors.set(name, relativeError(numbersOf(value), isLast ? toChannelsLast(theirs, found.dims) : theirs));
    },
  };
};

type OnnxRuntime = typeof import('onnxruntime-node');

const onnxRuntime = async (): Promise<OnnxRuntime> => {
  try {
    const loaded = (await import('onnxruntime-node')) as OnnxRuntime & { default?: OnnxRuntime };
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new TilewiseError('not-found', "the package 'onnxruntime-node' is not installed", {
      hint: 'npm install onnxruntime-node, or leave --onnxruntime out',
      cause,
    });
  }
};

const tensorOf = ({ type, data, dims }: import('onnxruntime-node').Tensor): Tensor =>
  new Tensor(type as Tensor['type'], data as Tensor['data'], dims);

const toChannelsLast = (data: Float64Array, [n = 1, c = 1, ...spatial]: readonly number[]): Float64Array => {
  const positions = spatial.reduce((a, b) => a * b, 1);
  const last = new Float64Array(data.length);
  for (let i = 0; i < n * c; i++) {
    const [image, channel] = [Math.floor(i / c), i % c];
    for (let p = 0; p < positions; p++) last[(image * positions + p) * c + channel] = data[i * positions + p] as number;
  }
  return last;
};

const relativeError = (actual: Float64Array, expected: Float64Array): number => {
  let [error, largest] = [0, 0];
  for (const [i, want] of expected.entries()) {
    const got = actual[i] as number;
    if (Number.isFinite(want)) largest = Math.max(largest, Math.abs(want));
    if (got !== want && !(Number.isNaN(got) && Number.isNaN(want))) error = Math.max(error, Math.abs(got - want));
    if (Number.isNaN(got) !== Number.isNaN(want)) error = Number.POSITIVE_INFINITY;
  }
  return largest > 0 ? error / largest : error;
};
