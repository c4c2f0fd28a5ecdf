import '#tilewise';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import { runCli } from '../../src/cli/program.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import type { Dim } from '../../src/tensor/shape.js';
import { NetBuilder } from '../support/graphs.js';

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process with what it writes captured. */
export const tilewise = async (args: readonly string[], options: Parameters<typeof runCli>[2] = {}): Promise<CliResult> => {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text), interactive: false };
  const code = await runCli(args, terminal, options);
  return { code, out: out.join('\n'), err: err.join('\n') };
};

/** A folder of this test alone. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tilewise-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/**
 * Conv 1 -> 2 channels, 3 x 3, with bias; Relu; Conv 2 -> 3 channels over all that is left, under Sigmoid. Input
 * "image" of shape [batch, 1, 6, 6], output [batch, 3, 1, 1].
 */
export const smallNet = (batch: Dim = 1): Uint8Array => {
  const net = new NetBuilder();
  const image = net.input('image', 'float32', [batch, 1, 6, 6]);
  const features = net.op('Relu', [net.op('Conv', [image, net.weight([2, 1, 3, 3]), net.weight([2])])]);
  net.output(net.op('Sigmoid', [net.op('Conv', [features, net.weight([3, 2, 4, 4])])]));
  return exportOnnx(net.build());
};

/** scores = a + b, both [2, 3]. */
export const sumNet = (): Uint8Array => {
  const net = new NetBuilder();
  net.output(net.op('Add', [net.input('a', 'float32', [2, 3]), net.input('b', 'float32', [2, 3])]));
  return exportOnnx(net.build());
};

export const writeModel = async (folder: string, bytes: Uint8Array, name = 'model.onnx'): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
};

/** A PNG of gray pixels. */
export const writePicture = async (
  folder: string,
  name: string,
  width: number,
  height: number,
  gray: number[],
): Promise<string> => {
  const path = join(folder, name);
  await sharp(Uint8Array.from(gray), { raw: { width, height, channels: 1 } })
    .png()
    .toFile(path);
  return path;
};
