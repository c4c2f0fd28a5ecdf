import { basename } from 'node:path';
import type { Command } from 'commander';
import type { BenchCase } from '../../bench/case.js';
import { benchCases, selectCases } from '../../bench/cases.js';
import { type Changes, compareReports, reportFrom } from '../../bench/changes.js';
import { modelCase } from '../../bench/model-case.js';
import type { BenchFailure, BenchLoad, BenchReport, BenchResult } from '../../bench/results.js';
import { type BenchEvent, loadEverything, runBenchmarks } from '../../bench/run.js';
import { sharedDevice } from '../device/shared.js';
import { TilewiseError } from '../errors.js';
import { defaultFacts } from '../kernels/facts.js';
import type { CommandContext } from './context.js';
import { packageRoot, readBytes, readJson, writeAtomically } from './files.js';
import { dims, positiveNumber } from './options.js';
import { milliseconds, type Terminal, table, withProgress } from './terminal.js';
import { tunedDevice } from './tuned-device.js';

interface BenchFlags {
  readonly quick?: boolean;
  readonly json?: string;
  readonly compare?: string;
  readonly only: string;
  readonly list?: boolean;
  readonly budget?: number;
  readonly dims?: ReadonlyMap<string, number>;
  readonly machine?: string;
}

const EXAMPLE = `
Examples:
  $ tilewise bench --quick
  $ tilewise bench --only matmul --json before.json
  $ tilewise bench --only matmul --compare before.json
  $ tilewise bench resnet18.onnx --only models

Every result is checked against the CPU reference before it is timed; the variants of a case are timed in turn. "% of roof"
is against what this adapter can do at most: min(ALU roof, FLOP per byte x memory roof), measured before and after.
--compare marks with * what differs by more than the spread of the samples and 5 %. Models may be files; without any, the
LeNet-5 of this package is run. Ctrl-C ends the run.
`;

export const addBench = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('bench')
    .description('measure kernels, fusion, batches, whole models and what the host costs')
    .argument('[models...]', 'ONNX files to run as well')
    .option('--quick', 'fewer and smaller cases, in about a minute')
    .option('--only <pattern>', 'cases whose name or group holds one of these texts, e.g. matmul,conv or fusion', '')
    .option('--list', 'list the cases and run none')
    .option('--budget <seconds>', 'time for the samples of one case (default 2, with --quick 0.3)', positiveNumber)
    .option('--json <file>', 'write the results as JSON')
    .option('--compare <file>', 'show what moved since an earlier --json')
    .option('--dims <name=size>', 'size of a symbolic extent of the models, e.g. batch=4 (default 1, repeatable)', dims)
    .option('--machine <name>', 'a name for this machine, for the JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (models: string[], flags: BenchFlags) => finish(await bench(terminal, models, flags)));
};

const bench = async (terminal: Terminal, models: readonly string[], flags: BenchFlags): Promise<number> => {
  // What can be refused is refused before minutes of work.
  const before = flags.compare === undefined ? undefined : reportFrom(await readJson(flags.compare), flags.compare);
  const modelCases = await casesOf(models, flags.dims);
  await loadEverything();
  const select = (facts: typeof defaultFacts): BenchCase[] =>
    selectCases([...benchCases({ facts, quick: flags.quick ?? false }), ...modelCases], flags.only);
  if (flags.list) {
    const rows = select(await factsAtHand()).map(({ name, group, title }) => [name, group, title]);
    terminal.out(table(['name', 'group', 'what'], rows));
    return 0;
  }
  const report = await withProgress(terminal, 'Benchmarking', async (say) => {
    say('opening the GPU');
    const device = await tunedDevice(terminal);
    const cases = select(device.facts);
    say('measuring the roofs of the adapter');
    return await runBenchmarks(device, cases, optionsOf(flags), progress(say));
  });
  if (flags.json !== undefined) await writeAtomically(flags.json, `${JSON.stringify(report, null, 2)}\n`);
  printReport(terminal, report);
  if (before) printChanges(terminal, compareReports(before, report));
  return report.failures.length > 0 ? 1 : 0;
};

const optionsOf = ({ quick = false, budget, machine }: BenchFlags) => ({
  quick,
  ...(budget !== undefined && { budgetSeconds: budget }),
  ...(machine !== undefined && { machine }),
  versions: { node: process.versions.node, platform: `${process.platform}-${process.arch}` },
});

/** Which cases there are depends on the adapter; without one, those of WebGPU's defaults are listed. */
const factsAtHand = async (): Promise<typeof defaultFacts> => {
  try {
    return (await sharedDevice()).facts;
  } catch (error) {
    if (error instanceof TilewiseError) return defaultFacts;
    throw error;
  }
};

const casesOf = async (models: readonly string[], given: ReadonlyMap<string, number> = new Map()): Promise<BenchCase[]> => {
  const paths = models.length > 0 ? models : [`${packageRoot()}/models/lenet5.onnx`];
  return await Promise.all(
    paths.map(async (path) => {
      const file = await readBytes(path);
      const name = basename(path).replace(/\.onnx$/, '');
      return modelCase({ name: `model/${name}`, group: 'models', title: `the model ${name}`, bytes: () => file, dims: given });
    }),
  );
};

