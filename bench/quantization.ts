// What quantization costs in accuracy and gains in size, on labelled data:
//
//     npm run bench:quantization -- MODELS [--only ID] [--variant NAME] [--out FILE]
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
import type { Quantization } from '../src/quantize/results.js';
import type { Sample } from '../src/quantize/runtime.js';
import { quantizeWithin } from '../src/quantize/sensitivity.js';
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
  int8: {},
  'int4 RTN': { weights: 'int4', symmetric: false },
  'int4 GPTQ': { weights: 'int4', symmetric: false, method: 'gptq' },
};
/** Where one of these loses more than so many points, a further variant leaves layers out until it does not. */
const MOST_LOST: Readonly<Record<string, number>> = { int8: 0.5, 'int4 GPTQ': 1 };

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    variant: { type: 'string' },
    out: { type: 'string', default: 'bench/results/quantization.json' },
  },
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

/** Scores in onnxruntime, item by item. */
const inOnnxRuntime = async (model: Uint8Array, input: string, { samples }: Labelled): Promise<Float32Array[]> => {
  const session = await ort.InferenceSession.create(model, { executionProviders: ['cpu'], logSeverityLevel: 3 });
  const scores: Float32Array[] = [];
  for (const { data, dims } of samples) {
    const results = await session.run({ [input]: new ort.Tensor('float32', data as Float32Array, dims) });
    scores.push(Float32Array.from(results[session.outputNames[0] as string]?.data as Float32Array));
  }
  await session.release();
  return scores;
};

/** Scores as probabilities: as they are where they add up to 1, else their softmax. */
const probabilities = (scores: Float32Array): Float64Array => {
  const sum = (list: ArrayLike<number>): number => Array.from(list).reduce((a, b) => a + b, 0);
  const isDone = scores.every((p) => p >= 0) && Math.abs(sum(scores) - 1) < 1e-3;
  const most = Math.max(...scores);
  const parts = Float64Array.from(scores, (x) => (isDone ? x : Math.exp(x - most)));
  const total = sum(parts);
  return parts.map((p) => Math.max(p / total, 1e-7));
};

/** Mean over the items of sum p log(p / q): it sees what changes in the scores long before a class does. */
const divergence = (exact: readonly Float32Array[], rounded: readonly Float32Array[]): number => {
  const each = exact.map((scores, i) => {
    const q = probabilities(rounded[i] as Float32Array);
    return probabilities(scores).reduce((sum, p, k) => sum + p * Math.log(p / (q[k] as number)), 0);
  });
  return each.reduce((a, b) => a + b, 0) / each.length;
};

const share = (found: readonly number[], wanted: readonly number[]): number =>
  found.filter((value, i) => value === wanted[i]).length / wanted.length;

interface Measured {
  readonly tilewise: number;
  readonly onnxruntime: number;
  /** Share of items for which both runtimes find one class. */
  readonly agreement: number;
  /** In onnxruntime. */
  readonly scores: readonly Float32Array[];
}

