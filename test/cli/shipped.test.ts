import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/cli/files.js';
import { temporaryFolder, tilewise } from './support.js';

const model = join(packageRoot(), 'models', 'lenet5.onnx');
const digit = (label: number): string => join(packageRoot(), 'models', 'digits', `${label}.png`);
const labels = Array.from({ length: 10 }, (_, label) => label);

/** The label that the model ranks first for each picture. */
const read = async (args: readonly string[]): Promise<number[]> => {
  const { code, err, out } = await tilewise(['run', ...args, '--runs', '1', '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const { results } = JSON.parse(out) as { results: { outputs: { rankings: { top: { label: string }[] }[] }[] }[] };
  return results.map(({ outputs }) => Number(outputs[0]?.rankings[0]?.top[0]?.label));
};

describe('the LeNet-5 of the package', () => {
  it('reads a seven when nothing is said', async () => {
    expect(await read([])).toEqual([7]);
  });

  it('reads every digit', async () => {
    expect(await read([model, ...labels.map(digit)])).toEqual(labels);
  });

  it('reads ink on paper, in colour and not square', async () => {
    const folder = temporaryFolder();
    const pictures = await Promise.all(
      labels.map(async (label) => {
        const path = join(folder, `${label}.jpg`);
        const ink = await sharp(digit(label)).negate().png().toBuffer();
        await sharp(ink).extend({ left: 10, right: 10, background: '#fff' }).tint('#f5e6d0').jpeg().toFile(path);
        return path;
      }),
    );
    expect(await read([model, ...pictures])).toEqual(labels);
  });

  it('agrees with the reference', async () => {
    expect((await tilewise(['compare', model, digit(4)])).code).toBe(0);
  });
});
