import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import { packageRoot } from '../../src/cli/files.js';
import { writeNpy } from '../../src/cli/npy.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { NetBuilder } from '../support/graphs.js';
import { openInOnnxRuntime } from '../support/onnxruntime.js';
import { smallNet, sumNet, temporaryFolder, tilewise, writeModel, writePicture } from './support.js';

const lenet = join(packageRoot(), 'models', 'lenet5.onnx');
const digits = join(packageRoot(), 'models', 'digits');

/** A folder of ten digits in folders named by what they are. */
const labelledDigits = async (): Promise<string> => {
  const folder = temporaryFolder();
  for (let label = 0; label < 10; label++) {
    await mkdir(join(folder, String(label)));
    await writeFile(join(folder, String(label), 'digit.png'), await readFile(join(digits, `${label}.png`)));
  }
  return folder;
};

const random4d = (rows: number): Tensor => {
  const next = random(3);
  const data = Float32Array.from({ length: rows * 36 }, () => 2 * next() - 1);
  return new Tensor('float32', data, [rows, 1, 6, 6]);
};

describe('quantize', () => {
  it('makes a smaller model that finds the same digits, and a report', async () => {
    const folder = temporaryFolder();
    const [output, report] = [join(folder, 'int8.onnx'), join(folder, 'report.html')];
    const labelled = await labelledDigits();
    const args = ['quantize', lenet, '-o', output, '--calibrate', digits, '--labelled', labelled, '--report', report];
    const { code, out, err } = await tilewise(args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^size {6}247,928 bytes became \d\d,\d{3}: 0\.2[67]\dx$/m);
    expect(out).toMatch(/^accuracy {2}100\.00 % became 100\.00 %: 0\.00 points, on 10 items$/m);
    expect(out).toMatch(/^speed /m);
    expect(out).toMatch(/^written {3}.*int8\.onnx$/m);
    expect(readdirSync(folder).sort()).toEqual(['int8.onnx', 'report.html', 'report.json']);
    const quantized = await readFile(output);
    expect(importOnnx(quantized).nodes.some(({ op }) => op === 'QuantizeLinear')).toBe(true);
    await openInOnnxRuntime(quantized);
    const found = await tilewise([
      'run',
      output,
      join(digits, '7.png'),
      '--preprocessing',
      lenet.replace('.onnx', '.preprocessing.json'),
      '--runs',
      '1',
      '--json',
    ]);
    expect(JSON.parse(found.out).results[0].outputs[0].rankings[0].top[0].label).toBe('7');
    const json = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'));
    expect(json).toMatchObject({ samples: 10, labelled: 10, accuracy: { before: 1, after: 1 }, skipped: [] });
    expect(json.speed).toEqual({
      adapter: expect.any(String),
      software: expect.any(Boolean),
      before: expect.any(Number),
      after: expect.any(Number),
    });
    expect(json.ratio).toBeLessThanOrEqual(0.27);
    expect(json.layers).toHaveLength(5);
    for (const { resultError } of json.layers) expect(resultError).toBeLessThan(0.1);
    const html = await readFile(report, 'utf8');
    expect(html.match(/<svg/g)?.length).toBeGreaterThan(5);
    expect(html).toContain('accuracy before, 10 items');
  });

  it('rounds weights to int4 by GPTQ, with its own settings', async () => {
    const output = join(temporaryFolder(), 'int4.onnx');
    const args = [
      'quantize',
      lenet,
      '-o',
      output,
      '--weights',
      'int4',
      '--method',
      'gptq',
      '--calibrate',
      digits,
      '--samples',
      '4',
    ];
    const { code, out } = await tilewise([...args, '--damping', '0.02', '--block-size', '64', '--no-act-order', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report.ratio).toBeLessThan(0.18);
    expect(report.samples).toBe(4);
    for (const { method, outputMse } of report.layers) {
      expect(method).toBe('gptq');
      expect(outputMse.gptq).toBeLessThan(0.5 * outputMse.rtn);
    }
  });

  it.each([
    ['min-max', 'tensor', []],
    ['percentile', 'channel', ['--percentile', '99', '--equalize', '--correct-bias']],
    ['mse', 'channel', ['--clip', 'mse', '--asymmetric']],
    ['entropy', 'channel', []],
  ])('chooses ranges by %s, a scale by %s, %j', async (ranges, granularity, more) => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet());
    const [data, output] = [join(folder, 'data.npy'), join(folder, 'out.onnx')];
    await writeFile(data, writeNpy(random4d(12)));
    const args = [
      'quantize',
      model,
      '-o',
      output,
      '--calibrate',
      data,
      '--activations',
      'int8',
      '--symmetric-activations',
      '--json',
    ];
    const { code, out, err } = await tilewise([...args, '--ranges', ranges, '--granularity', granularity, ...more]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { activations } = JSON.parse(out) as { activations: { type: string; zeroPoint: number }[] };
    expect(activations.length).toBeGreaterThan(0);
    for (const { type, zeroPoint } of activations) expect({ type, zeroPoint }).toEqual({ type: 'int8', zeroPoint: 0 });
    const graph = importOnnx(await readFile(output));
    const weights = graph.nodes.find(
      ({ op, inputs }) =>
        op === 'DequantizeLinear' &&
        (graph.values.get(inputs[0] as string)?.shape?.length ?? 0) > 1 &&
        graph.values.get(inputs[0] as string)?.tensor,
    );
    expect(graph.values.get(weights?.inputs[1] as string)?.shape).toHaveLength(granularity === 'tensor' ? 0 : 1);
    expect(weights?.inputs).toHaveLength(more.includes('--asymmetric') ? 3 : 2);
  });

  it('needs no data for weights alone', async () => {
    const output = join(temporaryFolder(), 'weights.onnx');
    const { code, out } = await tilewise(['quantize', lenet, '-o', output, '--activations', 'none', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ samples: 0, activations: [], layers: expect.arrayContaining([]) });
    expect(importOnnx(await readFile(output)).nodes.some(({ op }) => op === 'QuantizeLinear')).toBe(false);
  });

  it('leaves nodes out by name, or until accuracy is kept', async () => {
    const folder = temporaryFolder();
    const output = join(folder, 'some.onnx');
    const skipped = await tilewise([
      'quantize',
      lenet,
      '-o',
      output,
      '--activations',
      'none',
      '--skip',
      'fc*',
      '--skip',
      'conv1.sums',
      '--json',
    ]);
    expect(JSON.parse(skipped.out).skipped).toEqual(['conv1.sums', 'fc1.sums', 'fc2.sums']);
    const within = await tilewise([
      'quantize',
      lenet,
      '-o',
      output,
      '--calibrate',
      digits,
      '--labelled',
      await labelledDigits(),
      '--max-drop',
      '0.5',
      '--json',
    ]);
    expect(JSON.parse(within.out)).toMatchObject({ skipped: [], accuracy: { before: 1, after: 1 } });
  });

  it('reads rows of one .npy file, and labels beside it', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet());
    const data = join(folder, 'data');
    await mkdir(data);
    await writeFile(join(data, 'inputs.npy'), writeNpy(random4d(12)));
    await writeFile(
      join(data, 'labels.npy'),
      writeNpy(
        new Tensor(
          'int64',
          BigInt64Array.from({ length: 12 }, (_, i) => BigInt(i % 3)),
          [12],
        ),
      ),
    );
    const output = join(folder, 'out.onnx');
    const { code, out } = await tilewise([
      'quantize',
      model,
      '-o',
      output,
      '--calibrate',
      join(data, 'inputs.npy'),
      '--labelled',
      data,
      '--json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ samples: 12, labelled: 12 });
  });

  it('reads labels from a list, and classes by their names', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet());
    const gray = Array.from({ length: 36 }, (_, i) => (i * 37) % 256);
    await writePicture(folder, 'a.png', 6, 6, gray);
    await writeFile(join(folder, 'labels.json'), '{"a.png": 2}');
    const named = join(folder, 'named');
    await mkdir(join(named, 'dog'), { recursive: true });
    await writePicture(join(named, 'dog'), 'b.png', 6, 6, gray);
    const names = join(folder, 'names.txt');
    await writeFile(names, 'cat\ndog\nbird\n');
    const common = ['quantize', model, '-o', join(folder, 'out.onnx'), '--activations', 'none', '--json'];
    expect(JSON.parse((await tilewise([...common, '--labelled', folder])).out).labelled).toBe(1);
    expect(JSON.parse((await tilewise([...common, '--labelled', named, '--labels', names])).out).labelled).toBe(1);
    const { err } = await tilewise([...common, '--labelled', named]);
    expect(err).toContain("'dog' is the number of no class");
  });

  it('writes LLM.int8() for products', async () => {
    const folder = temporaryFolder();
    const b = new NetBuilder();
    b.output(b.op('MatMul', [b.input('x', 'float32', [3, 20]), b.weight([20, 5])]));
    const model = await writeModel(folder, exportOnnx(b.build()));
    const output = join(folder, 'out.onnx');
    const { code, out } = await tilewise(['quantize', model, '-o', output, '--method', 'llm-int8']);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('float32 for outliers') });
    expect(importOnnx(await readFile(output)).nodes.map(({ op }) => op)).toContain('MatMulInteger');
  });

  it.each([
    [[], 'uint8 activations wants calibration data', '--calibrate DIR, or --activations none'],
    [['--calibrate', 'nowhere'], 'there is no file or folder nowhere', ''],
    [['--activations', 'none', '--max-drop', '1'], '--max-drop wants labelled data', '--labelled DIR'],
    [['--activations', 'none', '--method', 'gptq'], 'GPTQ wants calibration data', '--calibrate DIR'],
    [['--weights', 'int3'], 'Allowed choices are int8, int4', ''],
    [['--activations', 'none', '--skip', 'nobody'], "no node is named 'nobody'", 'layers are:'],
    [['--activations', 'none', '--granularity', '0'], 'It must be a whole number of at least 1', ''],
    [['--calibrate', digits, '--percentile', '1'], 'the percentile must be above 50', ''],
  ])('refuses %j and writes nothing', async (args, message, hint) => {
    const folder = temporaryFolder();
    const { code, err } = await tilewise(['quantize', lenet, '-o', join(folder, 'out.onnx'), ...args]);
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(err).toContain(hint);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses models of several inputs, empty folders and data of the wrong shape', async () => {
    const folder = temporaryFolder();
    const empty = join(folder, 'empty');
    await mkdir(empty);
    const output = join(folder, 'out.onnx');
    const sum = await tilewise(['quantize', await writeModel(folder, sumNet()), '-o', output, '--calibrate', digits]);
    expect(sum.err).toContain('the model has 2 inputs');
    const nothing = await tilewise(['quantize', lenet, '-o', output, '--calibrate', empty]);
    expect(nothing.err).toContain('holds no pictures');
    await writeFile(join(empty, 'x.npy'), writeNpy(random4d(1)));
    const wrong = await tilewise(['quantize', lenet, '-o', output, '--calibrate', empty]);
    expect(wrong.err).toMatch(/sample 0: input '.*' must have shape \[.*\], got \[1, 1, 6, 6\]/);
    expect(existsSync(output)).toBe(false);
  });
});