const measure = async (model: Uint8Array, input: string, sets: readonly Labelled[]): Promise<Measured> => {
  const labels = sets.flatMap((set) => set.labels);
  const here: number[] = [];
  const scores: Float32Array[] = [];
  for (const set of sets) {
    const labelled = set.samples.map((sample, i) => ({ sample: { [input]: sample }, label: set.labels[i] as number }));
    here.push(...(await measureAccuracy(model, labelled, InferenceSession)).found);
    scores.push(...(await inOnnxRuntime(model, input, set)));
  }
  const there = scores.map(classOf);
  return { tilewise: share(here, labels), onnxruntime: share(there, labels), agreement: share(here, there), scores };
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

interface Variant {
  readonly bytes: number;
  readonly ratio: number;
  readonly top1: Omit<Measured, 'scores'>;
  /** Points of a hundred. */
  readonly drop: number;
  /** Of the float model's probabilities from the quantized one's, in nats. */
  readonly klDivergence: number;
  readonly skipped?: readonly string[];
  readonly widened?: readonly string[];
  readonly mseToRtn?: { readonly median: number; readonly worst: number };
}

const variantOf = ({ layers, bytes, skipped, widened }: Quantization, float: Measured, measured: Measured): Variant => {
  const { tilewise, onnxruntime, agreement, scores } = measured;
  const ratios = layers.flatMap(({ method, outputMse }) =>
    method === 'gptq' && outputMse && outputMse.rtn > 0 ? [outputMse.gptq / outputMse.rtn] : [],
  );
  ratios.sort((a, b) => a - b);
  return {
    bytes: bytes.after,
    ratio: round(bytes.after / bytes.before),
    top1: { tilewise: round(tilewise), onnxruntime: round(onnxruntime), agreement: round(agreement) },
    drop: round(100 * (float.tilewise - tilewise)),
    klDivergence: round(divergence(float.scores, scores)),
    ...(skipped.length > 0 && { skipped }),
    ...(widened.length > 0 && { widened }),
    ...(ratios.length > 0 && {
      mseToRtn: { median: round(ratios[ratios.length >> 1] as number), worst: round(ratios.at(-1) as number) },
    }),
  };
};

type Variants = Readonly<Record<string, Variant>>;

interface ModelResult {
  readonly model: string;
  readonly data: readonly string[];
  readonly items: number;
  readonly calibration: number;
  readonly float: { readonly bytes: number; readonly top1: number };
  readonly variants: Variants;
}

const run = async (entry: Entry, before: Variants, save: (result: ModelResult) => Promise<void>): Promise<void> => {
  const bytes = new Uint8Array(await readFile(entry.file));
  const sets: Labelled[] = [];
  for (const evaluation of entry.eval) sets.push(await loadLabelled(join(folder, 'data'), evaluation, entry.input));
  const labels = sets.flatMap((set) => set.labels);
  const samples = await calibration(entry, sets);
  const float = await measure(bytes, entry.input, sets);
  const top1 = async (model: Uint8Array): Promise<number> => {
    const found: number[] = [];
    for (const set of sets) found.push(...(await inOnnxRuntime(model, entry.input, set)).map(classOf));
    return share(found, labels);
  };
  let variants = before;
  const add = async (name: string, quantization: Quantization): Promise<void> => {
    const variant = variantOf(quantization, float, await measure(quantization.model, entry.input, sets));
    variants = { ...variants, [name]: variant };
    console.log(lineOf(entry.id, name, float, variant));
    await save({
      model: entry.id,
      data: sets.map((set) => set.name),
      items: labels.length,
      calibration: samples.length,
      float: { bytes: bytes.length, top1: round(float.tilewise) },
      variants,
    });
  };
  const given = { runtime: InferenceSession, samples };
  for (const [name, options] of Object.entries(VARIANTS)) {
    if (isWanted(name)) await add(name, await quantize(bytes, { ...given, ...options }));
  }
  for (const [name, maxDrop] of Object.entries(MOST_LOST)) {
    const within = `${name} within ${maxDrop}`;
    if (!isWanted(within) || ((variants[name] as Variant | undefined)?.drop ?? 0) <= maxDrop) continue;
    await add(within, await quantizeWithin(bytes, { ...given, ...VARIANTS[name], maxDrop, measure: top1 }));
  }
};

const isWanted = (name: string): boolean => flags.variant === undefined || flags.variant === name;

const lineOf = (id: string, name: string, float: Measured, { ratio, top1, klDivergence }: Variant): string =>
  [
    id.padEnd(18),
    name.padEnd(10),
    `${ratio.toFixed(3)}x`,
    `${(100 * float.tilewise).toFixed(2)} -> ${(100 * top1.tilewise).toFixed(2)}`,
    `onnxruntime ${(100 * top1.onnxruntime).toFixed(2)}, same class ${(100 * top1.agreement).toFixed(1)} %`,
    `KL ${klDivergence}`,
  ].join('  ');

const known: { readonly models: readonly ModelResult[] } = existsSync(flags.out)
  ? JSON.parse(await readFile(flags.out, 'utf8'))
  : { models: [] };
const models = new Map(known.models.map((result) => [result.model, result]));
for (const entry of await entries()) {
  const before = flags.variant === undefined ? {} : (models.get(entry.id)?.variants ?? {});
  await run(entry, before, async (result) => {
    models.set(entry.id, result);
    await writeFile(flags.out, `${JSON.stringify({ options: VARIANTS, models: [...models.values()] }, null, 2)}\n`);
  });
}
// An open GPU device keeps the process alive.
process.exit(0);
