import type { Device } from '../device/device.js';
import { Executable } from '../device/executable.js';
import { type TimedStep, type TimingOptions, timeRepeated, timeSteps } from '../device/timed-run.js';
import { TilewiseError, throwIfAborted } from '../errors.js';
import { type Graph, valueNamed } from '../graph/graph.js';
import { BY_RULES } from '../kernels/choice.js';
import { tunedLowerings } from '../kernels/tuned.js';
import { buildPlan } from '../plan/build.js';
import type { Plan } from '../plan/plan.js';
import { platform } from '../platform.js';
import { defaultBudgets } from '../tensor/budgets.js';
import { compareNumbers, matmulTolerance, type Tolerance, tolerances } from '../tensor/compare.js';
import { fromNumbers, toNumbers } from '../tensor/convert.js';
import { type ConcreteShape, sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { sourcesOf, type TunedEntry } from './table.js';
import type { TuningTask } from './tasks.js';

/** Milliseconds of GPU time of each step, once. */
export type Timer = (steps: readonly Step[], signal: AbortSignal | undefined) => Promise<number[]>;

/** All commands of a candidate's plan. */
export type Step = Omit<TimedStep, 'repeats'> & { readonly name: string };

/** What a candidate must take at most, relative to the rules' choice, to win: clocks of busy machines are uneven. */
const LEAST_GAIN = { gpu: 1.05, cpu: 1.1 } as const;
/** Candidates that take so many times as long as the fastest at first sight are not measured further. */
const HOPELESS = 3;
const TARGET_MS = { gpu: 2, cpu: 10 } as const;
const ROUNDS = 5;

/** On a busy machine the CPU time of a software adapter says more than any clock. */
const clockFor = ({ facts }: Device): Pick<TimingOptions, 'clock' | 'now'> => {
  const { cpuTime } = platform();
  return facts.kind === 'cpu' && cpuTime ? { clock: 'host-clock', now: cpuTime } : {};
};

/**
 * By CPU time for software adapters in Node, by timestamps where the device has them, by the host's clock else: one look at
 * all, then rounds over those that may win, in turns.
 */
export const deviceTimer =
  (device: Device): Timer =>
  async (steps, signal) => {
    const glance = steps.map((step) => ({ ...step, repeats: 1 }));
    const options = { ...clockFor(device), signal };
    const first = await timeSteps(device, glance, options);
    const promising = steps.filter((_, i) => i === 0 || (first[i] as number) <= HOPELESS * Math.min(...first));
    const times = await timeRepeated(device, promising, { target: TARGET_MS[device.facts.kind], rounds: ROUNDS, ...options });
    return steps.map((step, i) => times[promising.indexOf(step)] ?? (first[i] as number));
  };

interface Loaded {
  readonly name: string;
  readonly executable: Executable;
}

/**
 * Runs every candidate of a shape class on random data, drops those whose results differ from those of the rules' choice,
 * and times the rest. `wrong` is told of candidates that were dropped.
 */
export const measureTask = async (
  task: TuningTask,
  device: Device,
  timer: Timer,
  { signal, wrong }: { readonly signal?: AbortSignal | undefined; readonly wrong: (name: string) => void },
): Promise<TunedEntry> => {
  const feeds = new Map(task.graph.inputs.map((name, i) => [name, randomTensor(task.graph, name, i + 1)]));
  const loaded: Loaded[] = [];
  const kernels = new Set<string>();
  const seen = new Set<string>();
  let expected: readonly Results[] | undefined;
  try {
    for (const { name } of task.candidates) {
      throwIfAborted(signal);
      const plan = planFor(task, name, device);
      if (!plan || seen.has(signatureOf(plan))) continue;
      seen.add(signatureOf(plan));
      for (const { kernel } of plan.pipelines) kernels.add(kernel);
      const executable = await Executable.load(plan, device);
      loaded.push({ name, executable });
      const results = await resultsOf(executable, feeds);
      expected ??= results;
      if (agree(results, expected, task.graph)) continue;
      loaded.pop();
      executable.dispose();
      wrong(name);
    }
    const times = await timer(loaded.map(stepOf), signal);
    const ms = Object.fromEntries(loaded.map(({ name }, i) => [name, Number((times[i] as number).toPrecision(4))]));
    const sorted = [...kernels].sort();
    return { choice: fastest(ms, device), ms, kernels: sorted, sources: sourcesOf(sorted) ?? '' };
  } finally {
    for (const { executable } of loaded) executable.dispose();
  }
};

/** The plan of the node alone by a candidate; undefined where the device cannot hold it or the candidate cannot run it. */
const planFor = ({ graph, shapeClass }: TuningTask, name: string, device: Device): Plan | undefined => {
  const facts = { ...device.facts, tuning: { [shapeClass]: name } };
  try {
    return buildPlan(graph, facts, defaultBudgets, (op) => tunedLowerings.get(op));
  } catch (error) {
    if (name !== BY_RULES && error instanceof TilewiseError && error.code === 'limit-exceeded') return undefined;
    throw error;
  }
};

/** Equal for plans that do the same: names that lead to the choice of the rules are measured once. */
const signatureOf = ({ pipelines, commands }: Plan): string =>
  JSON.stringify([
    pipelines.map(({ code, constants }) => [code, constants]),
    commands.map((command) =>
      command.kind === 'dispatch' ? [command.pipeline, [...command.params], command.workgroups] : command,
    ),
  ]);

const stepOf = ({ name, executable }: Loaded): Step => {
  const { commands } = executable.plan;
  return {
    name,
    isDispatch: commands.every(({ kind }) => kind === 'dispatch'),
    encode: (encoder, pass) => {
      for (const [i] of commands.entries()) executable.encodeCommand(i, encoder, pass);
    },
  };
};

const fastest = (ms: Readonly<Record<string, number>>, { facts }: Device): string => {
  const byRules = ms[BY_RULES] as number;
  const [name, least] = Object.entries(ms).reduce((best, next) => (next[1] < best[1] ? next : best));
  return least * LEAST_GAIN[facts.kind] < byRules ? name : BY_RULES;
};

type Results = Float64Array | number[];

const resultsOf = async (executable: Executable, feeds: ReadonlyMap<string, Tensor>): Promise<Results[]> => {
  const { outputs } = executable.plan;
  const tensors = await executable.run(
    feeds,
    outputs.map(({ name }) => name),
  );
  return outputs.map(({ name }) => {
    const { type, data } = tensors.get(name) as Tensor;
    return toNumbers(type, data) as Results;
  });
};

const agree = (actual: readonly Results[], expected: readonly Results[], graph: Graph): boolean =>
  actual.every((results, i) => compareNumbers(results, expected[i] as Results, toleranceOf(graph)).equal);

/** Of sums of products of inputs up to 1 with the weights of the node, or with other inputs. */
const toleranceOf = (graph: Graph): Tolerance => {
  const [node] = graph.nodes;
  const [a, b] = (node?.inputs ?? []).map((name) => valueNamed(graph, name));
  const terms = node?.op === 'Conv' ? shapeOf(b).slice(1) : shapeOf(a).slice(node?.op === 'MatMul' ? -1 : 0);
  const sums = matmulTolerance(sizeOf(terms) + 1, 1, Math.max(1, largest(b?.tensor)));
  const isHalf = valueNamed(graph, graph.outputs[0] as string).dtype === 'float16';
  return isHalf ? { atol: sums.atol + tolerances.float16.atol, rtol: tolerances.float16.rtol } : sums;
};

const shapeOf = (value: { readonly shape: unknown } | undefined): ConcreteShape => (value?.shape ?? []) as ConcreteShape;

const largest = (tensor: Tensor | undefined): number =>
  tensor ? toNumbers(tensor.type, tensor.data).reduce((most: number, v: number) => Math.max(most, Math.abs(v)), 0) : 1;

/** Numbers between -1 and 1, the same every time. */
const randomTensor = (graph: Graph, name: string, seed: number): Tensor => {
  const { dtype, shape } = valueNamed(graph, name);
  let state = seed;
  // Knuth, "The Art of Computer Programming", vol. 2, 3.3.4: a linear congruential generator modulo 2^32.
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  const numbers = Array.from({ length: sizeOf(shape as ConcreteShape) }, next);
  return new Tensor(dtype, fromNumbers(dtype, numbers), shape as ConcreteShape);
};
