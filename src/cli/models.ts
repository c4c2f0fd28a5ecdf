import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { TilewiseError } from '../errors.js';
import { InferenceSession } from '../session.js';
import { toNumbers } from '../tensor/convert.js';
import type { Tensor } from '../tensor/tensor.js';
import type { CommandContext } from './context.js';
import { writeAtomically } from './files.js';
import { type ManifestCase, type ManifestModel, readManifest, readTensor } from './manifest.js';
import { wholeNumber } from './options.js';
import { median } from './run.js';
import { milliseconds, type Terminal, table, withProgress } from './terminal.js';

interface ModelsFlags {
  readonly all?: boolean;
  readonly strict?: boolean;
  readonly only?: string;
  readonly runs: number;
  readonly json?: string;
}

const EXAMPLE = `
Examples:
  $ tilewise models models/golden
  $ tilewise models models/golden --all --json report.json

DIR holds manifest.json: {"models": [{"id", "file", "tags", "first", "cases": [{"name",
"inputs": [{"name", "dtype", "dims", "file"}], "outputs": [...]}]}]}, the tensors as raw little-endian files.
A float32 model passes with ||a - e|| / ||e|| <= 1e-4 for every output and the same first class; one that computes in
float16 or integers is held to the case's tol_hint_abs. The exit code is 1 where a case fails, or where a model marked
"first" is refused (with --strict, any model).
`;

export const addModels = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('models')
    .description('run a folder of models against their golden outputs')
    .argument('[dir]', 'a folder with manifest.json')
    .option('--all', 'every model, not only those marked "first"')
    .option('--strict', 'fail where any model is refused, not only one marked "first"')
    .option('--only <text>', 'models whose id contains this')
    .option('--runs <n>', 'most runs to time a case with; no more than a second is spent', wholeNumber(1), 20)
    .option('--json <file>', 'write the results as JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (folder: string | undefined, flags: ModelsFlags) => finish(await models(terminal, folder, flags)));
};

const SOURCES = `Models to try, each with inputs and outputs to check against:
  ONNX model zoo     https://github.com/onnx/models             (test_data_set_0 beside each model)
  MLPerf Tiny        https://github.com/mlcommons/tiny          (keyword spotting, visual wake words, CIFAR-10, anomalies)
  ONNX Runtime       https://github.com/microsoft/onnxruntime-inference-examples
  MediaPipe as ONNX  https://github.com/PINTO0309/PINTO_model_zoo
Put them into a folder with a manifest.json (tilewise models --help) and run: tilewise models DIR`;

/** Largest relative error of the output vector of a float32 model. */
const MAX_RELATIVE_ERROR = 1e-4;
/** Time that the timed runs of one case may take together. */
const BUDGET_MS = 1000;

export interface CaseResult {
  readonly model: string;
  readonly case: string;
  readonly result: 'pass' | 'fail' | 'refused';
  /** Why it failed or was refused. */
  readonly reason?: string;
  /** ||a - e|| / ||e||, the largest over the outputs. */
  readonly relativeError?: number;
  readonly maxAbsError?: number;
  /** Absent where the model does not rank classes. */
  readonly top1Equal?: boolean;
  /** From the model's bytes to the end of the first run. */
  readonly loadMs?: number;
  readonly medianMs?: number;
}

const models = async (terminal: Terminal, folder: string | undefined, flags: ModelsFlags): Promise<number> => {
  if (folder === undefined || !existsSync(folder)) {
    terminal.out(SOURCES);
    if (folder !== undefined) terminal.err(`note: there is no folder ${folder}`);
    return 0;
  }
  const manifest = await readManifest(folder);
  const chosen = manifest.filter(({ first, id }) => (flags.only === undefined ? flags.all || first : id.includes(flags.only)));
  const results = await withProgress(terminal, `Running ${chosen.length} models`, async (report) => {
    const all: CaseResult[] = [];
    for (const [i, model] of chosen.entries()) {
      report(`${i + 1} of ${chosen.length}: ${model.id}`);
      all.push(...(await runModel(folder, model, flags.runs)));
    }
    return all;
  });
  terminal.out(resultTable(results));
  const reasons = results.filter(({ reason }) => reason !== undefined);
  if (reasons.length > 0) terminal.out('');
  for (const { model, case: name, reason } of reasons) terminal.out(`${name ? `${model} ${name}` : model}: ${reason}`);
  const count = (wanted: CaseResult['result']): number => results.filter(({ result }) => result === wanted).length;
  terminal.out(`\n${count('pass')} passed, ${count('fail')} failed, ${count('refused')} refused`);
  if (flags.json !== undefined) await writeAtomically(flags.json, `${JSON.stringify(results, null, 2)}\n`);
  const firsts = new Set(chosen.filter(({ first }) => first).map(({ id }) => id));
  return results.some(({ result, model }) => result === 'fail' || (result === 'refused' && (flags.strict || firsts.has(model))))
    ? 1
    : 0;
};

const REFUSALS: readonly string[] = ['unsupported-model', 'limit-exceeded'];

