import type { DType } from '../tensor/dtype.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** A named edge of the graph. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  /** Undefined while shape inference has not found it (it may depend on symbolic extents). */
  readonly shape: Shape | undefined;
  /** True where the device holds it packed, four elements to a word (see `packBytes`); set by the last passes. */
  readonly packed?: boolean;
  /** The data, for a constant (weight or folded result). */
  readonly tensor?: Tensor;
}

/**
 * One elementwise step applied to every result of a kernel before it is stored: an operator's name and attributes. An
 * operator of two inputs takes the result as its first; `operand` says which input of the node is its second.
 */
export interface EpilogueStep {
  readonly op: string;
  readonly attributes: Attributes;
  readonly operand?: number;
}

export type AttributeValue =
  | number
  | string
  | boolean
  | readonly number[]
  | readonly string[]
  | readonly EpilogueStep[]
  | Tensor
  | Graph
  | undefined;

/** Attributes after the operator's schema has checked them and filled in the defaults. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * One operator applied to values. The operator is an ONNX operator at its newest version; `inputs` and `outputs` are
 * names of values, '' where an optional one is absent.
 */
export interface Node {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/**
 * A network in static single assignment form: every value is a graph input, a constant or the output of one node.
 * Graphs are not changed in place: a pass returns a new one (see `rewrite`).
 */
export interface Graph {
  readonly name: string;
  /** In topological order. */
  readonly nodes: readonly Node[];
  readonly values: ReadonlyMap<string, Value>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The value of that name; a graph that `verify` accepted has it. */
export const valueNamed = (graph: Graph, name: string): Value => {
  const value = graph.values.get(name);
  if (!value) throw new Error(`no value named '${name}'`);
  return value;
};

/** The data of a constant, or undefined when the value is computed at run time or absent. */
export const constantOf = (graph: Graph, name: string | undefined): Tensor | undefined =>
  name ? graph.values.get(name)?.tensor : undefined;

/** For every value, the nodes that read it. */
export const consumersOf = (graph: Graph): Map<string, Node[]> => {
  const consumers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) {
      if (!input) continue;
      const list = consumers.get(input);
      if (list) list.push(node);
      else consumers.set(input, [node]);
    }
  }
  return consumers;
};

/** For every value that a node computes, that node. */
export const producersOf = (graph: Graph): Map<string, Node> => {
  const producers = new Map<string, Node>();
  for (const node of graph.nodes) for (const output of node.outputs) if (output) producers.set(output, node);
  return producers;
};

/** The steps that fusion passes have given a node to apply after it. */
export const epilogueOf = ({ attributes }: Pick<Node, 'attributes'>): readonly EpilogueStep[] =>
  (attributes.epilogue ?? []) as readonly EpilogueStep[];

/** The graphs that a node of control flow holds, such as the branches of an If. */
export const subgraphsOf = ({ attributes }: Pick<Node, 'attributes'>): readonly Graph[] =>
  Object.values(attributes).filter((value): value is Graph => typeof value === 'object' && 'nodes' in value);

/** Every node of a graph and of the graphs in it. */
export const allNodesOf = (graph: Graph): Node[] =>
  graph.nodes.flatMap((node) => [node, ...subgraphsOf(node).flatMap(allNodesOf)]);

/** The graph with other nodes (and values); values that nothing names any more are dropped. */
export const withNodes = (graph: Graph, nodes: readonly Node[], values: ReadonlyMap<string, Value> = graph.values): Graph => {
  const used = new Set([...graph.inputs, ...graph.outputs]);
  for (const node of nodes) for (const name of [...node.inputs, ...node.outputs]) used.add(name);
  const kept = new Map([...values].filter(([name]) => used.has(name)));
  return { ...graph, nodes, values: kept };
};

/** A value name derived from `base` that the graph does not use yet. */
export const freshName = (values: ReadonlyMap<string, unknown>, base: string): string => {
  if (!values.has(base)) return base;
  for (let i = 1; ; i++) if (!values.has(`${base}_${i}`)) return `${base}_${i}`;
};
