import { type Graph, type Node, valueNamed } from '../graph/graph.js';
import type { Choice } from '../kernels/choice.js';
import type { DeviceFacts } from '../kernels/facts.js';
import type { TensorInfo } from '../kernels/kernel.js';
import { choices } from '../kernels/tuned.js';
import { contextOf, inferNode, operatorOf } from '../ops/infer.js';
import { isConcrete } from '../tensor/shape.js';

/** A shape class of a model, by the first node of it. */
export interface TuningTask {
  readonly shapeClass: string;
  readonly candidates: Choice['candidates'];
  /** The node alone, with its constants; everything else that it reads is an input. */
  readonly graph: Graph;
  /** Multiply-adds of all nodes of the class together. */
  readonly macs: number;
  readonly nodes: number;
}

/** What there is to choose in a graph of concrete shapes, the class with the most work first. */
export const tasksOf = (graph: Graph, facts: DeviceFacts): TuningTask[] => {
  const tasks = new Map<string, TuningTask>();
  for (const node of graph.nodes) {
    const choice = choiceFor(graph, node, facts);
    if (!choice) continue;
    const macs = macsOf(graph, node);
    const known = tasks.get(choice.shapeClass);
    if (known) tasks.set(choice.shapeClass, { ...known, macs: known.macs + macs, nodes: known.nodes + 1 });
    else tasks.set(choice.shapeClass, { ...choice, graph: graphOfNode(graph, node), macs, nodes: 1 });
  }
  return [...tasks.values()].sort((a, b) => b.macs - a.macs);
};

const choiceFor = (graph: Graph, node: Node, facts: DeviceFacts): Choice | undefined => {
  const choiceOf = choices.get(node.op);
  if (!choiceOf) return undefined;
  const inputs = node.inputs.map((name) => (name ? infoOf(graph, name) : undefined));
  const outputs = node.outputs.map((name) => infoOf(graph, name));
  const choice = choiceOf({ op: node.op, attributes: node.attributes, inputs, outputs, facts });
  return choice && choice.candidates.length > 1 ? choice : undefined;
};

const infoOf = (graph: Graph, name: string): TensorInfo => {
  const { dtype, shape, packed, tensor } = valueNamed(graph, name);
  if (!shape || !isConcrete(shape)) throw new Error(`'${name}' has no concrete shape`);
  return { dtype, shape, ...(packed && { packed }), ...(tensor && { tensor }) };
};

const macsOf = (graph: Graph, node: Node): number =>
  operatorOf(node).macs?.(contextOf(node, graph.values), inferNode(node, graph.values)) ?? 0;

const graphOfNode = (graph: Graph, node: Node): Graph => {
  const read = [...new Set(node.inputs.filter(Boolean))];
  const names = [...read, ...node.outputs];
  return {
    name: node.name,
    nodes: [node],
    inputs: read.filter((name) => !valueNamed(graph, name).tensor),
    outputs: node.outputs,
    values: new Map(names.map((name) => [name, valueNamed(graph, name)])),
  };
};
