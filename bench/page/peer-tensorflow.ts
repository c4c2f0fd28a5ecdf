import { TilewiseError } from '../../src/errors.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { bindShapes } from '../../src/passes/bind-shapes.js';
import type { PeerWork, Runner } from './peers.js';
import type { PeerRequest } from './protocol.js';
import { TensorflowGraph } from './tensorflow-graph.js';
import type { Tensorflow } from './tensorflow-types.js';

/** The module of a backend beside that of the core: tfjs-core becomes tfjs-backend-webgpu. */
export const backendUrl = (core: string, backend: PeerRequest['backend']): string =>
  core.replace('tfjs-core', `tfjs-backend-${backend}`);

/** The model in calls of TensorFlow.js, which reads no ONNX: this page makes them from the graph. */
export const openTensorflow = async (library: unknown, work: PeerWork, { url, backend }: PeerRequest): Promise<Runner> => {
  const tf = await openBackend(library, url, backend);
  const shapes = new Map([...work.feeds].map(([name, { dims }]) => [name, dims]));
  const graph = new TensorflowGraph(tf, bindShapes(importOnnx(work.bytes), shapes));
  return {
    name: `TensorFlow.js, ${tf.getBackend()}`,
    run: async () => {
      const output = graph.run(work.feeds, work.output);
      try {
        return await output.data();
      } finally {
        output.dispose();
      }
    },
    release: async () => graph.dispose(),
  };
};

const openBackend = async (library: unknown, url: string, backend: PeerRequest['backend']): Promise<Tensorflow> => {
  const loaded = library as Partial<Tensorflow> & { readonly default?: Tensorflow };
  const tf = loaded.setBackend ? (loaded as Tensorflow) : loaded.default;
  if (!tf?.setBackend) {
    throw new TilewiseError('invalid-argument', `${url} is not TensorFlow.js`, {
      hint: 'state the URL of an ES module of @tensorflow/tfjs-core',
    });
  }
  const own = backendUrl(url, backend);
  if (own !== url) {
    const added = (await import(/* @vite-ignore */ own)) as { readonly setWasmPaths?: (folder: string) => void };
    // Its files lie in the package's own folder; more threads are started from blobs, which a strict page forbids.
    added.setWasmPaths?.(new URL(own.endsWith('/+esm') ? './dist/' : '.', own).href);
    if (backend === 'wasm') tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  }
  if (!(await tf.setBackend(backend))) {
    throw new TilewiseError('not-found', `TensorFlow.js has no backend '${backend}' here`, { hint: 'choose the other backend' });
  }
  await tf.ready();
  return tf;
};
