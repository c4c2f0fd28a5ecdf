import { basename, extname, join } from 'node:path';
import type { Command } from 'commander';
import type { Device } from '../device/device.js';
import { Executable } from '../device/executable.js';
import type { EpilogueStep, Graph } from '../graph/graph.js';
import { bindInputs, summarizeNodes } from '../inspect.js';
import { bindingsOf, shapeSources } from '../passes/host-inputs.js';
import { bind, optimize } from '../passes/index.js';
import { buildPlan, rejectMissingKernels } from '../plan/build.js';
import type { Plan } from '../plan/plan.js';
import { kernelsOf } from '../preflight.js';
import { MAX_TRIP_COUNT, StagedModel } from '../stages/index.js';
import { defaultBudgets } from '../tensor/budgets.js';
import { toNumbers } from '../tensor/convert.js';
import { shapeText } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { CommandContext } from './context.js';
import { fileNameOf, packageRoot, writeAtomically } from './files.js';
import { assignFiles, type FeedFiles, loadFeeds, loadPreprocessing } from './inputs.js';
import { loadLabels, rank } from './labels.js';
import { openModel } from './model.js';
import { writeNpy } from './npy.js';
import { dims, wholeNumber } from './options.js';
import { grouped, milliseconds, short, type Terminal, table, withProgress } from './terminal.js';
import { tunedDevice } from './tuned-device.js';

interface RunFlags {
  readonly labels?: string;
  readonly top: number;
  readonly runs: number;
  readonly seed: number;
  readonly output?: string;
  readonly dims?: ReadonlyMap<string, number>;
  readonly preprocessing?: string;
  readonly json?: boolean;
}

const EXAMPLE = `
Examples:
  $ tilewise run
      a digit by the LeNet-5 that comes with the package
  $ tilewise run mobilenet.onnx cat.jpg dog.jpg --labels imagenet.txt
  $ tilewise run detector.onnx image=street.png threshold=t.npy --output results

A picture is brought to the model's input as model.preprocessing.json beside model.onnx says, or the file given by
--preprocessing: {"width": 224, "height": 224, "fit": "cover", "mean": [...], "std": [...]}.
`;

export const addRun = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('run')
    .description('run a model on pictures or tensors and time it')
    .argument('[model]', 'an ONNX file (default: the LeNet-5 of this package)')
    .argument('[inputs...]', 'pictures, .npy or raw .bin files; NAME=FILE where the model has several inputs')
    .option('--labels <file>', 'names of the classes: a line each, or a JSON list')
    .option('--top <k>', 'how many classes to show', wholeNumber(1), 5)
    .option('--runs <n>', 'how many runs to time', wholeNumber(1), 20)
    .option('--output <dir>', 'write every output as NAME.npy')
    .option('--dims <name=size>', 'size of a symbolic extent, e.g. batch=4 (repeatable)', dims)
    .option('--preprocessing <file>', 'how pictures become inputs (JSON)')
    .option('--seed <n>', 'seed of the random data that stands for inputs not given', wholeNumber(0), 1)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLE)
    .action(async (model: string | undefined, inputs: string[], flags: RunFlags) => {
      await run(terminal, model, inputs, flags);
      finish(0);
    });
};

const run = async (terminal: Terminal, model: string | undefined, inputs: readonly string[], flags: RunFlags): Promise<void> => {
  const path = model ?? join(packageRoot(), 'models', 'lenet5.onnx');
  const files = model === undefined ? [join(packageRoot(), 'models', 'digits', '7.png')] : inputs;
  const labels = flags.labels === undefined ? undefined : await loadLabels(flags.labels);
  const report = await withProgress(terminal, `Running ${basename(path)}`, async (step) => {
    step('opening the GPU');
    const device = await tunedDevice(terminal);
    step('loading the model');
    return await measure(terminal, path, files, flags, device);
  });
  if (flags.output !== undefined) await writeOutputs(flags.output, report.results);
  if (flags.json) terminal.out(JSON.stringify(reportJson(report, flags, labels), null, 2));
  else printReport(terminal, report, flags, labels);
};

interface RunResult {
  readonly input: string;
  readonly outputs: ReadonlyMap<string, Tensor>;
}

interface Layer {
  readonly name: string;
  readonly op: string;
  readonly kernel: string;
  readonly shape: readonly number[];
  readonly macs: number;
  readonly params: number;
}

