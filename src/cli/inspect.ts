import { basename, dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Device } from '../device/device.js';
import { sharedDevice } from '../device/shared.js';
import { TilewiseError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { importOnnx } from '../importers/onnx/index.js';
import {
  type BoundInputs,
  bindInputs,
  type Inspection,
  inspectGraph,
  type PlanSummary,
  summarizePlan,
  type ValueSummary,
} from '../inspect.js';
import { type DeviceFacts, defaultFacts } from '../kernels/facts.js';
import { bindOpen, layOut, optimize } from '../passes/index.js';
import { splitGraph } from '../passes/split-stages.js';
import { buildPlan } from '../plan/build.js';
import type { Plan } from '../plan/plan.js';
import { preflight } from '../preflight.js';
import { type MemoryUse, memoryOf } from '../profile/memory.js';
import { shapeText } from '../tensor/shape.js';
import { cardPage } from './card.js';
import { type CardModel, cardModel } from './card-model.js';
import type { CommandContext } from './context.js';
import { readBytes, writeAtomically } from './files.js';
import { PassLog } from './inspect-passes.js';
import { dims, wholeNumber } from './options.js';
import { grouped, type Terminal, table, withProgress } from './terminal.js';

interface InspectFlags {
  readonly dims?: ReadonlyMap<string, number>;
  readonly plan?: boolean;
  readonly for: 'here' | 'gpu';
  readonly passes?: boolean;
  readonly json?: boolean;
  readonly card?: string;
  readonly runs: number;
  readonly time: boolean;
  readonly labelled?: string;
  readonly labels?: string;
}

const EXAMPLE = `
Examples:
  $ tilewise inspect model.onnx
  $ tilewise inspect model.onnx --dims batch=8 --passes --plan
  $ tilewise inspect model.onnx --json | jq .totals
  $ tilewise inspect --card card.html squeezenet.onnx mobilenet.onnx resnet18.onnx
      a page with the models drawn, and their times, work and memory traffic side by side

Costs are those of the file's own nodes. Each node is shown with the kernels that run it, or with why it cannot run; a model
that cannot run is shown all the same. No GPU is needed: without one, --plan shows the plan for WebGPU's default limits.
`;

export const addInspect = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('inspect')
    .description('show what a model is made of and what it costs')
    .argument('<models...>', 'an ONNX file; several with --card')
    .option('--dims <name=size>', 'size of a symbolic extent, e.g. batch=4 (default 1, repeatable)', dims)
    .option('--plan', 'show the GPU commands and buffers')
    .addOption(
      new Option('--for <adapter>', "plan for this machine's adapter, or for any GPU (WebGPU's default limits)")
        .choices(['here', 'gpu'])
        .default('here'),
    )
    .option('--passes', 'show what the optimisation passes did')
    .option('--json', 'print one JSON object')
    .option('--card <file>', 'write a page: the graph layer by layer, costs, passes; several models are held against each other')
    .option('--runs <n>', 'runs that --card times', wholeNumber(1), 5)
    .option('--no-time', 'do not time the models of --card')
    .option('--labelled <folder>', 'for --card: measure the accuracy on labelled data (see tilewise quantize --help)')
    .option('--labels <file>', 'names of the classes, where folders of --labelled are named by them')
    .addHelpText('after', EXAMPLE)
    .action(async (models: string[], flags: InspectFlags) => {
      if (flags.card !== undefined) await writeCard(terminal, models, flags.card, flags);
      else await inspect(terminal, onlyOne(models), flags);
      finish(0);
    });
};

const onlyOne = ([model, ...more]: readonly string[]): string => {
  if (more.length === 0) return model as string;
  throw new TilewiseError('invalid-argument', 'inspect prints one model', { hint: 'write a page of several with --card FILE' });
};

const writeCard = async (terminal: Terminal, paths: readonly string[], file: string, flags: InspectFlags): Promise<void> => {
  const { dims: sizes = new Map<string, number>(), runs, labelled, labels } = flags;
  const device = flags.time ? await deviceAtHand(terminal) : undefined;
  const facts = device?.facts ?? defaultFacts;
  const note = (text: string): void => terminal.err(`note: ${text}`);
  const models = await withProgress(terminal, 'Making the card', async (onProgress) => {
    const cards: CardModel[] = [];
    const options = { dims: sizes, facts, device, runs, labelled, labels, onProgress, note };
    for (const path of paths) cards.push(await cardModel(path, nameOf(path, paths), options));
    return cards;
  });
  await writeAtomically(file, cardPage(models, facts.description));
  terminal.out(`written: ${file}`);
};

/** The name of a file, with that of its folder where several have the same. */
const nameOf = (path: string, paths: readonly string[]): string => {
  const isShared = paths.some((other) => other !== path && basename(other) === basename(path));
  return isShared ? join(basename(dirname(resolve(path))), basename(path)) : basename(path);
};

