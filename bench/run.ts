import type { Device } from '../src/device/device.js';
import { openDevice } from '../src/device/device.js';
import { throwIfAborted } from '../src/errors.js';
import { loadCpuKernels } from '../src/kernels/cpu-family.js';
import { loadLowerings } from '../src/kernels/select.js';
import { loadOperators, operators } from '../src/ops/index.js';
import { platform } from '../src/platform.js';
import { measureRoofs } from '../src/profile/roofs.js';
import { VERSION } from '../src/version.js';
import type { BenchCase, BenchOutcome } from './case.js';
import { COMMIT } from './commit.js';
import {
  type BenchFailure,
  type BenchLoad,
  type BenchReport,
  type BenchResult,
  type BenchRoofs,
  rates,
  SCHEMA,
} from './results.js';

export interface BenchOptions {
  /** Less time a case, and roofs that are measured in less. */
  readonly quick?: boolean;
  /** Seconds that the samples of one case may take together; 2 where absent, 0.3 when quick. */
  readonly budgetSeconds?: number;
  /** False skips the roofs, and with them the percentages. */
  readonly roofs?: boolean;
  readonly signal?: AbortSignal;
  /** A name for the machine. */
  readonly machine?: string;
  /** What the code runs on, e.g. { node: '20.19.0', platform: 'linux' }. */
  readonly versions?: Readonly<Record<string, string>>;
  /** Is told the times of every sample of a variant, in milliseconds: a report has their spread only. */
  readonly onSamples?: (name: string, ms: readonly number[]) => void;
}

export type BenchEvent =
  | { readonly kind: 'roofs'; readonly roofs: BenchRoofs }
  | { readonly kind: 'case'; readonly case: BenchCase; readonly index: number; readonly count: number }
  | { readonly kind: 'step'; readonly case: BenchCase; readonly step: string }
  | { readonly kind: 'result'; readonly result: BenchResult }
  | { readonly kind: 'load'; readonly load: BenchLoad }
  | { readonly kind: 'failure'; readonly failure: BenchFailure };

const BUDGET_SECONDS = 2;
const QUICK_BUDGET_SECONDS = 0.3;

/** A device of its own, as a case wants it that measures how long a model takes to load. */
export const openOwnDevice = async (): Promise<Device> =>
  openDevice(await platform().gpu(), platform().noAdapterHint, platform().pause);

/** Makes every operator ready: cases use some that few models have. Wanted before cases are listed or run. */
export const loadEverything = async (): Promise<void> => {
  await loadOperators();
  await loadLowerings(operators.keys());
  await loadCpuKernels();
};

/**
 * Runs cases one after the other on a device, tells what happens by `onEvent`, and returns the whole report. The same in
 * Node and in a page. The roofs are measured before and after, and the report has the better of both, so that percentages
 * may be lower in it than when they were told. Rejects with the code `aborted` when the signal fires; what was measured
 * until then was told.
 *
 *     const cases = benchCases({ facts: device.facts, quick: true });
 *     const report = await runBenchmarks(device, cases, { quick: true }, (event) => ...);
 */
export const runBenchmarks = async (
  device: Device,
  cases: readonly BenchCase[],
  options: BenchOptions = {},
  onEvent: (event: BenchEvent) => void = () => undefined,
): Promise<BenchReport> => {
  const { quick = false, signal, budgetSeconds = quick ? QUICK_BUDGET_SECONDS : BUDGET_SECONDS } = options;
  await loadEverything();
  throwIfAborted(signal);
  const measure = async (): Promise<BenchRoofs | null> =>
    options.roofs === false ? null : await measureRoofs(device, { quick, ...(signal && { signal }) });
  const roofs = await measure();
  if (roofs) onEvent({ kind: 'roofs', roofs });
  const results: BenchResult[] = [];
  const loads: BenchLoad[] = [];
  const failures: BenchFailure[] = [];
  for (const [index, one] of cases.entries()) {
    throwIfAborted(signal);
    onEvent({ kind: 'case', case: one, index, count: cases.length });
    const report = (step: string): void => onEvent({ kind: 'step', case: one, step });
    const { onSamples } = options;
    const context = { device, openDevice: openOwnDevice, roofs, budgetMs: 1000 * budgetSeconds, signal, report, onSamples };
    for await (const outcome of one.run(context)) {
      if ('result' in outcome) results.push(outcome.result);
      else if ('load' in outcome) loads.push(outcome.load);
      else failures.push(outcome.failure);
      onEvent(eventOf(outcome));
    }
  }
  const best = higher(roofs, await measure());
  if (best) onEvent({ kind: 'roofs', roofs: best });
  const held = results.map((result) => heldAgainst(result, best));
  return { ...reportHead(device, options), roofs: best, results: held, loads, failures };
};

const eventOf = (outcome: BenchOutcome): BenchEvent => {
  if ('result' in outcome) return { kind: 'result', ...outcome };
  return 'load' in outcome ? { kind: 'load', ...outcome } : { kind: 'failure', ...outcome };
};

/** What disturbs the machine lowers a roof and never raises it: the better of two measurements is nearer to the truth. */
const higher = (a: BenchRoofs | null, b: BenchRoofs | null): BenchRoofs | null =>
  a &&
  b && {
    aluGflops: Math.max(a.aluGflops, b.aluGflops),
    memoryGBs: Math.max(a.memoryGBs, b.memoryGBs),
    launchMicroseconds: Math.min(a.launchMicroseconds, b.launchMicroseconds),
  };

const heldAgainst = (result: BenchResult, roofs: BenchRoofs | null): BenchResult =>
  result.roofPercent === null ? result : { ...result, ...rates(result.flops, result.bytes, result.ms.median, roofs) };

/** What a report tells of its run beside the results. */
export const reportHead = (
  { facts }: Device,
  { quick = false, machine, versions = {} }: BenchOptions,
): Omit<BenchReport, 'roofs' | 'results' | 'loads' | 'failures'> => ({
  schema: SCHEMA,
  adapter: { description: facts.description, vendor: facts.vendor, architecture: facts.architecture, kind: facts.kind },
  features: facts.features,
  versions: { tilewise: VERSION, ...versions },
  commit: COMMIT,
  date: new Date().toISOString(),
  machine: machine ?? null,
  quick,
});
