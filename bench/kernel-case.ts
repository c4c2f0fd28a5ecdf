import type { Device } from '../src/device/device.js';
import { Executable } from '../src/device/executable.js';
import type { Graph } from '../src/graph/graph.js';
import { summarizeNodes, total } from '../src/inspect.js';
import type { DeviceFacts } from '../src/kernels/facts.js';
import { buildPlan } from '../src/plan/build.js';
import type { Plan } from '../src/plan/plan.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { type Check, checker } from './agreement.js';
import { type BenchCase, type BenchContext, type BenchOutcome, failureOf } from './case.js';
import { compulsoryBytes, repeated, withResidentInputs } from './repeated-plan.js';
import { type Agreement, type BenchGroup, type BenchResult, rates, type Spread } from './results.js';
import { sampleInTurns, spreadOf } from './statistics.js';
import { longestSubmit, MAX_SUBMIT_MS } from './submits.js';

/** Work to be done, and how its result is checked. */
export interface Problem {
  /** Of concrete shapes, with one output. */
  readonly graph: Graph;
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly check: Check;
}

/** One way to do the work. */
export interface Variant {
  readonly name: string;
  readonly plan: (problem: Problem, facts: DeviceFacts) => Plan;
  readonly tileIntensity?: number;
}

/** What models run: the kernels that the device and the shapes call for. */
export const shipped: Variant = { name: 'shipped', plan: ({ graph }, facts) => buildPlan(graph, facts) };

export interface KernelCase {
  readonly name: string;
  readonly group: BenchGroup;
  readonly title: string;
  readonly problem: () => Problem;
  readonly variants: readonly Variant[];
}

/** How long the commands of one submit should take: long for the clock, short for a desktop that shares the GPU. */
const SUBMIT_MS = 20;
const MAX_REPEATS = 256;

/** A variant that is loaded and has been checked. */
interface Prepared {
  readonly variant: Variant;
  readonly plan: Plan;
  readonly agreement: Agreement;
  readonly repeats: number;
  readonly longestSubmitMs: number;
  readonly executable: Executable;
}

/** A case whose variants are plans for the same problem, on data that stays on the device. */
export const kernelCase = (given: KernelCase): BenchCase => ({
  name: given.name,
  group: given.group,
  title: given.title,
  run: (context) => runVariants(given, context),
});

async function* runVariants(given: KernelCase, context: BenchContext): AsyncGenerator<BenchOutcome> {
  const { report, signal, budgetMs } = context;
  report('computing the reference');
  const problem = given.problem();
  const agrees = checker(problem.check);
  const prepared: Prepared[] = [];
  try {
    for (const variant of given.variants) {
      report(`checking ${variant.name}`);
      try {
        prepared.push(await prepare(variant, problem, agrees, context.device));
      } catch (error) {
        yield failureOf(`${given.name}/${variant.name}`, error, signal);
      }
    }
    if (prepared.length === 0) return;
    const onRound = (rounds: number): void => report(`${rounds} rounds`);
    const samples = await sampleInTurns(
      prepared.map((one) => () => sample(one)),
      { budgetMs, signal, onRound },
    );
    const flops = 2 * total(summarizeNodes(problem.graph)).macs;
    for (const [i, one] of prepared.entries()) {
      context.onSamples?.(`${given.name}/${one.variant.name}`, samples[i]!);
      yield { result: resultOf(given, one, spreadOf(samples[i]!), flops, context) };
    }
  } finally {
    for (const { executable } of prepared) executable.dispose();
  }
}

const prepare = async (
  variant: Variant,
  problem: Problem,
  agrees: (actual: Tensor) => Agreement,
  device: Device,
): Promise<Prepared> => {
  const plan = variant.plan(problem, device.facts);
  const agreement = agrees(await outputOf(plan, problem, device));
  if (!agreement.equal) throw new Error(`the result is wrong: it is off by ${agreement.error}, so it was not timed`);
  const resident = withResidentInputs(plan, problem.feeds);
  const once = await Executable.load(repeated(resident, 1), device);
  let repeats: number;
  try {
    await timeRun(once);
    const ms = await timeRun(once);
    repeats = Math.max(1, Math.min(MAX_REPEATS, Math.floor(SUBMIT_MS / ms)));
  } finally {
    once.dispose();
  }
  const executable = await Executable.load(repeated(resident, repeats), device);
  // The submits are those of the runs to come once a first run has told their lengths.
  if (repeats === 1) await timeRun(executable);
  const longestSubmitMs = await longestSubmit(device.gpu, () => timeRun(executable));
  return { variant, plan, agreement, repeats, longestSubmitMs, executable };
};

const outputOf = async (plan: Plan, { graph, feeds }: Problem, device: Device): Promise<Tensor> => {
  const executable = await Executable.load(plan, device);
  try {
    return (await executable.run(feeds, graph.outputs, { maxSubmitMs: MAX_SUBMIT_MS })).get(graph.outputs[0] as string) as Tensor;
  } finally {
    executable.dispose();
  }
};

const timeRun = async (executable: Executable): Promise<number> => {
  const start = performance.now();
  const names = executable.plan.outputs.map(({ name }) => name);
  await executable.run(new Map(), names, { maxSubmitMs: MAX_SUBMIT_MS });
  return performance.now() - start;
};

const sample = async ({ executable, repeats }: Prepared): Promise<number> => (await timeRun(executable)) / repeats;

const resultOf = (
  given: KernelCase,
  { variant, plan, agreement, longestSubmitMs }: Prepared,
  ms: Spread,
  flops: number,
  { roofs }: BenchContext,
): BenchResult => {
  const bytes = compulsoryBytes(plan);
  const dispatches = plan.commands.filter((command) => command.kind === 'dispatch');
  return {
    name: `${given.name}/${variant.name}`,
    group: given.group,
    case: given.name,
    variant: variant.name,
    kernels: [...new Set(dispatches.map(({ kernel }) => kernel))],
    dispatches: dispatches.length,
    flops,
    bytes,
    ms,
    ...rates(flops, bytes, ms.median, roofs),
    ...(variant.tileIntensity !== undefined && { tileIntensity: variant.tileIntensity }),
    longestSubmitMs,
    agreement,
  };
};
