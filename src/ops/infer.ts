import { TilewiseError } from '../errors.js';
import { epilogueOf, type Graph, type Node, type Value } from '../graph/graph.js';
import { operatorNamed } from './index.js';
import type { Inferred, OpContext, Operator } from './operator.js';

/** The operator of a node; `unsupported-model` where there is none. */
export const operatorOf = (node: Node): Operator => {
  const operator = operatorNamed(node.op);
  if (!operator) throw new TilewiseError('unsupported-model', `operator '${node.op}' is not supported`, { node: node.name });
  return operator;
};

/** What an operator's functions see of a node of a graph. */
export const contextOf = (node: Node, values: ReadonlyMap<string, Value>): OpContext => ({
  attributes: node.attributes,
  inputs: node.inputs.map((name) => (name ? values.get(name) : undefined)),
  outputCount: node.outputs.length,
});

/** Types and shapes of a node's outputs; errors carry the node's name. */
export const inferNode = (node: Node, values: ReadonlyMap<string, Value>): Inferred[] => {
  const operator = operatorOf(node);
  const [fewest, most] = operator.inputs;
  const count = node.inputs.length - epilogueOf(node).filter((step) => step.operand !== undefined).length;
  try {
    if (count < fewest || count > most) {
      throw new TilewiseError('invalid-model', `${node.op} takes ${fewest} to ${most} inputs, got ${count}`);
    }
    return operator.infer(contextOf(node, values));
  } catch (error) {
    throw atNode(error, node);
  }
};

/** The error with the node's name in it; other errors as they are. */
export const atNode = (error: unknown, node: Node): unknown => {
  if (!(error instanceof TilewiseError) || error.node !== undefined) return error;
  return new TilewiseError(error.code, `${node.op} '${node.name}': ${error.message}`, {
    node: node.name,
    ...(error.tensor === undefined ? {} : { tensor: error.tensor }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
};

/**
 * The graph with the type and shape of every value that operators can tell. A shape that the model file declares
 * stands where inference finds none.
 */
export const inferShapes = (graph: Graph): Graph => {
  const values = new Map(graph.values);
  for (const node of graph.nodes) {
    inferNode(node, values).forEach(({ dtype, shape }, i) => {
      const name = node.outputs[i];
      if (!name) return;
      const declared = values.get(name);
      values.set(name, { ...declared, name, dtype, shape: shape ?? declared?.shape });
    });
  }
  return { ...graph, values };
};
