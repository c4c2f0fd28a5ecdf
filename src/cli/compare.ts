import { basename } from 'node:path';
import type { Command } from 'commander';
import { type CompareOptions, compareGraph, compareValues, type GraphComparison, onHost, traceValues } from '../compare.js';
import { sharedDevice } from '../device/shared.js';
import { TilewiseError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { type BoundInputs, bindInputs } from '../inspect.js';
import { bindingsOf, hostInputs } from '../passes/host-inputs.js';
import { bind, optimize } from '../passes/index.js';
import { type Tolerance, tolerances } from '../tensor/compare.js';
import type { Tensor } from '../tensor/tensor.js';
import { goldenTensors } from './compare-golden.js';
import { type OnnxRuntimeColumn, onnxRuntimeColumn } from './compare-onnxruntime.js';
import { printComparison } from './compare-print.js';
import { comparisonJson, comparisonPage } from './compare-report.js';
import type { CommandContext } from './context.js';
import { writeAtomically } from './files.js';
import { assignFiles, loadFeeds, loadPreprocessing } from './inputs.js';
import { openModel } from './model.js';
import { dims, wholeNumber } from './options.js';
import { type Terminal, withProgress } from './terminal.js';
import { tunedDevice } from './tuned-device.js';

interface CompareFlags {
  readonly tolerance?: string;
  readonly against?: string;
  readonly golden?: string;
  readonly onnxruntime?: boolean;
  readonly worst: number;
  readonly seed: number;
  readonly dims?: ReadonlyMap<string, number>;
  readonly preprocessing?: string;
  readonly html?: string;
  readonly json?: boolean;
}

const EXAMPLE = `
Examples:
  $ tilewise compare model.onnx
  $ tilewise compare model.onnx picture.png --tolerance reduction --html report.html
  $ tilewise compare model-f16.onnx --against model.onnx
  $ tilewise compare model.onnx x.npy --golden expected
      every NAME.npy of the folder is held against the value of that name

Every node of the optimised graph runs on the GPU and in plain loops on the CPU, on the same inputs; then the whole graph.
By default a node may be off by 1e-5 of the largest magnitude of its output, the whole graph by 1e-4. With --against and
--golden the graph runs once, and the values that have the same name and shape are compared: the first that differs counts.
The exit code is 1 where something differs.
`;

export const addCompare = (program: Command, { terminal, finish, alter }: CommandContext): void => {
  program
    .command('compare')
    .description('compare the GPU with the CPU reference, node by node')
    .argument('<model>', 'an ONNX file')
    .argument('[inputs...]', 'pictures, .npy or raw .bin files (default: random data)')
    .option('--tolerance <name>', `one of ${Object.keys(tolerances).join(', ')}`)
    .option('--against <model>', 'compare with another model on the same adapter instead of the reference')
    .option('--golden <folder>', 'compare with the NAME.npy files of a folder instead of the reference')
    .option('--onnxruntime', 'a further column: the reference against onnxruntime on the CPU (npm install onnxruntime-node)')
    .option('--worst <n>', 'how many of the worst elements to show', wholeNumber(1), 5)
    .option('--seed <n>', 'seed of the random data', wholeNumber(0), 1)
    .option('--dims <name=size>', 'size of a symbolic extent, e.g. batch=4 (default 1, repeatable)', dims)
    .option('--preprocessing <file>', 'how pictures become inputs (JSON)')
    .option('--html <file>', 'write a report with the histogram of the errors')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLE)
    .action(async (model: string, inputs: string[], flags: CompareFlags) => {
      const { comparison, column } = await compare(terminal, model, inputs, flags, alter);
      if (flags.html !== undefined) await writeAtomically(flags.html, comparisonPage(basename(model), comparison, column));
      if (flags.json) terminal.out(JSON.stringify(comparisonJson(comparison, column), null, 2));
      else printComparison(terminal, comparison, column);
      if (flags.html !== undefined) terminal.err(`written: ${flags.html}`);
      finish(comparison.first ? 1 : 0);
    });
};

const toleranceNamed = (name: string | undefined): Tolerance | undefined => {
  if (name === undefined) return undefined;
  if (Object.hasOwn(tolerances, name)) return tolerances[name as keyof typeof tolerances];
  throw new TilewiseError('invalid-argument', `there is no tolerance '${name}'`, {
    hint: `the tolerances are: ${Object.keys(tolerances).join(', ')}`,
  });
};

interface Outcome {
  readonly comparison: GraphComparison;
  /** Where --onnxruntime asked for it. */
  readonly column?: OnnxRuntimeColumn;
}

const compare = async (
  terminal: Terminal,
  path: string,
  inputs: readonly string[],
  flags: CompareFlags,
  alter: CommandContext['alter'],
): Promise<Outcome> => {
  const tolerance = toleranceNamed(flags.tolerance);
  if (flags.against !== undefined && flags.golden !== undefined) {
    throw new TilewiseError('invalid-argument', 'compare takes --against or --golden, not both');
  }
  const imported = await openModel(path);
  const graph = optimize(imported);
  const bound = bindInputs(graph, flags.dims ?? new Map());
  return await withProgress(terminal, 'Comparing node by node', async (report) => {
    await tunedDevice(terminal);
    const feeds = await feedsOf(terminal, path, graph, bound, inputs, flags);
    const options: CompareOptions = {
      worst: flags.worst,
      ...(tolerance && { tolerance }),
      ...(alter && { alter }),
      onNode: ({ name, op }, index, count) => report(`${index + 1} of ${count}: ${op} ${name}`),
    };
    if (!flags.onnxruntime) return { comparison: await run(graph, feeds, flags, options) };
    report('running onnxruntime');
    const column = await onnxRuntimeColumn(imported, feeds);
    const onValue: CompareOptions['onValue'] = (name, _, expected) => column.see(name, expected);
    return { comparison: await run(graph, feeds, flags, { ...options, onValue }), column };
  });
};

const run = async (
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  flags: CompareFlags,
  options: CompareOptions,
): Promise<GraphComparison> => {
  const device = await sharedDevice();
  const boundTo = (one: Graph): Graph => bind(one, bindingsOf(hostInputs(one), feeds));
  const own = boundTo(graph);
  if (flags.golden !== undefined) {
    return await compareValues(own, feeds, device, await goldenTensors(flags.golden, own), options);
  }
  if (flags.against === undefined) return await compareGraph(own, feeds, device, options);
  const other = boundTo(optimize(await openModel(flags.against)));
  return await compareValues(own, feeds, device, await traceValues(other, feeds, device), options);
};

const feedsOf = async (
  terminal: Terminal,
  path: string,
  graph: Graph,
  { shapes, assumed }: BoundInputs,
  inputs: readonly string[],
  flags: CompareFlags,
): Promise<Map<string, Tensor>> => {
  const [files, ...more] = assignFiles(graph, inputs);
  if (!files || more.length > 0) {
    throw new TilewiseError('invalid-argument', 'compare takes one input', { hint: 'run it once for each file' });
  }
  if (files.paths.size === 0) terminal.err(`note: no inputs given: random data (seed ${flags.seed})`);
  if (assumed.length > 0) terminal.err(`note: ${assumed.join(', ')} = 1 (change it with --dims)`);
  const preprocessing = await loadPreprocessing(path, flags.preprocessing);
  const note = (text: string): void => terminal.err(`note: ${text}`);
  const loaded = await loadFeeds(files, { graph, shapes, preprocessing, seed: flags.seed, note });
  const feeds = await onHost(loaded);
  for (const tensor of loaded.values()) if (tensor.location === 'gpu') tensor.dispose();
  return feeds;
};
