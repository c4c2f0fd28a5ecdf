import { TilewiseError } from '../src/errors.js';
import type { Graph, Node, Value } from '../src/graph/graph.js';
import { inferNode } from '../src/ops/infer.js';
import { concrete } from '../src/ops/operator.js';
import { Tensor } from '../src/tensor/tensor.js';
import { controlReferences, type RunGraph } from './control-flow.js';
import { allReferences } from './index.js';
import type { RefOutput } from './reference.js';
import { runNode, toRef } from './run-node.js';

/** What shape inference says of a node's outputs when it sees these very tensors. */
const outputsOf = (node: Node, inputs: readonly (Tensor | undefined)[]): RefOutput[] => {
  const known = node.inputs.map((name, i): Value | undefined => {
    const tensor = inputs[i];
    return tensor && { name, dtype: tensor.type, shape: tensor.dims, tensor };
  });
  const values = new Map(known.flatMap((value) => (value ? [[value.name, value] as const] : [])));
  return inferNode(node, values).map(({ dtype, shape }) => ({ dtype, shape: concrete(shape) }));
};

const runAny = (node: Node, inputs: readonly (Tensor | undefined)[]): Tensor[] => {
  const control = controlReferences.get(node.op);
  if (control) return control(node, inputs, runInner);
  if (node.op === 'NonMaxSuppression' && !node.attributes.padded) return [rowsThatCount(node, inputs)];
  const known = inputs.map((tensor) => tensor && toRef(tensor));
  return runNode(allReferences, node, known, outputsOf(node, inputs));
};

/** The rows of the padded form that count. */
const rowsThatCount = (node: Node, inputs: readonly (Tensor | undefined)[]): Tensor => {
  const padded = { ...node, attributes: { ...node.attributes, padded: true }, outputs: [...node.outputs, 'count'] };
  const [rows, count] = runAny(padded, inputs) as [Tensor, Tensor];
  const length = Number(count.data[0]);
  return new Tensor(rows.type, rows.data.slice(0, length * (rows.dims[1] as number)), rows.dims.with(0, length));
};

const runInner: RunGraph = (graph, inputs) => {
  const feeds = new Map(graph.inputs.map((name, i) => [name, inputs[i] as Tensor]));
  const results = runGraph(graph, feeds);
  return graph.outputs.map((name) => results.get(name) as Tensor);
};

/**
 * Interprets a graph on the CPU. Returns every value that was computed, by name, so that a caller can compare node by
 * node; `onNode` is called after each.
 */
export const runGraph = (
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  onNode?: (node: Node, outputs: readonly Tensor[]) => void,
): Map<string, Tensor> => {
  const tensors = new Map<string, Tensor>(feeds);
  const tensorOf = (name: string): Tensor => {
    const tensor = tensors.get(name) ?? graph.values.get(name)?.tensor;
    if (!tensor) throw new TilewiseError('invalid-feed', `input '${name}' was not given`, { tensor: name });
    return tensor;
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => (name ? tensorOf(name) : undefined));
    const outputs = runAny(node, inputs);
    node.outputs.forEach((name, i) => name && tensors.set(name, outputs[i] as Tensor));
    onNode?.(node, outputs);
  }
  for (const name of graph.outputs) tensors.set(name, tensorOf(name));
  return tensors;
};
