import { TilewiseError } from '../src/errors.js';
import { type EpilogueStep, epilogueOf, type Graph, type Node, type Value } from '../src/graph/graph.js';
import { inferNode } from '../src/ops/infer.js';
import { concrete } from '../src/ops/operator.js';
import { fromNumbers, toNumbers } from '../src/tensor/convert.js';
import { Tensor } from '../src/tensor/tensor.js';
import { references } from './index.js';
import type { RefOutput, RefTensor } from './reference.js';

/** Runs one node on the CPU: the operator's reference, its epilogue, and rounding to the output types. */
export const runNode = (node: Node, inputs: readonly (RefTensor | undefined)[], outputs: readonly RefOutput[]): Tensor[] => {
  const reference = references.get(node.op);
  if (!reference) throw new TilewiseError('unsupported-model', `no CPU reference for operator '${node.op}'`, { node: node.name });
  const results = reference(inputs, node.attributes, outputs);
  return outputs.map((output, i) => {
    const numbers = epilogueOf(node).reduce(
      (data, step) => applyStep(step, { ...output, data }, step.operand === undefined ? undefined : inputs[step.operand]),
      results[i] as Float64Array,
    );
    return new Tensor(output.dtype, fromNumbers(output.dtype, numbers), output.shape);
  });
};

const applyStep = ({ op, attributes }: EpilogueStep, result: RefTensor, operand: RefTensor | undefined): Float64Array => {
  const step = references.get(op);
  if (!step) throw new TilewiseError('internal', `'${op}' is not an elementwise step`);
  return step(operand ? [result, operand] : [result], attributes, [result])[0] as Float64Array;
};

export const toRef = (tensor: Tensor): RefTensor => ({
  dtype: tensor.type,
  shape: tensor.dims,
  data: toNumbers(tensor.type, tensor.data),
});

/** What shape inference says of a node's outputs when it sees these very tensors. */
const outputsOf = (node: Node, inputs: readonly (Tensor | undefined)[]): RefOutput[] => {
  const known = node.inputs.map((name, i): Value | undefined => {
    const tensor = inputs[i];
    return tensor && { name, dtype: tensor.type, shape: tensor.dims, tensor };
  });
  const values = new Map(known.flatMap((value) => (value ? [[value.name, value] as const] : [])));
  return inferNode(node, values).map(({ dtype, shape }) => ({ dtype, shape: concrete(shape) }));
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
    const outputs = runNode(
      node,
      inputs.map((tensor) => tensor && toRef(tensor)),
      outputsOf(node, inputs),
    );
    node.outputs.forEach((name, i) => name && tensors.set(name, outputs[i] as Tensor));
    onNode?.(node, outputs);
  }
  for (const name of graph.outputs) tensors.set(name, tensorOf(name));
  return tensors;
};