const progress = (say: (text: string) => void) => {
  let at = '';
  return (event: BenchEvent): void => {
    if (event.kind === 'case') at = `${event.index + 1} of ${event.count}: ${event.case.name}`;
    if (event.kind === 'case') say(at);
    if (event.kind === 'step') say(`${at}: ${event.step}`);
  };
};

const rate = (value: number): string => (value < 0.001 ? '' : value >= 100 ? value.toFixed(0) : value.toPrecision(2));
const percent = (value: number | null): string =>
  value === null ? '' : `${value >= 10 ? value.toFixed(0) : value.toPrecision(2)} %`;

const printReport = (terminal: Terminal, { adapter, roofs, results, loads = [], failures, commit }: BenchReport): void => {
  terminal.out(`${adapter.description} (${adapter.kind})${commit === null ? '' : `, commit ${commit}`}`);
  if (roofs) {
    const launch = `a dispatch ${roofs.launchMicroseconds.toPrecision(3)} us`;
    terminal.out(`roofs: ${rate(roofs.aluGflops)} GFLOP/s, ${rate(roofs.memoryGBs)} GB/s, ${launch}`);
  }
  terminal.out('');
  const rows = results.map((result) => [
    result.name,
    milliseconds(result.ms.median),
    milliseconds(result.ms.p95),
    rate(result.gflops),
    rate(result.gbs),
    percent(result.roofPercent),
    result.tileIntensity === undefined ? '' : result.tileIntensity.toPrecision(2),
    result.kernels.length > 3 ? `${result.kernels.length} kernels` : result.kernels.join(', '),
  ]);
  if (rows.length > 0) {
    terminal.out(table(['case', 'median>', 'p95>', 'GFLOP/s>', 'GB/s>', '% of roof>', 'FLOP/byte>', 'kernels'], rows));
  }
  for (const result of results) printMore(terminal, result);
  if (loads.length > 0) printLoads(terminal, loads);
  printFailures(terminal, failures);
};

/** What only some results have. */
const printMore = (
  terminal: Terminal,
  { name, loadMs, firstRunMs, hostMs, imagesPerSecond, host, dispatches }: BenchResult,
): void => {
  const parts: string[] = [];
  if (loadMs !== undefined && firstRunMs !== undefined) {
    parts.push(
      `load ${milliseconds(loadMs)}, first run ${milliseconds(firstRunMs)}, together ${milliseconds(loadMs + firstRunMs)}`,
    );
  }
  if (hostMs) parts.push(`with readback ${milliseconds(hostMs.median)} (p95 ${milliseconds(hostMs.p95)})`);
  if (imagesPerSecond !== undefined) parts.push(`${rate(imagesPerSecond)} images/s`);
  if (host) {
    const perDispatch = `${host.dispatchMicroseconds.toFixed(1)} us a dispatch, ${host.encodeMicroseconds.toFixed(2)} us of it encoding`;
    parts.push(`${perDispatch}; ${host.submits} submit and ${host.bindGroups} createBindGroup a run of ${dispatches}`);
  }
  if (parts.length > 0) terminal.out(`${name}: ${parts.join('; ')}`);
};

const printLoads = (terminal: Terminal, loads: readonly BenchLoad[]): void => {
  const rows = loads.map(({ case: name, offeredPerSecond, answeredPerSecond, rejected, latencyMs, batches }) => [
    name,
    offeredPerSecond.toFixed(0),
    answeredPerSecond.toFixed(0),
    String(rejected),
    milliseconds(latencyMs.p50),
    milliseconds(latencyMs.p95),
    milliseconds(latencyMs.p99),
    Object.entries(batches)
      .map(([size, count]) => `${count} of ${size}`)
      .join(', '),
  ]);
  terminal.out(table(['queue', 'asked/s>', 'answered/s>', 'refused>', 'p50>', 'p95>', 'p99>', 'batches'], rows));
};

const printFailures = (terminal: Terminal, failures: readonly BenchFailure[]): void => {
  for (const { name, error } of failures) terminal.out(`FAILED ${name}: ${error}`);
};

const printChanges = (terminal: Terminal, { changes, added, removed, warnings }: Changes): void => {
  terminal.out('');
  for (const warning of warnings) terminal.err(`note: ${warning}`);
  const rows = changes.map(({ name, before, now, speedup, moved }) => [
    name,
    milliseconds(before),
    milliseconds(now),
    `${speedup.toFixed(2)}x`,
    moved ? (speedup > 1 ? '* faster' : '* slower') : '',
  ]);
  if (rows.length > 0) terminal.out(table(['case', 'before>', 'now>', 'speed>', ''], rows));
  const moved = changes.filter((change) => change.moved).length;
  terminal.out(`\n${moved} of ${changes.length} moved; ${added.length} are new, ${removed.length} were not run`);
};
