import { controlFlow } from './control-flow.js';
import { isStandard } from './draft.js';
import { type FlatNode, type Inline, Inliner, Scope } from './inline.js';
import { unsupported } from './onnx-node.js';
import type { GraphProto, NodeProto } from './proto.js';
import { sequenceOperators } from './sequences.js';

export interface FlatGraph extends GraphProto {
  readonly nodes: readonly FlatNode[];
}

/**
 * The graph without sequences, which are lists of values while importing, and with less control flow: the branch that a
 * constant condition takes stands in the place of an If, the turns of a Loop or Scan in its place where their number is
 * constant. Others stay as If and Loop, with graphs that read nothing from outside. With `keepRefused` a node that cannot
 * be had stays as it is, with the reason.
 */
export const inlineSubgraphs = (graph: GraphProto, opset: number, keepRefused = false): FlatGraph => {
  if (!graph.nodes.some((node) => handlerOf(node))) return graph;
  const inliner = new Inliner(graph, opset, handlerOf, keepRefused);
  const scope = new Scope();
  inliner.run(graph, scope);
  for (const { name = '' } of graph.outputs) {
    if (typeof scope.get(name) !== 'string' && !keepRefused)
      unsupported(`output '${name}' is a sequence, and outputs must be tensors`);
  }
  return { ...graph, nodes: inliner.nodes, initializers: inliner.initializers };
};

const handlerOf = (node: NodeProto): Inline | undefined => {
  const op = node.opType ?? '';
  return isStandard(node) ? (controlFlow.get(op) ?? sequenceOperators.get(op)) : undefined;
};
