import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { type ManifestCase, type ManifestModel, type ManifestTensor, readManifest, readTensor } from '../src/cli/manifest.js';
import { compareNumbers, describeComparison } from '../src/tensor/compare.js';
import { fromNumbers, toNumbers } from '../src/tensor/convert.js';

// Set TILEWISE_MODELS to a folder with a manifest.json of models and cases.
const folder = process.env.TILEWISE_MODELS ?? '';

const models = existsSync(join(folder, 'manifest.json')) ? await readManifest(folder) : [];

const numbersOf = ({ type, data }: Tensor): Float64Array => toNumbers(type, data) as Float64Array;

/** Another sample with the same distribution. */
const reversed = (tensor: Tensor): Tensor =>
  new Tensor(tensor.type, fromNumbers(tensor.type, numbersOf(tensor).toReversed()), tensor.dims);

const joined = (a: Tensor, b: Tensor): Tensor => {
  const numbers = [...numbersOf(a), ...numbersOf(b)];
  const [samples = 0, ...rest] = a.dims;
  return new Tensor(a.type, fromNumbers(a.type, numbers), [2 * samples, ...rest]);
};

const expectWithin = (actual: Tensor, expected: Tensor, atol: number, rtol: number): void => {
  expect(actual.dims).toEqual(expected.dims);
  const comparison = compareNumbers(numbersOf(actual), numbersOf(expected), { atol, rtol });
  expect(comparison.equal, describeComparison(comparison)).toBe(true);
};

const absmax = (tensor: Tensor): number => numbersOf(tensor).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
const tensorsOf = async (model: ManifestModel, stored: readonly ManifestTensor[]): Promise<Record<string, Tensor>> =>
  Object.fromEntries(await Promise.all(stored.map(async (one) => [one.name, await readTensor(folder, model, one)])));
const mapped = (tensors: Record<string, Tensor>, f: (tensor: Tensor, name: string) => Tensor): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, f(tensor, name)]));

describe.runIf(models.length > 0)('a batch of', () => {
  it.each(models)('$id gives what single runs give', async (model) => {
    const session = await InferenceSession.create(readFileSync(join(folder, model.file)), { batch: 'dynamic' });
    const [single] = model.cases as [ManifestCase];
    const first = await tensorsOf(model, single.inputs);
    const second = mapped(first, reversed);
    const singles = [await session.run(first), await session.run(second)] as const;
    const both = await session.run(mapped(first, (tensor, name) => joined(tensor, second[name] as Tensor)));
    for (const [name, output] of Object.entries(both)) {
      const expected = joined(singles[0][name] as Tensor, singles[1][name] as Tensor);
      expectWithin(output, expected, 1e-5 * Math.max(1, absmax(expected)), 1e-5);
    }
    for (const { inputs, outputs } of model.cases.filter((one) => (one.inputs[0]?.dims[0] ?? 1) > 1)) {
      const results = await session.run(await tensorsOf(model, inputs));
      for (const golden of outputs) {
        const expected = await readTensor(folder, model, golden);
        expectWithin(results[golden.name] as Tensor, expected, golden.tol_hint_abs ?? 1e-4, 1e-3);
      }
    }
    await session.release();
  });
});