interface Report {
  readonly model: string;
  readonly adapter: { readonly description: string; readonly kind: 'gpu' | 'cpu' };
  readonly loadMs: number;
  readonly firstRunMs: number;
  readonly medianMs: number;
  readonly results: readonly RunResult[];
  readonly layers: readonly Layer[];
}

/** Loads the model, runs it on every input and times it on the first. */
const measure = async (
  terminal: Terminal,
  path: string,
  files: readonly string[],
  flags: RunFlags,
  device: Device,
): Promise<Report> => {
  const started = performance.now();
  const imported = await openModel(path);
  const graph = optimize(imported);
  rejectMissingKernels(graph);
  const importMs = performance.now() - started;
  const { shapes, assumed } = bindInputs(graph, flags.dims ?? new Map());
  const runs = assignFiles(graph, files);
  const random = runs.some(({ paths }) => paths.size === 0);
  if (random) terminal.err(`note: no inputs given: random data (seed ${flags.seed})`);
  if (random && assumed.length > 0) terminal.err(`note: ${assumed.join(', ')} = 1 (change it with --dims)`);
  const preprocessing = await loadPreprocessing(path, flags.preprocessing);
  const notes = new Set<string>();
  const context = { graph, shapes, preprocessing, seed: flags.seed, note: (text: string) => notes.add(text) };
  const results: RunResult[] = [];
  let first: Omit<Report, 'results' | 'model' | 'adapter'> | undefined;
  for (const files of runs) {
    const feeds = await loadFeeds(files, context);
    const loading = performance.now();
    const loaded = await load(graph, feeds, device);
    const loadMs = importMs + performance.now() - loading;
    try {
      const { outputs, firstRunMs, medianMs } = await timeRuns(loaded, feeds, graph.outputs, first ? 1 : flags.runs);
      first ??= { loadMs, firstRunMs, medianMs, layers: loaded.layers() };
      results.push({ input: titleOf(files), outputs });
    } finally {
      await loaded.dispose();
      for (const tensor of feeds.values()) tensor.dispose();
    }
  }
  for (const text of notes) terminal.err(`note: ${text}`);
  const { description, kind } = device.facts;
  return { model: path, adapter: { description, kind }, ...(first as NonNullable<typeof first>), results };
};

/** A model on the device, ready for feeds of these shapes. */
interface Loaded {
  run(feeds: ReadonlyMap<string, Tensor>, fetches: readonly string[]): Promise<ReadonlyMap<string, Tensor>>;
  layers(): Layer[];
  dispose(): void | Promise<void>;
}

const load = async (graph: Graph, feeds: ReadonlyMap<string, Tensor>, device: Device): Promise<Loaded> => {
  const { hostInputs, open } = shapeSources(graph);
  const bindings = bindingsOf(hostInputs, feeds);
  if (open.length > 0) {
    const staged = new StagedModel(graph, device, { budgets: defaultBudgets, maxTripCount: MAX_TRIP_COUNT });
    await staged.prepare(bindings);
    return {
      run: (inputs, fetches) => staged.run(inputs, fetches),
      layers: () => staged.stages().flatMap((stage) => layersOf(stage.graph, stage.plan)),
      dispose: () => staged.dispose(),
    };
  }
  const bound = bind(graph, bindings);
  const plan = buildPlan(bound, device.facts);
  const executable = await Executable.load(plan, device);
  return {
    run: (inputs, fetches) => executable.run(inputs, fetches),
    layers: () => layersOf(bound, plan),
    dispose: () => executable.dispose(),
  };
};

const titleOf = ({ title }: FeedFiles): string => title;

/** The first run, then the median of `runs` more; a run is from the feeds to all outputs on the host. */
const timeRuns = async (
  executable: Pick<Loaded, 'run'>,
  feeds: ReadonlyMap<string, Tensor>,
  fetches: readonly string[],
  runs: number,
): Promise<{ outputs: ReadonlyMap<string, Tensor>; firstRunMs: number; medianMs: number }> => {
  const once = async (): Promise<[ReadonlyMap<string, Tensor>, number]> => {
    const started = performance.now();
    const outputs = await executable.run(feeds, fetches);
    return [outputs, performance.now() - started];
  };
  const [outputs, firstRunMs] = await once();
  const times: number[] = [];
  for (let i = 0; i < runs; i++) times.push((await once())[1]);
  return { outputs, firstRunMs, medianMs: median(times) };
};

export const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};

