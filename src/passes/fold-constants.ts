import { foldingReferences } from '../../kernels-ref/folding.js';
import type { RefTensor } from '../../kernels-ref/reference.js';
import { runNode, toRef } from '../../kernels-ref/run-node.js';
import { TilewiseError } from '../errors.js';
import { type Graph, type Node, type Value, withNodes } from '../graph/graph.js';
import { inferNode, operatorOf } from '../ops/infer.js';
import type { Inferred } from '../ops/operator.js';
import { isConcrete, sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** Most elements of one folded constant: a model must not make the host allocate without bound. */
const MAX_ELEMENTS = 2 ** 26;

/**
 * Infers types and shapes along the graph and replaces every node whose inputs are all known by its result: weights
 * computed from weights, and shape arithmetic (Shape, Gather, Concat ... on small integer vectors) as far as the
 * extents are numbers.
 */
export const foldConstants = (graph: Graph): Graph => {
  const values = new Map(graph.values);
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const inferred = inferNode(node, values);
    const folded = fold(node, values, inferred);
    node.outputs.forEach((name, i) => {
      if (!name) return;
      const { dtype, shape } = inferred[i] as Inferred;
      const tensor = folded?.[i];
      values.set(name, { name, dtype, shape: shape ?? values.get(name)?.shape, ...(tensor && { tensor }) });
    });
    if (!folded) nodes.push(node);
  }
  return withNodes(graph, nodes, values);
};

const fold = (node: Node, values: ReadonlyMap<string, Value>, inferred: readonly Inferred[]): Tensor[] | undefined => {
  const operator = operatorOf(node);
  const inputs = node.inputs.map((name) => (name ? values.get(name) : undefined));
  const known = inputs.every((value) => !value || value.tensor || (operator.shapeOnly && value.shape && isConcrete(value.shape)));
  if (!known || !foldingReferences.has(node.op)) return undefined;
  const outputs = inferred.map(({ dtype, shape }) => {
    if (!shape || !isConcrete(shape)) return undefined;
    if (sizeOf(shape) > MAX_ELEMENTS) {
      throw new TilewiseError('limit-exceeded', `folding '${node.name}' would make a constant of ${sizeOf(shape)} elements`, {
        node: node.name,
      });
    }
    return { dtype, shape };
  });
  if (!outputs.every((output) => output !== undefined)) return undefined;
  return runNode(
    foldingReferences,
    node,
    inputs.map((value) => value && refOf(value)),
    outputs,
  );
};

/** A value whose data is not known stands with its shape alone: only shape-only operators are given one. */
const refOf = ({ dtype, shape, tensor }: Value): RefTensor =>
  tensor ? toRef(tensor) : { dtype, shape: shape as readonly number[], data: new Float64Array(0) };
