import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { paretoFront } from '../../src/cli/card.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { NetBuilder } from '../support/graphs.js';
import { smallNet, temporaryFolder, tilewise, writeModel } from './support.js';

/** 4 x 4 pixels to scores of 2 classes: the sum of the upper half against that of the lower. */
const halves = (): Uint8Array => {
  const b = new NetBuilder();
  const weights = Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? Number(i < 16) : Number(i >= 16)));
  const flat = b.op('Flatten', [b.input('image', 'float32', [1, 1, 4, 4])]);
  b.output(b.op('MatMul', [flat, b.values([16, 2], weights)]));
  return exportOnnx(b.build());
};

describe('inspect --card', () => {
  it('draws a model with its costs, kernels and passes', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet('batch'), 'small.onnx');
    const card = join(folder, 'cards', 'card.html');
    const { code, out, err } = await tilewise(['inspect', '--card', card, model, '--dims', 'batch=2', '--runs', '1']);
    expect({ code, out, err }).toEqual({ code: 0, out: `written: ${card}`, err: '' });
    const page = await readFile(card, 'utf8');
    for (const text of ['Model card of small.onnx', 'small.onnx, layer by layer', 'Conv + Relu', '>768</dd>', 'fuse-', 'a run']) {
      expect(page).toContain(text);
    }
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
    expect(page).not.toContain('Side by side');
  });

  it('holds several models against each other, with their accuracy on labelled data', async () => {
    const folder = temporaryFolder();
    const paths = [await writeModel(folder, halves(), 'a.onnx'), await writeModel(folder, halves(), 'b.onnx')];
    const data = join(folder, 'data');
    const pixels = (bright: (i: number) => boolean): Uint8Array =>
      new Uint8Array(Float32Array.from({ length: 16 }, (_, i) => (bright(i) ? 1 : 0)).buffer);
    await tilewise(['run', paths[0]!, '--output', data]);
    await writeFile(
      join(data, 'up.bin'),
      pixels((i) => i < 8),
    );
    await writeFile(
      join(data, 'down.bin'),
      pixels((i) => i >= 8),
    );
    await writeFile(
      join(data, 'odd.bin'),
      pixels((i) => i >= 8),
    );
    await writeFile(join(data, 'labels.json'), JSON.stringify({ 'up.bin': 0, 'down.bin': 1, 'odd.bin': 0 }));
    const card = join(folder, 'card.html');
    const { code, err } = await tilewise(['inspect', '--card', card, ...paths, '--labelled', data, '--runs', '1']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const page = await readFile(card, 'utf8');
    for (const text of [
      'Side by side',
      'Accuracy over time',
      'Time over multiply-accumulates',
      'Time over memory traffic',
      '66.7 %',
    ]) {
      expect(page).toContain(text);
    }
    expect(page).not.toMatch(/NaN|undefined/);
  });

  it('times nothing where it is told so, and tells models of one name apart', async () => {
    const [one, other] = [temporaryFolder(), temporaryFolder()];
    const paths = [await writeModel(one, smallNet()), await writeModel(other, smallNet())];
    const card = join(one, 'card.html');
    expect((await tilewise(['inspect', '--card', card, ...paths, '--no-time'])).code).toBe(0);
    const page = await readFile(card, 'utf8');
    expect(page).not.toContain('a run</dt>');
    expect(page).toContain('Memory traffic over multiply-accumulates');
    for (const folder of [one, other]) expect(page).toContain(`${folder.split('/').at(-1)}/model.onnx`);
  });

  it('leaves nothing behind where a model cannot be read', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, Uint8Array.of(1, 2, 3));
    const card = join(folder, 'card.html');
    expect((await tilewise(['inspect', '--card', card, model, '--no-time'])).code).toBe(1);
    await expect(readFile(card)).rejects.toThrow('ENOENT');
    const two = await tilewise(['inspect', model, model]);
    expect(two.err).toContain('hint: write a page of several with --card FILE');
  });
});

describe('paretoFront', () => {
  const front = (points: [number, number][], most: boolean) =>
    paretoFront(
      points,
      ([x]) => x,
      ([, y]) => y,
      most,
    );

  it('keeps what no other betters in both', () => {
    const points: [number, number][] = [
      [3, 80],
      [1, 60],
      [2, 50],
      [4, 80],
      [2, 70],
    ];
    expect(front(points, true)).toEqual([
      [1, 60],
      [2, 70],
      [3, 80],
    ]);
    expect(front(points, false)).toEqual([
      [1, 60],
      [2, 50],
    ]);
    expect(front([], true)).toEqual([]);
  });
});
