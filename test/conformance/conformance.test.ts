import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tensorProtoOf } from '../../src/exporters/onnx-tensor.js';
import { writeMessage } from '../../src/exporters/onnx-wire.js';
import { tensorProto } from '../../src/importers/onnx/proto.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { sumNet, temporaryFolder, tilewise } from '../cli/support.js';
import { info, modelBytes, node } from '../importers/models.js';

interface TestParts {
  readonly model?: Uint8Array;
  readonly inputs?: readonly Tensor[];
  /** The outputs of each data set. */
  readonly outputs: readonly (readonly Tensor[])[];
}

const floats = (numbers: readonly number[], dims = [2, 3]): Tensor => new Tensor('float32', numbers, dims);
const a = floats([0.5, 0.25, -1, 3, 2, 1]);
const b = floats([1, 1, 1, 1, 1, 1]);
const sums = [1.5, 1.25, 0, 4, 3, 2];

const writeTest = async (
  root: string,
  name: string,
  { model = sumNet(), inputs = [a, b], outputs }: TestParts,
): Promise<void> => {
  const folder = join(root, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.onnx'), model);
  for (const [set, expected] of outputs.entries()) {
    const data = join(folder, `test_data_set_${set}`);
    await mkdir(data);
    const write = async (prefix: string, tensors: readonly Tensor[]): Promise<void> => {
      for (const [i, tensor] of tensors.entries()) {
        await writeFile(join(data, `${prefix}_${i}.pb`), writeMessage(tensorProto, tensorProtoOf(tensor, '')));
      }
    };
    await write('input', inputs);
    await write('output', expected);
  }
};

const unknown = modelBytes({ nodes: [node('Mystery', ['x'], ['y'])] });

/** A suite with a test of each outcome. */
const suite = async (): Promise<string> => {
  const root = temporaryFolder();
  await writeTest(root, 'node/test_good', { outputs: [[floats(sums)], [floats(sums.map((v) => v * 1.0009))]] });
  await writeTest(root, 'node/test_wrong', { outputs: [[floats(sums)], [floats(sums.map((v) => v * 1.002))]] });
  await writeTest(root, 'simple/test_refused', { model: unknown, outputs: [[floats(sums)]] });
  await writeTest(root, 'simple/test_threw', { model: new Uint8Array([1, 2, 3]), outputs: [[floats(sums)]] });
  return root;
};

const report = async (...args: string[]) => {
  const file = join(temporaryFolder(), 'report.json');
  const result = await tilewise(['conformance', ...args, '--json', file]);
  return { ...result, report: JSON.parse(await readFile(file, 'utf8')) };
};

const outcomesOf = (tests: { name: string; outcome: string }[]) => tests.map(({ name, outcome }) => [name, outcome]);

describe('conformance', () => {
  it('tells passed, wrong, refused and threw apart', async () => {
    const { code, out, err, report: results } = await report(await suite(), '--reasons');
    expect(code).toBe(1);
    expect(outcomesOf(results.tests)).toEqual([
      ['node/test_good', 'passed'],
      ['node/test_wrong', 'wrong'],
      ['simple/test_refused', 'refused'],
      ['simple/test_threw', 'threw'],
    ]);
    expect(results.totals).toEqual({ passed: 1, wrong: 1, refused: 1, threw: 1 });
    expect(results.operators.Add).toEqual({ passed: 1, wrong: 1, refused: 0, threw: 0 });
    expect(results.tests[1].reason).toMatch(/differs in 5 of 6 elements; at 3: 4, not 4.00[78]/);
    expect(out).toMatch(/^Add +2 +1 +1$/m);
    expect(out).toMatch(/^ +1 +refused: this operator is not supported: Mystery/m);
    expect(out).toContain('all: 4 tests, 1 passed, 1 wrong, 1 refused, 1 threw');
    expect(out).toContain('all of simple: 2 tests, 0 passed, 0 wrong, 1 refused, 1 threw');
    expect(err).toMatch(/^wrong: node\/test_wrong: 'Add_0.out' differs/m);
  });

  it.each<[string, Tensor, RegExp]>([
    ['another shape', floats(sums, [3, 2]), /has shape \[2, 3\], not \[3, 2\]/],
    ['another type', new Tensor('float64', sums, [2, 3]), /is float32, not float64/],
    ['NaN', floats(sums.with(2, Number.NaN)), /at 2: 0, not NaN/],
    ['beyond 1e-7 where 0 is expected', floats(sums.with(2, 2e-7)), /at 2: 0, not 2.0/],
  ])('is wrong: %s', async (_, expected, message) => {
    const root = temporaryFolder();
    await writeTest(root, 'test', { outputs: [[expected]] });
    const { report: results } = await report(root);
    expect(results.tests[0]).toMatchObject({ outcome: 'wrong', reason: expect.stringMatching(message) });
  });

  it('takes NaN for NaN, and integers exactly', async () => {
    const root = temporaryFolder();
    const nan = (a.data as Float32Array).with(0, Number.NaN);
    await writeTest(root, 'nan', {
      inputs: [new Tensor('float32', nan, [2, 3]), b],
      outputs: [[floats(sums.with(0, Number.NaN))]],
    });
    const integers = modelBytes({
      nodes: [node('Abs', ['x'], ['y'])],
      inputs: [info('x', [1], 'int32')],
      outputs: [info('y', [1], 'int32')],
    });
    const one = (v: number): Tensor => new Tensor('int32', [v]);
    await writeTest(root, 'right', { model: integers, inputs: [one(-99999)], outputs: [[one(99999)]] });
    await writeTest(root, 'wrong', { model: integers, inputs: [one(-99999)], outputs: [[one(99998)]] });
    const { report: results } = await report(root);
    expect(outcomesOf(results.tests)).toEqual([
      ['nan', 'passed'],
      ['right', 'passed'],
      ['wrong', 'wrong'],
    ]);
  });

  it('feeds values that decide shapes', async () => {
    const root = temporaryFolder();
    const inputs = [info('x', [2, 3]), info('shape', [2], 'int64')];
    const model = modelBytes({ nodes: [node('Reshape', ['x', 'shape'], ['y'])], inputs, outputs: [info('y', [3, 2])] });
    await writeTest(root, 'test', {
      model,
      inputs: [a, new Tensor('int64', [3, -1])],
      outputs: [[floats([...a.data] as number[], [3, 2])]],
    });
    expect((await tilewise(['conformance', root])).code).toBe(0);
  });

  it('fails where a test of the list does not pass', async () => {
    const root = await suite();
    const list = join(temporaryFolder(), 'passes.json');
    await writeFile(list, JSON.stringify(['node/test_good', 'simple/test_refused', 'gone']));
    const { code, err } = await tilewise(['conformance', root, '--expect', list]);
    expect(code).toBe(1);
    expect(err).toMatch(/^no longer passes: simple\/test_refused \(refused: .*Mystery/m);
    expect(err).toContain('no longer passes: gone (there is no such test)');
    expect(err).not.toContain('no longer passes: node/test_good');
    const good = await tilewise(['conformance', root, '--expect', list, '--filter', 'good']);
    expect(good).toMatchObject({ code: 0, err: '' });
  });

  it('writes the list', async () => {
    const root = await suite();
    const list = join(temporaryFolder(), 'passes.json');
    await tilewise(['conformance', root, '--expect', list, '--update']);
    expect(await readFile(list, 'utf8')).toBe('[\n  "node/test_good"\n]\n');
    for (const args of [['--update'], ['--update', '--expect', list, '--filter', 'refused']]) {
      const { code, err } = await tilewise(['conformance', root, ...args]);
      expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('--update needs --expect FILE') });
    }
    expect(await readFile(list, 'utf8')).toContain('node/test_good');
  });

  it('counts core tests apart', async () => {
    const root = await suite();
    const core = join(root, 'core.json');
    await writeFile(core, JSON.stringify({ ops: ['Add'], types: [1] }));
    const { out, report: results } = await report(root, '--core', core);
    expect(results.core).toEqual({ passed: 1, wrong: 1, refused: 0, threw: 0 });
    expect(out).toContain('core: 2 tests, 1 passed, 1 wrong');
    await writeFile(core, JSON.stringify({ ops: ['Add'], types: [7] }));
    expect((await report(root, '--core', core)).report.core).toEqual({ passed: 0, wrong: 0, refused: 0, threw: 0 });
  });

  it('tells several folders apart', async () => {
    const root = await suite();
    const { report: results } = await report(join(root, 'node'), join(root, 'simple'), '--filter', 'e');
    expect(results.tests.map(({ name }: { name: string }) => name)).toContain('simple/test_refused');
    expect(results.tests).toHaveLength(4);
  });

  it('says when there is nothing to run', async () => {
    const none = join(temporaryFolder(), 'none');
    expect((await tilewise(['conformance', none])).err).toMatch(/^error: there is no folder/m);
    expect((await tilewise(['conformance', temporaryFolder()])).err).toMatch(/^error: no tests in/m);
    expect((await tilewise(['conformance', await suite(), '--filter', 'absent'])).err).toMatch(/'absent' in their names/);
  });
});

describe('the committed lists', () => {
  it.each(['passes-opset17.json', 'passes-opset28.json'])('%s is sorted, without doubles', async (file) => {
    const path = new URL(file, import.meta.url);
    expect(existsSync(path)).toBe(true);
    const names = JSON.parse(await readFile(path, 'utf8')) as string[];
    expect(names.length).toBeGreaterThan(300);
    expect(names).toEqual([...new Set(names)].sort());
  });
});
