import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Graph } from '../graph/graph.js';
import { importOnnx } from '../importers/onnx/index.js';
import { bindInputs } from '../inspect.js';
import { type LabelledSample, measureAccuracy } from '../quantize/accuracy.js';
import { resultErrors } from '../quantize/layer-errors.js';
import { llmInt8Model } from '../quantize/llm-int8.js';
import type { QuantizeOptions } from '../quantize/options.js';
import { quantize } from '../quantize/quantize.js';
import type { Quantization } from '../quantize/results.js';
import type { OnProgress, Sample } from '../quantize/runtime.js';
import { quantizeWithin } from '../quantize/sensitivity.js';
import { InferenceSession } from '../session.js';
import type { Tensor } from '../tensor/tensor.js';
import type { CommandContext } from './context.js';
import { readBytes, writeAtomically } from './files.js';
import { loadPreprocessing } from './inputs.js';
import { addOptions, checkFlags, type Flags, optionsOf } from './quantize-flags.js';
import { type Measured, quantizationHtml, quantizationJson, quantizationText } from './quantize-report.js';
import { readLabelled, readSamples } from './samples.js';
import { type Terminal, withProgress } from './terminal.js';

const EXAMPLE = `
Examples:
  $ tilewise quantize model.onnx -o model.int8.onnx --calibrate pictures/
  $ tilewise quantize model.onnx -o model.int4.onnx --weights int4 --method gptq --calibrate pictures/
  $ tilewise quantize model.onnx -o small.onnx --calibrate pictures/ --labelled test/ --max-drop 0.5 --report report.html
  $ tilewise quantize model.onnx -o small.onnx --weights int8 --activations none

Calibration data are the pictures (made inputs as 'tilewise run' does, see --preprocessing), .npy and .bin files of a
folder, or one .npy file of many rows; no labels are needed. 64 to 256 typical ones serve.
Labelled data are folders named by the number of a class, a labels.json ({"file": class}), or a labels.npy beside the
one .npy file of all inputs.
`;

export const addQuantize = (program: Command, { terminal, finish }: CommandContext): void => {
  const command = program
    .command('quantize')
    .description('make a model smaller: weights (and activations) as integers')
    .argument('<model>', 'an ONNX file of float32 weights')
    .requiredOption('-o, --output <file>', 'where the quantized ONNX file goes');
  addOptions(command)
    .addHelpText('after', EXAMPLE)
    .action(async (path: string, flags: Flags) => {
      await run(terminal, path, flags);
      finish(0);
    });
};

const run = async (terminal: Terminal, path: string, flags: Flags): Promise<void> => {
  const bytes = await readBytes(path);
  const given = optionsOf(flags);
  checkFlags(flags, given);
  const measured = await withProgress(terminal, `Quantizing ${basename(path)}`, async (step) =>
    flags.method === 'llm-int8' ? undefined : work(bytes, path, flags, given, terminal, step),
  );
  if (!measured) {
    const model = llmInt8Model(bytes);
    await writeAtomically(flags.output, model);
    terminal.out(`${flags.output}: ${bytes.length} bytes became ${model.length}; weights stay in float32 for outliers too`);
    return;
  }
  await writeAtomically(flags.output, measured.quantization.model);
  if (flags.report !== undefined) {
    const title = `${basename(path)}, quantized`;
    await writeAtomically(flags.report, quantizationHtml(title, measured));
    await writeAtomically(`${flags.report.replace(/\.html?$/, '')}.json`, JSON.stringify(quantizationJson(measured), null, 2));
  }
  terminal.out(flags.json ? JSON.stringify(quantizationJson(measured)) : quantizationText(flags.output, measured));
};

type Step = (text: string) => void;