const inspect = async (terminal: Terminal, path: string, flags: InspectFlags): Promise<void> => {
  const refused = new Map<string, TilewiseError>();
  const graph = importOnnx(await readBytes(path), { onRefused: ({ name }, error) => refused.set(name, error) });
  const bound = bindInputs(graph, flags.dims ?? new Map(), true);
  const isHere = flags.plan && flags.for === 'here';
  const facts = (isHere && (await deviceAtHand(terminal))?.facts) || defaultFacts;
  const inspection = inspectGraph(graph, preflight(graph, bound.shapes, facts, refused));
  const log = new PassLog(graph);
  const canRun = inspection.problem === undefined && inspection.nodes.every(({ reason }) => reason === undefined);
  if ((flags.plan || flags.passes) && !canRun) terminal.err('note: there is no plan: the model cannot run');
  const stage = canRun && (flags.plan || flags.passes) ? firstStage(graph, bound, log) : undefined;
  if (stage?.isCut) terminal.err('note: this is the first stage; what follows is planned when its results are known');
  const built = flags.plan && stage ? buildPlan(stage.graph, facts) : undefined;
  const plan = built && { dispatches: dispatchesOf(built), ...summarizePlan(built), memory: memoryOf(built) };
  if (bound.assumed.length > 0) terminal.err(`note: ${bound.assumed.join(', ')} = 1 (change it with --dims)`);
  if (flags.json) {
    const extra = { ...(flags.passes && { passes: log.changes }), ...(plan && { plan }) };
    terminal.out(JSON.stringify({ ...inspection, ...extra }, null, 2));
    return;
  }
  printInspection(terminal, inspection, bound);
  if (flags.passes) terminal.out(`\n${log.text()}`);
  if (plan) printPlan(terminal, plan, facts);
};

const dispatchesOf = ({ commands }: Plan): number => commands.filter(({ kind }) => kind === 'dispatch').length;

/** What can be planned before anything has run. */
const firstStage = (graph: Graph, { shapes }: BoundInputs, { see }: PassLog): { graph: Graph; isCut: boolean } => {
  const { now, later } = splitGraph(bindOpen(optimize(graph, see), shapes, see));
  return { graph: layOut(now, see), isCut: later !== undefined };
};

/** The adapter, or undefined where there is none. */
const deviceAtHand = async (terminal: Terminal): Promise<Device | undefined> => {
  try {
    return await sharedDevice();
  } catch (error) {
    if (!(error instanceof TilewiseError)) throw error;
    terminal.err(`note: ${error.message}: the plan is for WebGPU's default limits`);
    return undefined;
  }
};

const printInspection = (
  terminal: Terminal,
  { inputs, outputs, nodes, totals, problem }: Inspection,
  { shapes }: BoundInputs,
): void => {
  const line = (kind: string, { name, dtype, shape }: ValueSummary): void => {
    const bound = shapes.get(name);
    const symbolic = shape?.some((dim) => typeof dim === 'string') && bound;
    terminal.out(`${kind}  ${name}  ${dtype} ${shapeText(shape ?? undefined)}${symbolic ? `, here ${shapeText(bound)}` : ''}`);
  };
  for (const input of inputs) line('input ', input);
  for (const output of outputs) line('output', output);
  terminal.out('');
  const rows = nodes.map(({ name, op, macs, params, kernel, reason }) => {
    return [name, op, grouped(macs), grouped(params), kernel ?? `cannot run: ${reason}`];
  });
  const all = [...rows, [`${nodes.length} nodes`, '', grouped(totals.macs), grouped(totals.params), '']];
  terminal.out(table(['node', 'op', 'MACs>', 'params>', 'kernel'], all));
  if (problem !== undefined) terminal.out(`\nthe model cannot run: ${problem}`);
};

const printPlan = (
  terminal: Terminal,
  { buffers, commands, memory }: PlanSummary & { readonly memory: MemoryUse },
  facts: DeviceFacts,
): void => {
  terminal.out(`\nplan for ${facts.description}`);
  const rows = commands.map((command, i) => {
    const { kind, node, op = '', kernel = '', workgroups } = command as Record<string, unknown>;
    return [i, String(kind), String(node), String(op), String(kernel), workgroups ? (workgroups as number[]).join(' x ') : ''];
  });
  terminal.out(table(['#>', 'command', 'node', 'op', 'kernel', 'workgroups'], rows));
  terminal.out('');
  terminal.out(
    table(
      ['buffer>', 'role', 'bytes>', 'from>', 'to>', 'values'],
      buffers.map(({ role, bytes, firstUse, lastUse, values }, i) => [
        i,
        role,
        grouped(bytes),
        firstUse,
        lastUse,
        values.join(', '),
      ]),
    ),
  );
  const { weightBytes, activationBytes, liveBytes, ratio } = memory;
  terminal.out(`\nweights ${grouped(weightBytes)} bytes, activations ${grouped(activationBytes)}`);
  terminal.out(`needed at once ${grouped(liveBytes)}: the activations take ${ratio.toFixed(2)} times that`);
};
