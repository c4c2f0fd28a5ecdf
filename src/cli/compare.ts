import type { Command } from 'commander';
import { compareGraph, type GraphComparison, indexOf, type TensorComparison } from '../compare.js';
import { sharedDevice } from '../device/shared.js';
import { TilewiseError } from '../errors.js';
import { bindInputs } from '../inspect.js';
import { bindingsOf, hostInputs } from '../passes/host-inputs.js';
import { bind, optimize } from '../passes/index.js';
import { type Tolerance, tolerances } from '../tensor/compare.js';
import { Tensor } from '../tensor/tensor.js';
import type { CommandContext } from './context.js';
import { assignFiles, loadFeeds, loadPreprocessing } from './inputs.js';
import { openModel } from './model.js';
import { dims, wholeNumber } from './options.js';
import { type Terminal, table, withProgress } from './terminal.js';

interface CompareFlags {
  readonly tolerance?: string;
  readonly seed: number;
  readonly dims?: ReadonlyMap<string, number>;
  readonly preprocessing?: string;
  readonly json?: boolean;
}

const EXAMPLE = `
Examples:
  $ tilewise compare model.onnx
  $ tilewise compare model.onnx picture.png --tolerance reduction

Every node of the optimised graph runs on the GPU and in plain loops on the CPU, on the same inputs; then the whole graph.
By default a node may be off by 1e-5 of the largest magnitude of its output, the whole graph by 1e-4.
The exit code is 1 where something differs.
`;

export const addCompare = (program: Command, { terminal, finish, alter }: CommandContext): void => {
  program
    .command('compare')
    .description('compare the GPU with the CPU reference, node by node')
    .argument('<model>', 'an ONNX file')
    .argument('[inputs...]', 'pictures, .npy or raw .bin files (default: random data)')
    .option('--tolerance <name>', `one of ${Object.keys(tolerances).join(', ')}`)
    .option('--seed <n>', 'seed of the random data', wholeNumber(0), 1)
    .option('--dims <name=size>', 'size of a symbolic extent, e.g. batch=4 (default 1, repeatable)', dims)
    .option('--preprocessing <file>', 'how pictures become inputs (JSON)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLE)
    .action(async (model: string, inputs: string[], flags: CompareFlags) => {
      const result = await compare(terminal, model, inputs, flags, alter);
      if (flags.json) terminal.out(JSON.stringify(resultJson(result), null, 2));
      else printResult(terminal, result);
      finish(result.first ? 1 : 0);
    });
};

const toleranceNamed = (name: string | undefined): Tolerance | undefined => {
  if (name === undefined) return undefined;
  if (Object.hasOwn(tolerances, name)) return tolerances[name as keyof typeof tolerances];
  throw new TilewiseError('invalid-argument', `there is no tolerance '${name}'`, {
    hint: `the tolerances are: ${Object.keys(tolerances).join(', ')}`,
  });
};

const compare = async (
  terminal: Terminal,
  path: string,
  inputs: readonly string[],
  flags: CompareFlags,
  alter: CommandContext['alter'],
): Promise<GraphComparison> => {
  const tolerance = toleranceNamed(flags.tolerance);
  const graph = optimize(await openModel(path));
  const { shapes, assumed } = bindInputs(graph, flags.dims ?? new Map());
  const [files, ...more] = assignFiles(graph, inputs);
  if (!files || more.length > 0) {
    throw new TilewiseError('invalid-argument', 'compare takes one input', { hint: 'run it once for each file' });
  }
  if (files.paths.size === 0) terminal.err(`note: no inputs given: random data (seed ${flags.seed})`);
  if (assumed.length > 0) terminal.err(`note: ${assumed.join(', ')} = 1 (change it with --dims)`);
  const preprocessing = await loadPreprocessing(path, flags.preprocessing);
  const note = (text: string): void => terminal.err(`note: ${text}`);
  return await withProgress(terminal, 'Comparing the GPU with the CPU reference', async (report) => {
    const device = await sharedDevice();
    const feeds = await onHost(await loadFeeds(files, { graph, shapes, preprocessing, seed: flags.seed, note }));
    const bound = bind(graph, bindingsOf(hostInputs(graph), feeds));
    return await compareGraph(bound, feeds, device, {
      ...(tolerance && { tolerance }),
      ...(alter && { alter }),
      onNode: ({ name, op }, index, count) => report(`${index + 1} of ${count}: ${op} ${name}`),
    });
  });
};

const onHost = async (feeds: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> => {
  const host = new Map<string, Tensor>();
  for (const [name, tensor] of feeds) {
    host.set(name, tensor.location === 'cpu' ? tensor : new Tensor(tensor.type, await tensor.getData(), tensor.dims));
    if (tensor.location === 'gpu') tensor.dispose();
  }
  return host;
};

/** One comparison as plain JSON. */
const tensorJson = ({ node, op, tensor, shape, comparison }: TensorComparison): Record<string, unknown> => ({
  node: node ?? null,
  op: op ?? null,
  tensor,
  shape,
  equal: comparison.equal,
  differing: comparison.differing,
  worst: comparison.worst ? { ...comparison.worst, index: indexOf(comparison.worst.index, shape) } : null,
});

const resultJson = ({ nodes, outputs, first }: GraphComparison): unknown => ({
  equal: first === undefined,
  first: first ? tensorJson(first) : null,
  nodes: nodes.map(tensorJson),
  outputs: outputs.map(tensorJson),
});

const printResult = (terminal: Terminal, { nodes, outputs, first }: GraphComparison): void => {
  const rows = [...nodes, ...outputs].map(({ node, op, tensor, comparison }) => [
    node ?? tensor,
    op ?? 'whole graph',
    comparison.worst ? comparison.worst.error.toExponential(2) : '0',
    `${comparison.differing} of ${comparison.size}`,
    comparison.equal ? 'equal' : 'DIFFERS',
  ]);
  terminal.out(table(['node', 'op', 'largest error>', 'beyond tolerance>', ''], rows));
  terminal.out('');
  if (!first) {
    terminal.out(`the GPU agrees with the reference on all ${nodes.length} tensors of the graph`);
    return;
  }
  const { worst, differing, size } = first.comparison;
  const where = first.node === undefined ? `output '${first.tensor}' of the whole graph` : `${first.op} '${first.node}'`;
  const at = worst
    ? `; worst at [${indexOf(worst.index, first.shape).join(', ')}]: GPU ${worst.actual}, reference ${worst.expected}`
    : '';
  terminal.out(`first difference: ${where}, ${differing} of ${size} elements${at}`);
};
