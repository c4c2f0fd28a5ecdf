import { InferenceSession, Tensor } from '../src/index.js';
import { platform, setPlatform } from '../src/platform.js';

/**
 * This runtime behind the interface of a benchmark harness that runs several runtimes side by side: a host array in, a
 * host array out, and n runs on an input that stays on the GPU with one wait at the end.
 */
export interface LoadedPeer {
  run(x: Float32Array): Promise<Float32Array>;
  preparePipe(x: Float32Array): Promise<void>;
  pipe(count: number): Promise<void>;
  dispose(): Promise<void>;
}

interface HarnessGraph {
  readonly inputs: readonly { readonly dims: readonly number[] }[];
}

// In Node, wait as tilewise/node does: the harness brings its own Dawn, and this file must load in pages too.
if (globalThis.process?.versions?.node && !process.env.TILEWISE_BUSY_WAIT) {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  setPlatform({ ...platform(), pause: () => void Atomics.wait(cell, 0, 0, 0.1) });
}

export const createPeer = async ({ gpu = globalThis.navigator?.gpu }: { gpu?: GPU } = {}) => {
  let device: GPUDevice;
  return {
    kind: 'gpu',
    async init() {
      const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
      if (!adapter) throw new Error('no WebGPU adapter');
      const requiredLimits = {
        maxBufferSize: adapter.limits.maxBufferSize,
        maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize,
        maxStorageBuffersPerShaderStage: adapter.limits.maxStorageBuffersPerShaderStage,
        maxComputeWorkgroupStorageSize: adapter.limits.maxComputeWorkgroupStorageSize,
      };
      const requiredFeatures = (['subgroups', 'timestamp-query'] as const).filter((feature) => adapter.features.has(feature));
      device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
      return { adapter: adapter.info.description };
    },
    async load(graph: HarnessGraph, bytes: Uint8Array): Promise<LoadedPeer> {
      const session = await InferenceSession.create(bytes, { device });
      const [input] = session.inputNames as [string];
      const [output] = session.outputNames as [string];
      const dims = graph.inputs[0]?.dims ?? [];
      let resident: Tensor | undefined;
      return {
        async run(x) {
          const outputs = await session.run({ [input]: new Tensor('float32', x, dims) });
          return outputs[output]?.data as Float32Array;
        },
        async preparePipe(x) {
          resident = new Tensor('float32', x, dims);
        },
        async pipe(count) {
          let last: Tensor | undefined;
          for (let i = 0; i < count; i++) {
            last?.dispose();
            last = (await session.run({ [input]: resident as Tensor }, { outputLocation: 'gpu' }))[output];
          }
          await last?.getData();
          last?.dispose();
        },
        dispose: () => session.release(),
      };
    },
  };
};
