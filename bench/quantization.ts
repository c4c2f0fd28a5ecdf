// What quantization costs in accuracy and gains in size, on labelled data:
//
//     npm run bench:quantization -- MODELS [--only ID] [--out FILE]
//
// MODELS is a folder with a manifest.json that names models, their labelled data and how it becomes inputs. Accuracy is
// measured with this runtime and with onnxruntime on the CPU. The results go to bench/results/quantization.json.

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as ort from 'onnxruntime-node';
import { InferenceSession } from '../src/node.js';
import { classOf, measureAccuracy } from '../src/quantize/accuracy.js';
import type { QuantizeOptions } from '../src/quantize/options.js';
import { quantize } from '../src/quantize/quantize.js';
import type { Sample } from '../src/quantize/runtime.js';
import { type Evaluation, type Labelled, loadLabelled } from './labelled.js';

interface Entry {
  readonly id: string;
  readonly file: string;
  readonly input: string;
  readonly eval: readonly Evaluation[];
}

/** Data to calibrate with where it is other data than what is measured on; else every third item is taken, unlabelled. */
const CALIBRATION: Readonly<Record<string, string>> = { mnist: 'mnist-train' };
const SAMPLES = 64;

const MODELS = [
  'mnist-fc-256x4',
  'mnist-cnn',
  'mnist-dwsep-f32',
  'burn-mnist-bn',
  'resnet8-cifar10',
  'resnet20-cifar10',
  'resnet4b-cifar10',
  'kws-dscnn-f32',
  'vww-mbv1-f32',
  'mobilenetv2-f32',
  'squeezenet1_1',
];

const VARIANTS: Readonly<Record<string, QuantizeOptions>> = {
  int8: { correctBias: true },
  'int4 RTN': { weights: 'int4', symmetric: false },
  'int4 GPTQ': { weights: 'int4', symmetric: false, method: 'gptq', correctBias: true },
};

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, out: { type: 'string', default: 'bench/results/quantization.json' } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('the folder of models is missing: npm run bench:quantization -- MODELS');

const entries = async (): Promise<Entry[]> => {
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
    models: { id: string; file: string; inputs: { name: string }[]; eval: Evaluation[] }[];
  };
  const own: Entry = {
    id: 'lenet5',
    file: 'models/lenet5.onnx',
    input: 'input',
    eval: [{ dataset: 'mnist', preprocess: { scale: 1 / 255 } }],
  };
  const others = MODELS.map((id): Entry => {
    const found = manifest.models.find((model) => model.id === id);
    if (!found) throw new Error(`manifest.json has no model '${id}'`);
    return { id, file: join(folder, found.file), input: found.inputs[0]?.name ?? '', eval: found.eval };
  });
  return [own, ...others].filter(({ id }) => flags.only === undefined || id === flags.only);
};

/** Classes that onnxruntime finds, and the median time of a run there. */
const inOnnxRuntime = async (model: Uint8Array, input: string, { samples }: Labelled): Promise<number[]> => {
  const session = await ort.InferenceSession.create(model, { executionProviders: ['cpu'], logSeverityLevel: 3 });
  const found: number[] = [];
  for (const { data, dims } of samples) {
    const results = await session.run({ [input]: new ort.Tensor('float32', data as Float32Array, dims) });
    found.push(classOf(results[session.outputNames[0] as string]?.data as Float32Array));
  }
  await session.release();
  return found;
};

const share = (found: readonly number[], wanted: readonly number[]): number =>
  found.filter((value, i) => value === wanted[i]).length / wanted.length;

interface Measured {
  readonly tilewise: number;
  readonly onnxruntime: number;
  /** Share of items for which both runtimes find one class. */
  readonly agreement: number;
}

const measure = async (model: Uint8Array, input: string, sets: readonly Labelled[]): Promise<Measured> => {
  const labels = sets.flatMap((set) => set.labels);
  const here: number[] = [];
  const there: number[] = [];
  for (const set of sets) {
    const labelled = set.samples.map((sample, i) => ({ sample: { [input]: sample }, label: set.labels[i] as number }));
    here.push(...(await measureAccuracy(model, labelled, InferenceSession)).found);
    there.push(...(await inOnnxRuntime(model, input, set)));
  }
  return { tilewise: share(here, labels), onnxruntime: share(there, labels), agreement: share(here, there) };
};

const calibration = async ({ eval: evaluations, input }: Entry, sets: readonly Labelled[]): Promise<Sample[]> => {
  const [first] = evaluations as [Evaluation];
  const other = CALIBRATION[first.dataset];
  const tensors = other
    ? (await loadLabelled(join(folder, 'data'), { ...first, dataset: other }, input, SAMPLES)).samples
    : sets.flatMap(({ samples }) => samples).filter((_, i, all) => i % Math.max(3, Math.ceil(all.length / SAMPLES)) === 0);
  return tensors.slice(0, SAMPLES).map((tensor) => ({ [input]: tensor }));
};

const round = (value: number): number => Number(value.toPrecision(5));

const run = async (entry: Entry): Promise<object> => {
  const bytes = new Uint8Array(await readFile(entry.file));
  const sets: Labelled[] = [];
  for (const evaluation of entry.eval) sets.push(await loadLabelled(join(folder, 'data'), evaluation, entry.input));
  const samples = await calibration(entry, sets);
  const float = await measure(bytes, entry.input, sets);
  const variants: Record<string, object> = {};
  for (const [name, options] of Object.entries(VARIANTS)) {
    const { model, layers } = await quantize(bytes, { runtime: InferenceSession, samples, ...options });
    const measured = await measure(model, entry.input, sets);
    const ratios = layers.flatMap(({ method, outputMse }) =>
      method === 'gptq' && outputMse && outputMse.rtn > 0 ? [outputMse.gptq / outputMse.rtn] : [],
    );
    ratios.sort((a, b) => a - b);
    variants[name] = {
      bytes: model.length,
      ratio: round(model.length / bytes.length),
      top1: {
        tilewise: round(measured.tilewise),
        onnxruntime: round(measured.onnxruntime),
        agreement: round(measured.agreement),
      },
      drop: round(100 * (float.tilewise - measured.tilewise)),
      ...(ratios.length > 0 && {
        mseToRtn: { median: round(ratios[ratios.length >> 1] as number), worst: round(ratios.at(-1) as number) },
      }),
    };
    console.log(
      [
        entry.id.padEnd(18),
        name.padEnd(10),
        `${(model.length / bytes.length).toFixed(3)}x`,
        `${(100 * float.tilewise).toFixed(2)} -> ${(100 * measured.tilewise).toFixed(2)}`,
        `onnxruntime ${(100 * measured.onnxruntime).toFixed(2)}, same class ${(100 * measured.agreement).toFixed(1)} %`,
      ].join('  '),
    );
  }
  return {
    model: entry.id,
    data: sets.map(({ name }) => name),
    items: sets.reduce((n, { labels }) => n + labels.length, 0),
    calibration: samples.length,
    float: { bytes: bytes.length, top1: round(float.tilewise) },
    variants,
  };
};

interface Results {
  readonly options: object;
  readonly models: readonly object[];
}

const results: Results = existsSync(flags.out)
  ? JSON.parse(await readFile(flags.out, 'utf8'))
  : { options: VARIANTS, models: [] };
const models = new Map(results.models.map((model) => [(model as { model: string }).model, model]));
for (const entry of await entries()) {
  models.set(entry.id, await run(entry));
  await writeFile(flags.out, `${JSON.stringify({ options: VARIANTS, models: [...models.values()] }, null, 2)}\n`);
}
// An open GPU device keeps the process alive.
process.exit(0);