/** One result for each case, or a single one where the model cannot be loaded. */
const runModel = async (folder: string, model: ManifestModel, runs: number): Promise<CaseResult[]> => {
  let session: InferenceSession | undefined;
  const results: CaseResult[] = [];
  const failed = (name: string, error: unknown): CaseResult => {
    const refused = error instanceof TilewiseError && REFUSALS.includes(error.code);
    return { model: model.id, case: name, result: refused ? 'refused' : 'fail', reason: (error as Error).message };
  };
  try {
    const started = performance.now();
    session = await InferenceSession.create(join(folder, model.file));
    const createMs = performance.now() - started;
    for (const one of model.cases) {
      try {
        results.push(await runCase(session, folder, model, one, createMs, runs));
      } catch (error) {
        results.push(failed(one.name, error));
      }
    }
  } catch (error) {
    results.push(failed('', error));
  } finally {
    await session?.release();
  }
  return results;
};

const runCase = async (
  session: InferenceSession,
  folder: string,
  model: ManifestModel,
  { name, inputs, outputs }: ManifestCase,
  createMs: number,
  runs: number,
): Promise<CaseResult> => {
  const feeds: Record<string, Tensor> = Object.create(null);
  for (const input of inputs) feeds[input.name] = await readTensor(folder, model, input);
  const started = performance.now();
  const actual = await session.run(feeds);
  const loadMs = createMs + performance.now() - started;
  const medianMs = await timeRuns(() => session.run(feeds), runs);
  const errors = [];
  for (const output of outputs) {
    const expected = await readTensor(folder, model, output);
    errors.push({ output, ...errorsOf(actual[output.name] as Tensor, expected, model.classifies) });
  }
  const relativeError = Math.max(...errors.map((error) => error.relative));
  const maxAbsError = Math.max(...errors.map((error) => error.absolute));
  const top1Equal = errors.every((error) => error.top1Equal);
  const good = model.lowPrecision
    ? errors.every(({ output, absolute }) => absolute <= (output.tol_hint_abs ?? 0))
    : relativeError <= MAX_RELATIVE_ERROR && top1Equal;
  return {
    model: model.id,
    case: name,
    result: good ? 'pass' : 'fail',
    relativeError,
    maxAbsError,
    ...(model.classifies && { top1Equal }),
    loadMs,
    medianMs,
  };
};

const timeRuns = async (run: () => Promise<unknown>, most: number): Promise<number> => {
  const times: number[] = [];
  const started = performance.now();
  while (times.length < most && (times.length === 0 || performance.now() - started < BUDGET_MS)) {
    const before = performance.now();
    await run();
    times.push(performance.now() - before);
  }
  return median(times);
};

/** How far an output is from the golden one; a value that is no number on one side only counts as infinitely far. */
const errorsOf = (
  actual: Tensor,
  expected: Tensor,
  classifies: boolean,
): { relative: number; absolute: number; top1Equal: boolean } => {
  const a = toNumbers(actual.type, actual.data);
  const e = toNumbers(expected.type, expected.data);
  if (a.length !== e.length) return { relative: Infinity, absolute: Infinity, top1Equal: false };
  let difference = 0;
  let norm = 0;
  let absolute = 0;
  for (let i = 0; i < e.length; i++) {
    const got = a[i] as number;
    const want = e[i] as number;
    if (got === want || (Number.isNaN(got) && Number.isNaN(want))) {
      if (Number.isFinite(want)) norm += want * want;
      continue;
    }
    const error = Number.isFinite(got) && Number.isFinite(want) ? Math.abs(got - want) : Infinity;
    difference += error * error;
    norm += want * want;
    absolute = Math.max(absolute, error);
  }
  const relative = difference === 0 ? 0 : Number.isFinite(difference) ? Math.sqrt(difference / norm) : Infinity;
  return { relative, absolute, top1Equal: !classifies || sameTop1(a, e, expected.dims.at(-1) ?? 1) };
};

/** In every row the class ranked first is the golden one's, or ties with it there. */
const sameTop1 = (actual: Float64Array, expected: Float64Array, classes: number): boolean => {
  for (let row = 0; row < expected.length; row += classes) {
    const first = (numbers: Float64Array): number =>
      numbers.reduce((best, v, i) => (v > (numbers[best] as number) ? i : best), 0);
    const a = first(actual.subarray(row, row + classes));
    const e = first(expected.subarray(row, row + classes));
    if (expected[row + a] !== expected[row + e]) return false;
  }
  return true;
};

const resultTable = (results: readonly CaseResult[]): string => {
  const number = (value: number | undefined): string => (value === undefined ? '' : value.toExponential(1));
  const time = (value: number | undefined): string => (value === undefined ? '' : milliseconds(value));
  return table(
    ['model', 'case', 'relative error>', 'max abs error>', 'top-1', 'load>', 'median>', 'result'],
    results.map((r) => [
      r.model,
      r.case,
      number(r.relativeError),
      number(r.maxAbsError),
      r.top1Equal === undefined ? '' : r.top1Equal ? 'equal' : 'differs',
      time(r.loadMs),
      time(r.medianMs),
      r.result,
    ]),
  );
};
