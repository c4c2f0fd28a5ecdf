import { basename } from 'node:path';
import type { Command } from 'commander';
import { Executable } from '../device/executable.js';
import { TilewiseError } from '../errors.js';
import { bindInputs } from '../inspect.js';
import { bindingsOf, hostInputs } from '../passes/host-inputs.js';
import { bind, optimize } from '../passes/index.js';
import { buildPlan } from '../plan/build.js';
import { type Profile, profilePlan } from '../profile/profile.js';
import { profilePage } from '../profile/report.js';
import { agreementText, byKernel, byOperator, clockText, type ProfileGroup, shareOf, slowest } from '../profile/summary.js';
import { traceOf } from '../profile/trace.js';
import { bytesText, plain, si } from '../report/format.js';
import type { CommandContext } from './context.js';
import { writeAtomically } from './files.js';
import { assignFiles, loadFeeds, loadPreprocessing } from './inputs.js';
import { openModel } from './model.js';
import { dims, wholeNumber } from './options.js';
import { milliseconds, type Terminal, table, withProgress } from './terminal.js';
import { tunedDevice } from './tuned-device.js';

interface ProfileFlags {
  readonly runs: number;
  readonly top: number;
  readonly seed: number;
  readonly dims?: ReadonlyMap<string, number>;
  readonly preprocessing?: string;
  readonly timestamps: boolean;
  readonly html?: string;
  readonly trace?: string;
  readonly json?: boolean;
}

const EXAMPLE = `
Examples:
  $ tilewise profile model.onnx
  $ tilewise profile model.onnx picture.jpg --html profile.html --trace profile.json
      profile.html has a roofline and a flame chart; profile.json opens in ui.perfetto.dev and chrome://tracing

Every command of the plan is measured by itself, in a pass of its own with timestamps, and the run as a whole. The roofs
of the adapter (arithmetic, memory, launches) are measured first; "% of roof" is the time that they allow over the time
taken. Bytes are what must be moved at least: inputs and weights read once, outputs written once.
`;

export const addProfile = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('profile')
    .description('show where the time of a run goes, node by node')
    .argument('<model>', 'an ONNX file')
    .argument('[inputs...]', 'pictures, .npy or raw .bin files (default: random data)')
    .option('--runs <n>', 'rounds of measurement, of which the calmer half counts; more while they differ', wholeNumber(1), 7)
    .option('--top <n>', 'how many nodes to show', wholeNumber(1), 20)
    .option('--html <file>', 'write a report with charts')
    .option('--trace <file>', 'write a trace for Perfetto')
    .option('--no-timestamps', "use the host's clock even where the adapter has timestamps")
    .option('--dims <name=size>', 'size of a symbolic extent, e.g. batch=4 (default 1, repeatable)', dims)
    .option('--preprocessing <file>', 'how pictures become inputs (JSON)')
    .option('--seed <n>', 'seed of the random data', wholeNumber(0), 1)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLE)
    .action(async (model: string, inputs: string[], flags: ProfileFlags) => {
      const profile = await measure(terminal, model, inputs, flags);
      if (flags.html !== undefined) await writeAtomically(flags.html, profilePage(profile));
      if (flags.trace !== undefined) await writeAtomically(flags.trace, JSON.stringify(traceOf(profile)));
      if (flags.json) terminal.out(JSON.stringify(profile, null, 2));
      else printProfile(terminal, profile, flags);
      finish(0);
    });
};

