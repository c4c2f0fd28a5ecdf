import { TilewiseError } from './errors.js';
import { type Graph, type Node, valueNamed } from './graph/graph.js';
import type { DeviceFacts } from './kernels/facts.js';
import { contextOf, operatorOf } from './ops/infer.js';
import { Folder } from './passes/fold-constants.js';
import { hostInputs } from './passes/host-inputs.js';
import { bind, optimize } from './passes/index.js';
import { buildPlan } from './plan/build.js';
import type { Plan } from './plan/plan.js';
import { isInteger } from './tensor/dtype.js';
import { isConcrete, type Shape } from './tensor/shape.js';

/** What runs a node, or why it cannot run. */
export type NodeFate = { readonly kernel: string; readonly macs: number } | { readonly reason: string };

export interface Preflight {
  /** By the name of the node. */
  readonly fates: ReadonlyMap<string, NodeFate>;
  /** Why the model cannot run as a whole although each node could. */
  readonly problem?: string;
}

/** For every node, the kernels it runs, in order. */
export const kernelsOf = (plan: Plan): ReadonlyMap<string, readonly string[]> => {
  const kernels = new Map<string, string[]>();
  for (const command of plan.commands) {
    const list = kernels.get(command.node) ?? [];
    kernels.set(command.node, list);
    list.push(command.kind === 'dispatch' ? command.kernel : command.kind);
  }
  return kernels;
};

/**
 * Tells of every node whether and how it would run on a device with these facts, for inputs of these shapes (an input
 * may be left out where nothing tells its shape). Nothing is allocated on a device. `refused` are nodes that the
 * importer kept although it cannot import them, and why.
 */
export const preflight = (
  graph: Graph,
  shapes: ReadonlyMap<string, readonly number[]>,
  facts: DeviceFacts,
  refused: ReadonlyMap<string, TilewiseError> = new Map(),
): Preflight => {
  const walk = new Walk(graph, shapes, facts, refused);
  const fates = new Map(graph.nodes.map((node) => [node.name, walk.fateOf(node)]));
  const isOpen = [...fates.values()].some((fate) => 'reason' in fate || fate.kernel.startsWith(WHEN));
  if (isOpen || graph.inputs.some((name) => !shapes.has(name))) return { fates };
  try {
    const kernels = kernelsOf(buildPlan(bind(optimize(graph), shapes), facts));
    return { fates: new Map([...fates].map(([name, fate]) => [name, afterPasses(fate, kernels.get(name))])) };
  } catch (error) {
    return { fates, problem: messageOf(error) };
  }
};

const WHEN = 'chosen when';
const ON_HOST: readonly string[] = [
  'alias',
  'shape arithmetic on the host',
  'computed on the host at load',
  'nothing: no elements',
];

const afterPasses = (fate: NodeFate, kernels: readonly string[] | undefined): NodeFate => {
  if ('reason' in fate || (!kernels && ON_HOST.includes(fate.kernel))) return fate;
  return { ...fate, kernel: kernels?.join(' + ') ?? 'fused into a neighbour' };
};

const messageOf = (error: unknown): string => {
  if (error instanceof TilewiseError) return error.message;
  throw error;
};

/** Goes on behind a node that cannot run, with what the file declares of its outputs. */
class Walk {
  readonly #graph: Graph;
  readonly #facts: DeviceFacts;
  readonly #refused: ReadonlyMap<string, TilewiseError>;
  readonly #folder: Folder;
  readonly #symbols = new Map<string, number>();
  /** Values of which something is not known, and why. */
  readonly #open = new Map<string, { readonly why: string; readonly fed: boolean }>();

  constructor(
    graph: Graph,
    shapes: ReadonlyMap<string, readonly number[]>,
    facts: DeviceFacts,
    refused: ReadonlyMap<string, TilewiseError>,
  ) {
    this.#graph = graph;
    this.#facts = facts;
    this.#refused = refused;
    const values = new Map(graph.values);
    const host = hostInputs({ ...graph, nodes: graph.nodes.filter(({ name }) => !refused.has(name)) });
    for (const name of graph.inputs) {
      const value = valueNamed(graph, name);
      const shape = shapes.get(name);
      value.shape?.forEach((dim, i) => typeof dim === 'string' && shape && this.#symbols.set(dim, shape[i] as number));
      values.set(name, { ...value, shape });
      if (!shape || host.has(name)) this.#open.set(name, { why: `'${name}' is given`, fed: true });
    }
    for (const { outputs } of graph.nodes) {
      for (const name of outputs) if (name) values.set(name, { ...valueNamed(graph, name), shape: undefined });
    }
    this.#folder = new Folder(values);
  }

  fateOf(node: Node): NodeFate {
    try {
      const refusal = this.#refused.get(node.name);
      if (refusal) throw refusal;
      if (this.#folder.add(node)) return { kernel: this.#isShapeArithmetic(node) ? ON_HOST[1]! : ON_HOST[2]!, macs: 0 };
      return { kernel: this.#kernels(node), macs: this.#macs(node) };
    } catch (error) {
      return this.#blocked(node, messageOf(error));
    }
  }

  #isShapeArithmetic(node: Node): boolean {
    return node.outputs.every(
      (name) => !name || isInteger(valueNamed({ ...this.#graph, values: this.#folder.values }, name).dtype),
    );
  }

  #kernels(node: Node): string {
    const { values } = this.#folder;
    const names = [...new Set([...node.inputs, ...node.outputs])].filter((name) => name !== '');
    const own = new Map(names.map((name) => [name, valueNamed({ ...this.#graph, values }, name)]));
    const inputs = [...new Set(node.inputs)].filter((name) => name && !own.get(name)?.tensor);
    const outputs = node.outputs.filter((name) => name !== '');
    const plan = buildPlan({ name: node.name, nodes: [node], values: own, inputs, outputs }, this.#facts);
    if (operatorOf(node).alias) return ON_HOST[0]!;
    return kernelsOf(plan).get(node.name)?.join(' + ') ?? ON_HOST[3]!;
  }

  #macs(node: Node): number {
    const outputs = node.outputs.flatMap((name) =>
      name ? [valueNamed({ ...this.#graph, values: this.#folder.values }, name)] : [],
    );
    const known = outputs.every(({ shape }) => shape && isConcrete(shape));
    return known ? (operatorOf(node).macs?.(contextOf(node, this.#folder.values), outputs) ?? 0) : 0;
  }

  #blocked(node: Node, message: string): NodeFate {
    const cause = node.inputs.flatMap((name) => this.#open.get(name) ?? [])[0];
    const own = cause === undefined || this.#refused.has(node.name);
    const open = own ? { why: `${node.op} '${node.name}' cannot run`, fed: false } : cause;
    for (const name of node.outputs) {
      if (!name) continue;
      const value = valueNamed(this.#graph, name);
      const shape = this.#declared(value.shape);
      this.#folder.values.set(name, { ...value, shape });
      if (!shape) this.#open.set(name, open);
    }
    if (own) return { reason: message };
    return cause.fed
      ? { kernel: `${WHEN} ${cause.why}`, macs: 0 }
      : { reason: `the shape of an input is not known: ${cause.why}` };
  }

  #declared(shape: Shape | undefined): readonly number[] | undefined {
    const bound = shape?.map((dim) => (typeof dim === 'string' ? (this.#symbols.get(dim) ?? dim) : dim));
    return bound && isConcrete(bound) ? bound : undefined;
  }
}
