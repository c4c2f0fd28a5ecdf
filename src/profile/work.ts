import { epilogueOf, type Graph, type Node, valueNamed } from '../graph/graph.js';
import { summarizeNodes } from '../inspect.js';
import type { Plan } from '../plan/plan.js';
import { isConcrete } from '../tensor/shape.js';
import { bytesOf } from './memory.js';

/** What a node of a plan has to do at least, whatever its kernels are. */
export interface NodeWork {
  readonly name: string;
  /** The operator with what is fused into it, e.g. "Conv + Relu". */
  readonly op: string;
  /** The shape of its first output. */
  readonly shape: readonly number[];
  readonly macs: number;
  /** Elements of the floating-point weights that it is the first to read. */
  readonly params: number;
  /** Bytes of the inputs and weights, each read once, and of the outputs, each written once. */
  readonly bytes: number;
  /** The kernels that it dispatches, in order; copies and clears by that name. */
  readonly kernels: readonly string[];
}

/**
 * The work of every node of a graph of concrete shapes, in order. Weights count as they are packed for the kernels of
 * `plan`; memory of a node's own between its dispatches does not count, nor what a kernel reads more than once.
 */
export const workOf = (graph: Graph, plan: Plan): NodeWork[] => {
  const kernels = new Map<string, string[]>();
  const weights = new Map<string, Set<number>>();
  for (const command of plan.commands) {
    const list = kernels.get(command.node) ?? [];
    kernels.set(command.node, list);
    list.push(command.kind === 'dispatch' ? command.kernel : command.kind);
    if (command.kind !== 'dispatch') continue;
    const bound = weights.get(command.node) ?? new Set();
    weights.set(command.node, bound);
    for (const buffer of command.buffers) if (plan.buffers[buffer]?.role === 'weight') bound.add(buffer);
  }
  const summaries = summarizeNodes(graph);
  return graph.nodes.map((node, i): NodeWork => {
    const { macs, params } = summaries[i] as (typeof summaries)[number];
    const own = kernels.get(node.name) ?? [];
    const values = [
      ...new Set(node.inputs.filter((name) => name && !valueNamed(graph, name).tensor)),
      ...node.outputs.filter(Boolean),
    ];
    const moved = values.reduce((sum, name) => sum + bytesOf(graph, name), 0);
    const packed = [...(weights.get(node.name) ?? [])].reduce((sum, buffer) => sum + (plan.buffers[buffer]?.bytes ?? 0), 0);
    const shape = valueNamed(graph, node.outputs[0] as string).shape;
    return {
      name: node.name,
      op: operationOf(node),
      shape: shape && isConcrete(shape) ? shape : [],
      macs,
      params,
      bytes: own.length > 0 ? moved + packed : 0,
      kernels: own,
    };
  });
};

/** The operator with the steps that are fused into it. */
export const operationOf = (node: Node): string => [node.op, ...epilogueOf(node).map(({ op }) => op)].join(' + ');