const measure = async (terminal: Terminal, path: string, inputs: readonly string[], flags: ProfileFlags): Promise<Profile> => {
  const graph = optimize(await openModel(path));
  const { shapes, assumed } = bindInputs(graph, flags.dims ?? new Map());
  const [files, ...more] = assignFiles(graph, inputs);
  if (!files || more.length > 0) {
    throw new TilewiseError('invalid-argument', 'profile takes one input', { hint: 'run it once for each file' });
  }
  if (files.paths.size === 0) terminal.err(`note: no inputs given: random data (seed ${flags.seed})`);
  if (assumed.length > 0) terminal.err(`note: ${assumed.join(', ')} = 1 (change it with --dims)`);
  const preprocessing = await loadPreprocessing(path, flags.preprocessing);
  const note = (text: string): void => terminal.err(`note: ${text}`);
  return await withProgress(terminal, `Profiling ${basename(path)}`, async (report) => {
    const device = await tunedDevice(terminal);
    const feeds = await loadFeeds(files, { graph, shapes, preprocessing, seed: flags.seed, note });
    report('loading the model');
    const bound = bind(graph, bindingsOf(hostInputs(graph), feeds));
    const executable = await Executable.load(buildPlan(bound, device.facts), device);
    try {
      const clock = flags.timestamps ? {} : ({ clock: 'host-clock' } as const);
      const options = { runs: flags.runs, onProgress: report, ...clock };
      const target = { graph: { ...bound, name: basename(path) }, executable, device };
      return await profilePlan(target, feeds, options);
    } finally {
      executable.dispose();
      for (const tensor of feeds.values()) tensor.dispose();
    }
  });
};

const printProfile = (terminal: Terminal, profile: Profile, { top, html, trace }: ProfileFlags): void => {
  const { adapter, roofs, host, memory } = profile;
  terminal.out(`adapter    ${adapter.description}`);
  if (adapter.kind === 'cpu')
    terminal.out('           a software adapter: it computes on the CPU, times say nothing about a GPU');
  terminal.out(
    `roofs      ${si(1e9 * roofs.aluGflops, 'FLOP/s')}, ${si(1e9 * roofs.memoryGBs, 'B/s')}, ${plain(roofs.launchMicroseconds)} us a launch`,
  );
  terminal.out(`GPU        ${milliseconds(profile.gpuMs)} for ${profile.commands.length} commands`);
  terminal.out(
    `host       ${milliseconds(profile.hostMs)} a run: encode ${milliseconds(host.encodeMs)}, submit ${milliseconds(host.submitMs)}, wait ${milliseconds(host.waitMs)}`,
  );
  terminal.out(`work       ${si(profile.macs)} MACs, ${si(profile.params)} parameters`);
  terminal.out(
    `memory     weights ${bytesText(memory.weightBytes)}, activations ${bytesText(memory.activationBytes)}, of which needed at once ${bytesText(memory.liveBytes)}`,
  );
  terminal.out(`\n${clockText(profile)}\n${agreementText(profile)}\n`);
  terminal.out(groupTable('op', 'nodes', byOperator(profile)));
  terminal.out(`\n${groupTable('kernel', 'dispatches', byKernel(profile))}`);
  terminal.out(`\n${nodeTable(profile, top)}`);
  const hidden = slowest(profile).length - top;
  if (hidden > 0) terminal.out(`and ${hidden} more (--top)`);
  for (const file of [html, trace]) if (file !== undefined) terminal.out(`\nwritten: ${file}`);
};

const groupTable = (name: string, counted: string, groups: readonly ProfileGroup[]): string =>
  table(
    [name, `${counted}>`, 'ms>', '%>'],
    groups.map((group) => [group.name, group.count, plain(group.gpuMs), group.share.toFixed(1)]),
  );

const nodeTable = (profile: Profile, top: number): string => {
  const rows = slowest(profile)
    .slice(0, top)
    .map((node) => [
      node.name,
      node.op,
      node.kernel,
      plain(node.gpuMs),
      shareOf(node, profile).toFixed(1),
      si(node.macs),
      bytesText(node.bytes),
      plain(node.intensity),
      plain(node.gflops),
      plain(node.gbs),
      `${node.percentOfRoof.toFixed(0)} ${node.limit}`,
    ]);
  return table(['node', 'op', 'kernel', 'ms>', '%>', 'MACs>', 'bytes>', 'FLOP/B>', 'GFLOP/s>', 'GB/s>', '% of roof>'], rows);
};
