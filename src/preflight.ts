import { TilewiseError } from './errors.js';
import { type Graph, type Node, valueNamed } from './graph/graph.js';
import type { DeviceFacts } from './kernels/facts.js';
import { contextOf, operatorOf } from './ops/infer.js';
import { Folder, foldConstants } from './passes/fold-constants.js';
import { hostInputs } from './passes/host-inputs.js';
import { bindOpen, layOut, optimize } from './passes/index.js';
import { decidingOf, splitGraph } from './passes/split-stages.js';
import { buildPlan, rejectMissingKernels } from './plan/build.js';
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
  const isOpen = walk.waitsForFeeds || [...fates.values()].some((fate) => 'reason' in fate);
  if (isOpen || graph.inputs.some((name) => !shapes.has(name))) return { fates };
  try {
    const { now, later } = splitGraph(bindOpen(optimize(graph), shapes));
    const kernels = kernelsOf(buildPlan(layOut(now), facts));
    const isLater = ({ name }: Node): boolean =>
      walk.waits.has(name) || (later?.graph.nodes.some((node) => node.name === name) ?? false);
    const after = graph.nodes.map((node): [string, NodeFate] => {
      const fate = fates.get(node.name) as NodeFate;
      return [node.name, isLater(node) && !kernels.has(node.name) ? fate : afterPasses(fate, kernels.get(node.name))];
    });
    return { fates: new Map(after) };
  } catch (error) {
    return { fates, problem: messageOf(error) };
  }
};

const WHEN = 'chosen when';
/** Of a node of control flow: which of its graphs runs is known when the plan is made, or only while it runs. */
const CONTROL = { known: 'its graph is part of the plan', open: 'its graph runs as a stage of its own' } as const;
const ON_HOST = {
  alias: 'alias',
  shapes: 'shape arithmetic on the host',
  load: 'computed on the host at load',
  nothing: 'nothing: no elements',
} as const;
const WITHOUT_KERNEL: readonly string[] = [...Object.values(ON_HOST), CONTROL.known];

/** Why something of a value is not known: a feed decides it, or what a run computes, or nothing can compute it. */
interface Open {
  readonly why: string;
  readonly cause: 'feed' | 'run' | 'refusal';
}

const afterPasses = (fate: NodeFate, kernels: readonly string[] | undefined): NodeFate => {
  if ('reason' in fate || (!kernels && WITHOUT_KERNEL.includes(fate.kernel))) return fate;
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
  readonly #open = new Map<string, Open>();
  /** Nodes that are planned when something has run. */
  readonly waits = new Set<string>();
  waitsForFeeds = false;

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
      if (shape && !host.has(name)) continue;
      this.#open.set(name, { why: `'${name}' is given`, cause: 'feed' });
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
      const unread = decidingOf(node).find((name) => !this.#folder.values.get(name)?.tensor && !this.#open.has(name));
      if (unread !== undefined) return this.#wait(node, { why: `'${unread}' is read back`, cause: 'run' });
      if (operatorOf(node).expand) return this.#expanded(node);
      if (this.#folder.add(node)) return this.#folded(node);
      return { kernel: this.#kernels(this.#alone(node)), macs: this.#macs(node) };
    } catch (error) {
      return this.#blocked(node, messageOf(error));
    }
  }

  /** Of a node that others stand for, or that is control flow. */
  #expanded(node: Node): NodeFate {
    const { control } = operatorOf(node);
    const alone = foldConstants(this.#alone(node));
    for (const name of node.outputs) if (name) this.#folder.values.set(name, valueNamed(alone, name));
    if (alone.nodes.length === 0) return this.#folded(node);
    const isLeft = alone.nodes.some(({ name }) => name === node.name);
    if (control === 'choice' && isLeft) return this.#blocked(node, 'its condition is not known');
    for (const name of node.outputs) {
      const isKnown = name === '' || isConcrete(this.#folder.values.get(name)?.shape ?? ['?']);
      if (!isKnown) this.#open.set(name, { why: `${node.op} '${node.name}' has run`, cause: 'run' });
    }
    if (control) rejectMissingKernels(alone);
    if (control && isLeft) this.waits.add(node.name);
    if (control) return { kernel: isLeft ? CONTROL.open : CONTROL.known, macs: 0 };
    return { kernel: this.#kernels(splitGraph(alone).now), macs: this.#macs(node) };
  }

  #folded(node: Node): NodeFate {
    return { kernel: this.#isShapeArithmetic(node) ? ON_HOST.shapes : ON_HOST.load, macs: 0 };
  }

  #isShapeArithmetic(node: Node): boolean {
    return node.outputs.every(
      (name) => !name || isInteger(valueNamed({ ...this.#graph, values: this.#folder.values }, name).dtype),
    );
  }

  /** A node and what is known of what it reads. */
  #alone(node: Node): Graph {
    const names = [...new Set([...node.inputs, ...node.outputs])].filter((name) => name !== '');
    const values = new Map(names.map((name) => [name, valueNamed({ ...this.#graph, values: this.#folder.values }, name)]));
    const inputs = [...new Set(node.inputs)].filter((name) => name && !values.get(name)?.tensor);
    return { name: node.name, nodes: [node], values, inputs, outputs: node.outputs.filter((name) => name !== '') };
  }

  #kernels(graph: Graph): string {
    const names = [...kernelsOf(buildPlan(graph, this.#facts)).values()].flat();
    if (graph.nodes.every((node) => operatorOf(node).alias)) return ON_HOST.alias;
    return names.length > 0 ? names.join(' + ') : ON_HOST.nothing;
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
    if (cause && !this.#refused.has(node.name)) return this.#wait(node, cause);
    this.#leaveOpen(node, { why: `${node.op} '${node.name}' cannot run`, cause: 'refusal' });
    return { reason: message };
  }

  #wait(node: Node, open: Open): NodeFate {
    this.#leaveOpen(node, open);
    if (open.cause === 'refusal') return { reason: `the shape of an input is not known: ${open.why}` };
    rejectMissingKernels({ ...this.#graph, nodes: [node] });
    if (open.cause === 'feed') this.waitsForFeeds = true;
    this.waits.add(node.name);
    return { kernel: `${WHEN} ${open.why}`, macs: 0 };
  }

  #leaveOpen(node: Node, open: Open): void {
    for (const name of node.outputs) {
      if (!name) continue;
      const value = valueNamed(this.#graph, name);
      const shape = this.#declared(value.shape);
      this.#folder.values.set(name, { ...value, shape });
      if (!shape) this.#open.set(name, open);
    }
  }

  #declared(shape: Shape | undefined): readonly number[] | undefined {
    const bound = shape?.map((dim) => (typeof dim === 'string' ? (this.#symbols.get(dim) ?? dim) : dim));
    return bound && isConcrete(bound) ? bound : undefined;
  }
}
