import { expect } from 'vitest';
import { InferenceSession, type SessionOptions, type Tensor } from '#tilewise';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { optimize } from '../../src/passes/index.js';
import { compareNumbers, describeComparison, tolerances } from '../../src/tensor/compare.js';
import { fromNumbers, toNumbers } from '../../src/tensor/convert.js';
import type { DType } from '../../src/tensor/dtype.js';
import { Tensor as HostTensor } from '../../src/tensor/tensor.js';
import { type ModelParts, modelBytes } from '../importers/models.js';

export type Feeds = Readonly<Record<string, Tensor>>;

export const tensor = (dtype: DType, dims: readonly number[], numbers: readonly number[]): Tensor =>
  new HostTensor(dtype, fromNumbers(dtype, numbers), dims);

export const floats = (...numbers: number[]): Tensor => tensor('float32', [numbers.length], numbers);

export const numbersOf = ({ type, data }: Tensor): number[] => Array.from(toNumbers(type, data), (v) => v + 0);

/** A session of a model, whose every run is compared with the CPU reference. */
export const openModel = async (parts: ModelParts, options?: SessionOptions) => {
  const bytes = modelBytes(parts);
  const session = await InferenceSession.create(bytes, options);
  const run = async (feeds: Feeds): Promise<Record<string, Tensor>> => {
    const outputs = await session.run(feeds);
    const expected = runGraph(optimize(importOnnx(bytes)), new Map(Object.entries(feeds)));
    for (const name of session.outputNames) {
      const [got, want] = [outputs[name] as Tensor, expected.get(name) as Tensor];
      expect({ type: got.type, dims: got.dims }, name).toEqual({ type: want.type, dims: want.dims });
      const comparison = compareNumbers(
        toNumbers(got.type, got.data),
        toNumbers(want.type, want.data),
        tolerances.transcendental,
      );
      expect(comparison.equal, `${name}: ${describeComparison(comparison)}`).toBe(true);
    }
    return outputs;
  };
  return { session, run };
};