describe('an interrupted quantization', () => {
  /** Runs the command in a process of its own that never gets beyond its first sample. */
  it.each(['SIGINT', 'SIGKILL'] as const)('by %s leaves no file', async (signal) => {
    const folder = temporaryFolder();
    const script = join(folder, 'run.mjs');
    const source = (path: string): string => JSON.stringify(join(packageRoot(), path));
    await writeFile(
      script,
      `import { createServer } from ${source('node_modules/vite/dist/node/index.js')};
const server = await createServer({ root: ${JSON.stringify(packageRoot())}, configFile: false, appType: 'custom', server: { middlewareMode: true, hmr: false, ws: false }, optimizeDeps: { noDiscovery: true } });
const { writeAtomically } = await server.ssrLoadModule(${source('src/cli/files.ts')});
const { setTimeout: wait } = await import('node:timers/promises');
const { quantize } = await server.ssrLoadModule(${source('src/quantize/quantize.ts')});
const { readFile } = await import('node:fs/promises');
const slow = { create: async () => ({ run: async () => { process.stdout.write('running'); await wait(60000); }, release: async () => {} }) };
const { Tensor } = await server.ssrLoadModule(${source('src/tensor/tensor.ts')});
const samples = [{ image: new Tensor('float32', new Float32Array(36), [1, 1, 6, 6]) }];
const { model } = await quantize(await readFile(process.argv[2]), { runtime: slow, samples });
await writeAtomically(process.argv[3], model);
`,
    );
    const model = await writeModel(folder, smallNet());
    const out = join(folder, 'out');
    await mkdir(out);
    const child = spawn(process.execPath, [script, model, join(out, 'model.onnx')], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stderr.on('data', (data: Buffer) => (text += data.toString()));
    const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on('exit', (_, by) => resolve(by)));
    child.stdout.on('data', () => child.kill(signal));
    expect(await ended, text).toBe(signal);
    expect(readdirSync(out)).toEqual([]);
  });
});

describe('llm-int8', () => {
  it('prints the errors of three ways to multiply', async () => {
    const { code, out } = await tilewise(['llm-int8']);
    expect(code).toBe(0);
    expect(out).toMatch(/^product +X +W +outliers +per tensor +vector-wise +decomposed$/m);
    expect(out).toMatch(/^planted outliers +\[128, 512\] +\[512, 128\] +3 +\d\.\d\d % +3\.\d\d % +0\.\d\d %$/m);
  });

  it('measures the products of a model', async () => {
    const folder = temporaryFolder();
    const b = new NetBuilder();
    b.output(b.op('MatMul', [b.input('x', 'float32', ['n', 20]), b.weight([20, 5])]));
    const model = await writeModel(folder, exportOnnx(b.build()));
    const { out } = await tilewise(['llm-int8', model, '--dims', 'n=7', '--json']);
    expect(JSON.parse(out).errors).toEqual([expect.objectContaining({ rows: 7, columns: 20, outputs: 5, outliers: 0 })]);
  });
});
