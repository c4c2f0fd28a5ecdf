import { TilewiseError } from '../../src/errors.js';
import type { TypedArray } from '../../src/tensor/dtype.js';
import type { PeerWork, Runner } from './peers.js';
import type { PeerRequest } from './protocol.js';

/** What is used of onnxruntime-web's module. */
interface Onnxruntime {
  readonly env: { readonly wasm: { numThreads?: number; wasmPaths?: string } };
  readonly Tensor: new (type: string, data: TypedArray, dims: readonly number[]) => unknown;
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: object): Promise<OnnxruntimeSession>;
  };
}

interface OnnxruntimeSession {
  run(feeds: Record<string, unknown>): Promise<Record<string, { readonly data: ArrayLike<number | bigint> }>>;
  release(): Promise<void>;
}

/** A session of onnxruntime-web on the work's model. Its WebAssembly lies beside its module. */
export const openOnnxruntime = async (
  library: unknown,
  { bytes, feeds, output }: PeerWork,
  { url, backend }: PeerRequest,
): Promise<Runner> => {
  const loaded = library as Partial<Onnxruntime> & { readonly default?: Onnxruntime };
  const ort = loaded.InferenceSession ? (loaded as Onnxruntime) : loaded.default;
  if (!ort?.InferenceSession) {
    throw new TilewiseError('invalid-argument', `${url} is not onnxruntime-web`, {
      hint: 'state the URL of ort.webgpu.min.mjs or ort.wasm.min.mjs',
    });
  }
  ort.env.wasm.wasmPaths ??= new URL('.', url).href;
  // More threads are started from blobs, which a strict page forbids.
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(bytes, { executionProviders: [backend] });
  const inputs = Object.fromEntries([...feeds].map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)]));
  return {
    name: `onnxruntime-web, ${backend}`,
    run: async () => Array.from((await session.run(inputs))[output]?.data ?? [], Number),
    release: () => session.release(),
  };
};
