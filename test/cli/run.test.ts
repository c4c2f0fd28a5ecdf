import { readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { readNpy, writeNpy } from '../../src/cli/npy.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { compareNumbers, tolerances } from '../../src/tensor/compare.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { smallNet, sumNet, temporaryFolder, tilewise, writeModel, writePicture } from './support.js';

const gray = Array.from({ length: 36 }, (_, i) => (i * 53) % 256);

/** What the CPU reference makes of a picture that needs no resizing. */
const expectedScores = (bytes: Uint8Array, value: (gray: number) => number): ArrayLike<number> => {
  const graph = importOnnx(bytes);
  const image = new Tensor('float32', Float32Array.from(gray, value), [1, 1, 6, 6]);
  return runGraph(graph, new Map([['image', image]])).get(graph.outputs[0] as string)?.data as Float32Array;
};

const onlyFile = async (folder: string): Promise<Tensor> => {
  const [file, ...more] = readdirSync(folder);
  expect(more).toEqual([]);
  return readNpy(await readFile(join(folder, file as string)));
};

describe('run', () => {
  it('runs a model on a picture, with the preprocessing that lies beside it', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet());
    const picture = await writePicture(folder, 'gray.png', 6, 6, gray);
    const output = join(folder, 'out');
    const plain = await tilewise(['run', model, picture, '--runs', '2', '--output', output]);
    expect(plain.code).toBe(0);
    expect(plain.err).toBe('note: no preprocessing file: stretch to [6, 6], gray, nchw, scale 1/255');
    expect(plain.out).toMatch(/^adapter {4}\S/);
    expect(plain.out).toMatch(/^median .* of 2 runs$/m);
    expect(plain.out).toMatch(/^Conv_0 +Conv \+ Relu +conv\S*.* 288 +20$/m);
    expect(plain.out).toMatch(/^total +384 +116$/m);
    const scores = await onlyFile(output);
    expect(scores.dims).toEqual([1, 3, 1, 1]);
    const close = (tensor: Tensor, value: (gray: number) => number): boolean =>
      compareNumbers(tensor.data as Float32Array, expectedScores(smallNet(), value), tolerances.transcendental).equal;
    expect(close(scores, (v) => v / 255)).toBe(true);
    expect(close(scores, (v) => v / 127.5 - 1)).toBe(false);

    await writeFile(join(folder, 'model.preprocessing.json'), '{"width":6,"height":6,"channels":"gray","mean":0.5,"std":0.5}');
    const described = await tilewise(['run', model, picture, '--runs', '1', '--output', output]);
    expect(described.err).toBe('');
    expect(close(await onlyFile(output), (v) => v / 127.5 - 1)).toBe(true);
  });

  it('runs one input after the other', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet());
    const pictures = [await writePicture(folder, 'a.png', 6, 6, gray), await writePicture(folder, 'b.png', 12, 3, gray)];
    const { out } = await tilewise(['run', model, ...pictures, '--runs', '1', '--output', join(folder, 'out'), '--json']);
    const report = JSON.parse(out);
    expect(report.results.map(({ input }: { input: string }) => input)).toEqual(pictures);
    expect(Object.keys(report)).toEqual(['model', 'adapter', 'loadMs', 'firstRunMs', 'medianMs', 'layers', 'results', 'runs']);
    expect(readdirSync(join(folder, 'out'))).toHaveLength(2);
  });

  it('takes several inputs by name, as .npy and raw files, and ranks classes', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, sumNet());
    const a = join(folder, 'a=1.npy');
    await writeFile(a, writeNpy(new Tensor('float64', [0.1, 0.2, 0.1, 1, 2, 3], [2, 3])));
    const b = join(folder, 'b.bin');
    await writeFile(b, new Uint8Array(Float32Array.from([0.1, 0.5, 0, 1, 1, 1]).buffer));
    const labels = join(folder, 'labels.txt');
    await writeFile(labels, 'cat\ndog\nbird\n');
    const args = ['run', model, `b=${b}`, a, '--runs', '1', '--top', '2', '--labels', labels];
    expect((await tilewise(args)).err).toContain("'" + a + "' is one input too many");
    const { code, out } = await tilewise(['run', model, `b=${b}`, `a=${a}`, ...args.slice(4)]);
    expect(code).toBe(0);
    expect(out).toContain('  70.00 %  dog\n    20.00 %  cat\n');
    expect(out).toContain('(probabilities by softmax of the outputs)\n    66.52 %  bird\n    24.47 %  dog\n');
    expect(out).not.toMatch(/% {2}cat\n.*% {2}bird\n.*% {2}dog/);
  });

  it('reads the batch off the size of a raw file', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet('batch'));
    const raw = join(folder, 'x.bin');
    await writeFile(raw, new Uint8Array(4 * 36 * 5));
    const { out } = await tilewise(['run', model, raw, '--runs', '1', '--json']);
    expect(JSON.parse(out).results[0].outputs[0].shape).toEqual([5, 3, 1, 1]);
    await writeFile(raw, new Uint8Array(4 * 36 * 5 + 4));
    expect((await tilewise(['run', model, raw])).err).toContain("does not fit input 'image' of shape [1, 1, 6, 6]");
  });

  it('makes random data where no input is given', async () => {
    const model = await writeModel(temporaryFolder(), smallNet('batch'));
    const { code, err, out } = await tilewise(['run', model, '--runs', '1', '--dims', 'batch=2', '--json']);
    expect(code).toBe(0);
    expect(err).toBe('note: no inputs given: random data (seed 1)');
    expect(JSON.parse(out).results[0].outputs[0].shape).toEqual([2, 3, 1, 1]);
  });

  it('refuses what cannot be an input', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet());
    const text = join(folder, 'picture.png');
    await writeFile(text, 'no picture');
    const error = async (...args: string[]): Promise<string> => (await tilewise(['run', model, ...args])).err;
    expect(await error(text)).toMatch(/^error: cannot decode .*picture\.png/);
    expect(await error('label=x.png')).toContain("'label' is not an input of the model");
    const ints = join(folder, 'x.npy');
    await writeFile(ints, writeNpy(new Tensor('int32', new Int32Array(36), [1, 1, 6, 6])));
    expect(await error(ints)).toContain("hint: save x.astype('float32')");
    const preprocessing = join(folder, 'p.json');
    await writeFile(preprocessing, '{"width": 6, "hight": 6}');
    expect(await error(ints, '--preprocessing', preprocessing)).toContain("p.json: preprocessing: 'hight' is not a known key");
  });

  it('gives outputs plain file names and never half a file', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, sumNet());
    const output = join(folder, 'out');
    await mkdir(output);
    await tilewise(['run', model, '--runs', '1', '--output', output]);
    expect(readdirSync(output)).toEqual(['Add_0.out.npy']);
  });
});
