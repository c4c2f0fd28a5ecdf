import * as ort from 'onnxruntime-node';
import { toNumbers } from '../../src/tensor/convert.js';
import type { Tensor } from '../../src/tensor/tensor.js';

export interface OnnxRuntimeModel {
  /** Outputs in the model's order, of float32 feeds. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Float64Array[]>;
}

/** A model in onnxruntime, on the CPU. */
export const openInOnnxRuntime = async (model: Uint8Array): Promise<OnnxRuntimeModel> => {
  const session = await ort.InferenceSession.create(model, { executionProviders: ['cpu'], logSeverityLevel: 3 });
  return {
    run: async (feeds) => {
      const inputs = Object.entries(feeds).map(([name, { data, dims }]) => [
        name,
        new ort.Tensor('float32', data as Float32Array, dims),
      ]);
      const results = await session.run(Object.fromEntries(inputs));
      return session.outputNames.map((name) => toNumbers('float32', results[name]?.data as Float32Array));
    },
  };
};
