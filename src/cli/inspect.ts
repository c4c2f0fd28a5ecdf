import type { Command } from 'commander';
import { sharedDevice } from '../device/shared.js';
import { TilewiseError } from '../errors.js';
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
import { bind, optimize } from '../passes/index.js';
import { buildPlan } from '../plan/build.js';
import { preflight } from '../preflight.js';
import { shapeText } from '../tensor/shape.js';
import type { CommandContext } from './context.js';
import { readBytes } from './files.js';
import { PassLog } from './inspect-passes.js';
import { dims } from './options.js';
import { grouped, type Terminal, table } from './terminal.js';

interface InspectFlags {
  readonly dims?: ReadonlyMap<string, number>;
  readonly plan?: boolean;
  readonly passes?: boolean;
  readonly json?: boolean;
}

const EXAMPLE = `
Examples:
  $ tilewise inspect model.onnx
  $ tilewise inspect model.onnx --dims batch=8 --passes --plan
  $ tilewise inspect model.onnx --json | jq .totals

Costs are those of the file's own nodes. Each node is shown with the kernels that run it, or with why it cannot run; a model
that cannot run is shown all the same. No GPU is needed: without one, --plan shows the plan for WebGPU's default limits.
`;

export const addInspect = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('inspect')
    .description('show what a model is made of and what it costs')
    .argument('<model>', 'an ONNX file')
    .option('--dims <name=size>', 'size of a symbolic extent, e.g. batch=4 (default 1, repeatable)', dims)
    .option('--plan', 'show the GPU commands and buffers')
    .option('--passes', 'show what the optimisation passes did')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLE)
    .action(async (model: string, flags: InspectFlags) => {
      await inspect(terminal, model, flags);
      finish(0);
    });
};

const inspect = async (terminal: Terminal, path: string, flags: InspectFlags): Promise<void> => {
  const refused = new Map<string, TilewiseError>();
  const graph = importOnnx(await readBytes(path), { onRefused: ({ name }, error) => refused.set(name, error) });
  const bound = bindInputs(graph, flags.dims ?? new Map(), true);
  const facts = flags.plan ? await factsAtHand(terminal) : defaultFacts;
  const inspection = inspectGraph(graph, preflight(graph, bound.shapes, facts, refused));
  const log = new PassLog(graph);
  const canRun = inspection.problem === undefined && inspection.nodes.every(({ reason }) => reason === undefined);
  if ((flags.plan || flags.passes) && !canRun) terminal.err('note: there is no plan: the model cannot run');
  const optimized = canRun && (flags.plan || flags.passes) ? bind(optimize(graph, log.see), bound.shapes, log.see) : undefined;
  const plan = flags.plan && optimized ? summarizePlan(buildPlan(optimized, facts)) : undefined;
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

/** Of the adapter, or WebGPU's defaults where there is none. */
const factsAtHand = async (terminal: Terminal): Promise<DeviceFacts> => {
  try {
    return (await sharedDevice()).facts;
  } catch (error) {
    if (!(error instanceof TilewiseError)) throw error;
    terminal.err(`note: ${error.message}: the plan is for WebGPU's default limits`);
    return defaultFacts;
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

const printPlan = (terminal: Terminal, { buffers, commands }: PlanSummary, facts: DeviceFacts): void => {
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
  const total = (...roles: string[]): string =>
    grouped(buffers.filter(({ role }) => roles.includes(role)).reduce((sum, { bytes }) => sum + bytes, 0));
  terminal.out(`\nweights ${total('weight')} bytes, values ${total('scratch')}, inputs and outputs ${total('input', 'output')}`);
};