const work = async (
  bytes: Uint8Array,
  path: string,
  flags: Flags,
  given: QuantizeOptions,
  terminal: Terminal,
  step: Step,
): Promise<Measured> => {
  const inputs = await loadInputs(bytes, path, flags, terminal, step);
  const onProgress: OnProgress = (what, done, total) =>
    step(total === undefined ? `${what}: ${done}` : `${what}: ${done} of ${total}`);
  const options: QuantizeOptions = {
    ...given,
    runtime: InferenceSession,
    onProgress,
    ...(inputs.samples && { samples: inputs.samples }),
  };
  const { samples = [], labelled } = inputs;
  const accuracyOf = async (model: Uint8Array): Promise<number> =>
    (await measureAccuracy(model, labelled, InferenceSession, (done, total) => step(`measuring accuracy: ${done} of ${total}`)))
      .top1;
  const within = flags.maxDrop === undefined ? undefined : { maxDrop: flags.maxDrop, measure: accuracyOf };
  const quantization = within ? await quantizeWithin(bytes, { ...options, ...within }) : await quantize(bytes, options);
  const accuracy =
    'accuracy' in quantization
      ? (quantization as { accuracy: Measured['accuracy'] }).accuracy
      : labelled.length > 0
        ? { before: await accuracyOf(bytes), after: await accuracyOf(quantization.model) }
        : undefined;
  const errors = await layerErrors(quantization, samples, onProgress);
  const speed = samples[0] ? await speeds(bytes, quantization.model, samples[0], step) : undefined;
  return { quantization, accuracy, labelled: labelled.length, samples: samples.length, errors, speed };
};

interface Inputs {
  readonly samples: readonly Sample[] | undefined;
  readonly labelled: readonly LabelledSample[];
}

const loadInputs = async (bytes: Uint8Array, path: string, flags: Flags, terminal: Terminal, step: Step): Promise<Inputs> => {
  const graph: Graph = importOnnx(bytes);
  const { shapes } = bindInputs(graph, new Map());
  const preprocessing = await loadPreprocessing(path, flags.preprocessing);
  const notes = new Set<string>();
  const context = { graph, shapes, preprocessing, seed: 1, note: (text: string) => notes.add(text) };
  const reading = (what: string) => (done: number, total: number) => step(`reading ${what}: ${done} of ${total}`);
  const samples =
    flags.calibrate === undefined
      ? undefined
      : await readSamples(flags.calibrate, context, { most: flags.samples, onProgress: reading('calibration data') });
  const labelled =
    flags.labelled === undefined
      ? []
      : await readLabelled(flags.labelled, context, {
          most: Number.POSITIVE_INFINITY,
          labels: flags.labels,
          onProgress: reading('labelled data'),
        });
  for (const text of notes) terminal.err(`note: ${text}`);
  return { samples, labelled };
};

/** Samples that errors are measured on. */
const FEW_SAMPLES = 8;

const layerErrors = async (
  quantization: Quantization,
  samples: readonly Sample[],
  onProgress: OnProgress,
): Promise<ReadonlyMap<string, number>> => {
  if (samples.length === 0) return new Map();
  const { layers } = quantization;
  const pairs = layers.map(({ result }) => result);
  const errors = await resultErrors(quantization, pairs, samples.slice(0, FEW_SAMPLES), InferenceSession, onProgress);
  return new Map(layers.map(({ name }, i) => [name, errors[i] as number]));
};

const RUNS = 10;

/** Median milliseconds of a run before and after, taken in turn. */
const speeds = async (
  before: Uint8Array,
  after: Uint8Array,
  sample: Sample,
  step: Step,
): Promise<NonNullable<Measured['speed']>> => {
  step('measuring speed');
  const sessions = [await InferenceSession.create(before), await InferenceSession.create(after)] as const;
  const times: [number[], number[]] = [[], []];
  try {
    for (let i = 0; i <= RUNS; i++) {
      for (const k of [0, 1] as const) {
        const started = performance.now();
        await sessions[k].run(sample as Record<string, Tensor>);
        // The first runs load.
        if (i > 0) times[k].push(performance.now() - started);
      }
    }
    const { description, kind } = sessions[0].adapter;
    const middle = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] as number;
    return { adapter: description, software: kind === 'cpu', before: middle(times[0]), after: middle(times[1]) };
  } finally {
    for (const session of sessions) await session.release();
  }
};