const layersOf = (bound: Graph, plan: Plan): Layer[] => {
  const kernels = kernelsOf(plan);
  const summaries = summarizeNodes(bound);
  return bound.nodes.map((node, i) => {
    const steps = (node.attributes.epilogue ?? []) as readonly EpilogueStep[];
    const { macs, params } = summaries[i] as (typeof summaries)[number];
    return {
      name: node.name,
      op: [node.op, ...steps.map(({ op }) => op)].join(' + '),
      kernel: (kernels.get(node.name) ?? []).join(', ') || '-',
      shape: (bound.values.get(node.outputs[0] as string)?.shape ?? []) as readonly number[],
      macs,
      params,
    };
  });
};

const writeOutputs = async (folder: string, results: readonly RunResult[]): Promise<void> => {
  const used = new Set<string>();
  for (const { input, outputs } of results) {
    const prefix = results.length > 1 ? `${fileNameOf(basename(input, extname(input)))}.` : '';
    for (const [name, tensor] of outputs) {
      const base = prefix + fileNameOf(name);
      let file = base;
      for (let i = 1; used.has(file); i++) file = `${base}_${i}`;
      used.add(file);
      await writeAtomically(join(folder, `${file}.npy`), writeNpy(tensor));
    }
  }
};

/** The rows of an output that can be read as scores of classes: rank 1 or 2 with at least two classes. */
const scoreRows = (tensor: Tensor): Float64Array[] => {
  const classes = tensor.dims.at(-1) ?? 0;
  if (tensor.dims.length > 2 || classes < 2 || !tensor.type.startsWith('float')) return [];
  const numbers = toNumbers(tensor.type, tensor.data);
  return Array.from({ length: numbers.length / classes }, (_, i) => numbers.subarray(i * classes, (i + 1) * classes));
};

const reportJson = (report: Report, { top, runs }: RunFlags, labels: readonly string[] | undefined): unknown => ({
  ...report,
  runs,
  results: report.results.map(({ input, outputs }) => ({
    input,
    outputs: [...outputs].map(([name, tensor]) => ({
      name,
      dtype: tensor.type,
      shape: tensor.dims,
      rankings: scoreRows(tensor).map((row) => rank(row, top, labels)),
    })),
  })),
});

const printReport = (
  terminal: Terminal,
  report: Report,
  { top, runs, output }: RunFlags,
  labels: readonly string[] | undefined,
): void => {
  const { adapter, layers } = report;
  terminal.out(`adapter    ${adapter.description}`);
  if (adapter.kind === 'cpu')
    terminal.out('           a software adapter: it computes on the CPU, times say nothing about a GPU');
  terminal.out(`load       ${milliseconds(report.loadMs)}`);
  terminal.out(`first run  ${milliseconds(report.firstRunMs)}`);
  terminal.out(`median     ${milliseconds(report.medianMs)} of ${runs} run${runs === 1 ? '' : 's'}`);
  for (const { input, outputs } of report.results) {
    terminal.out(`\n${input}`);
    for (const [name, tensor] of outputs) printOutput(terminal, name, tensor, top, labels);
  }
  terminal.out('');
  const rows = layers.map(({ name, op, kernel, shape, macs, params }) => [
    name,
    op,
    kernel,
    shapeText(shape),
    grouped(macs),
    grouped(params),
  ]);
  const sum = (key: 'macs' | 'params'): string => grouped(layers.reduce((all, layer) => all + layer[key], 0));
  terminal.out(
    table(['layer', 'op', 'kernel', 'output', 'MACs>', 'params>'], [...rows, ['total', '', '', '', sum('macs'), sum('params')]]),
  );
  if (output !== undefined) terminal.out(`\noutputs written to ${output}`);
};

const printOutput = (
  terminal: Terminal,
  name: string,
  tensor: Tensor,
  top: number,
  labels: readonly string[] | undefined,
): void => {
  const rows = scoreRows(tensor);
  if (rows.length === 0) {
    const numbers = toNumbers(tensor.type, tensor.data);
    const [least, most] = numbers.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    const range = numbers.length === 0 ? 'empty' : `from ${short(least as number)} to ${short(most as number)}`;
    terminal.out(`  ${name} ${tensor.type} ${shapeText(tensor.dims)} ${range}`);
  }
  for (const row of rows) {
    const { top: classes, softmax } = rank(row, top, labels);
    terminal.out(`  ${name}${softmax ? ' (probabilities by softmax of the outputs)' : ''}`);
    for (const { label, probability } of classes) terminal.out(`  ${(100 * probability).toFixed(2).padStart(7)} %  ${label}`);
  }
};
