import { TilewiseError } from './errors.js';
import { type Graph, type Node, valueNamed } from './graph/graph.js';
import { contextOf, inferNode, operatorOf } from './ops/infer.js';
import type { Command, Plan, PlanBuffer } from './plan/plan.js';
import type { Preflight } from './preflight.js';
import { type DType, isFloat } from './tensor/dtype.js';
import { type Dim, isConcrete } from './tensor/shape.js';

/** What one node costs. */
export interface NodeSummary {
  readonly name: string;
  readonly op: string;
  /** Multiply-accumulates; 0 for a node that is computed when the model is loaded. */
  readonly macs: number;
  /** Elements of the floating-point weights that it is the first to read. */
  readonly params: number;
}

/** A node of the file, and what runs it or why it cannot run. */
export interface InspectedNode extends NodeSummary {
  readonly kernel?: string;
  readonly reason?: string;
}

export interface ValueSummary {
  readonly name: string;
  readonly dtype: DType;
  /** As the model declares it: a symbolic extent is its name; null where only a run can tell. */
  readonly shape: readonly Dim[] | null;
}

export interface Inspection {
  readonly inputs: readonly ValueSummary[];
  readonly outputs: readonly ValueSummary[];
  /** Of the model file, before any pass. */
  readonly nodes: readonly InspectedNode[];
  readonly totals: { readonly macs: number; readonly params: number };
  /** Why the model cannot run as a whole although each node could. */
  readonly problem?: string;
}

/** Input shapes with every symbol replaced by a number, and the symbols that were not given and stand for 1. */
export interface BoundInputs {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly assumed: readonly string[];
}

/**
 * Replaces the symbolic extents of a graph's inputs; throws `invalid-argument` for a name that no input uses. Inputs
 * without a declared shape are refused, or left out where they are `optional`.
 */
export const bindInputs = (graph: Graph, dims: ReadonlyMap<string, number>, optional = false): BoundInputs => {
  const symbols = new Set<string>();
  const assumed = new Set<string>();
  const shapes = new Map<string, readonly number[]>();
  for (const name of graph.inputs) {
    const { shape } = valueNamed(graph, name);
    if (!shape && optional) continue;
    if (!shape) throw new TilewiseError('unsupported-model', `the shape of input '${name}' is not declared`, { tensor: name });
    const bound = shape.map((dim) => {
      if (typeof dim === 'number') return dim;
      symbols.add(dim);
      if (!dims.has(dim)) assumed.add(dim);
      return dims.get(dim) ?? 1;
    });
    shapes.set(name, bound);
  }
  for (const name of dims.keys()) {
    if (symbols.has(name)) continue;
    const hint = symbols.size === 0 ? 'all extents of this model are fixed' : `the symbols are: ${[...symbols].join(', ')}`;
    throw new TilewiseError('invalid-argument', `no input of the model has an extent named '${name}'`, { hint });
  }
  return { shapes, assumed: [...assumed] };
};

/** Costs of every node of a graph, in order; a weight counts at the first node that reads it. */
export const summarizeNodes = (graph: Graph): NodeSummary[] => {
  const counted = new Set<string>();
  return graph.nodes.map((node) => ({
    name: node.name,
    op: node.op,
    macs: macsOf(graph, node),
    params: paramsOf(graph, node, counted),
  }));
};

const macsOf = (graph: Graph, node: Node): number => {
  const operator = operatorOf(node);
  if (!operator.macs) return 0;
  const outputs = inferNode(node, graph.values);
  if (!outputs.every(({ shape }) => shape && isConcrete(shape))) return 0;
  return operator.macs(contextOf(node, graph.values), outputs);
};

/** Inputs that were measured in training, not learnt: no parameters. */
const STATISTICS: ReadonlyMap<string, readonly number[]> = new Map([['BatchNormalization', [3, 4]]]);

const paramsOf = (graph: Graph, node: Node, counted: Set<string>): number => {
  let params = 0;
  for (const [i, name] of node.inputs.entries()) {
    const tensor = name ? graph.values.get(name)?.tensor : undefined;
    if (!tensor || STATISTICS.get(node.op)?.includes(i) || !isFloat(tensor.type) || counted.has(name)) continue;
    counted.add(name);
    params += tensor.size;
  }
  return params;
};

/** Inputs, outputs, nodes and costs of an imported graph, with what a preflight tells of each node. */
export const inspectGraph = (graph: Graph, { fates, problem }: Preflight): Inspection => {
  const counted = new Set<string>();
  const nodes = graph.nodes.map((node): InspectedNode => {
    const { macs = 0, ...fate } = { macs: undefined, ...fates.get(node.name) };
    return { name: node.name, op: node.op, macs, params: paramsOf(graph, node, counted), ...fate };
  });
  return {
    inputs: summarizeValues(graph, graph.inputs),
    outputs: summarizeValues(graph, graph.outputs),
    nodes,
    totals: total(nodes),
    ...(problem !== undefined && { problem }),
  };
};

/** Sums over nodes. */
export const total = (nodes: readonly NodeSummary[]): { macs: number; params: number } => ({
  macs: nodes.reduce((sum, node) => sum + node.macs, 0),
  params: nodes.reduce((sum, node) => sum + node.params, 0),
});

const summarizeValues = (graph: Graph, names: readonly string[]): ValueSummary[] =>
  names.map((name) => {
    const { dtype, shape } = valueNamed(graph, name);
    return { name, dtype, shape: shape ?? null };
  });

/** A plan as plain JSON: no weight data, Params as numbers. */
export interface PlanSummary {
  readonly buffers: readonly Omit<PlanBuffer, 'words'>[];
  readonly commands: readonly (Record<string, unknown> & { readonly kind: Command['kind'] })[];
}

export const summarizePlan = ({ buffers, commands }: Plan): PlanSummary => ({
  buffers: buffers.map(({ words: _, ...buffer }) => buffer),
  commands: commands.map((command) =>
    command.kind === 'dispatch' ? { ...command, params: [...command.params] } : { ...command },
  ),
});
