import { controlFlow } from './control-flow.js';
import { isStandard } from './draft.js';
import { type Inline, Inliner, Scope } from './inline.js';
import { unsupported } from './onnx-node.js';
import type { GraphProto, NodeProto } from './proto.js';
import { sequenceOperators } from './sequences.js';

/**
 * The graph without control flow and sequences: the branch that a constant condition takes and the repetitions of a
 * constant number of turns stand in the place of If, Loop and Scan, and sequences are lists of values while importing.
 */
export const inlineSubgraphs = (graph: GraphProto, opset: number): GraphProto => {
  if (!graph.nodes.some((node) => handlerOf(node))) return graph;
  const inliner = new Inliner(graph, opset, handlerOf);
  const scope = new Scope();
  inliner.run(graph, scope);
  for (const { name = '' } of graph.outputs) {
    if (typeof scope.get(name) !== 'string') unsupported(`output '${name}' is a sequence, and outputs must be tensors`);
  }
  return { ...graph, nodes: inliner.nodes, initializers: inliner.initializers };
};

const handlerOf = (node: NodeProto): Inline | undefined => {
  const op = node.opType ?? '';
  return isStandard(node) ? (controlFlow.get(op) ?? sequenceOperators.get(op)) : undefined;
};
