import { consumersOf, type EpilogueStep, type Graph, type Node, withNodes } from '../graph/graph.js';
import { operatorOf } from '../ops/infer.js';

/**
 * Makes an elementwise operator that alone reads a kernel's result a step of that kernel's epilogue: Conv + Relu,
 * Gemm + Clip, Add + LeakyRelu ... become one node. Chains are taken whole.
 */
export const fuseEpilogue = (graph: Graph): Graph => {
  const consumers = consumersOf(graph);
  /** Nodes after fusion, by the output they now have. */
  const fused = new Map<string, Node>();
  const dropped = new Set<Node>();
  for (const node of graph.nodes) {
    const before = fused.get(node.inputs[0] ?? '');
    const alone =
      before && !graph.outputs.includes(before.outputs[0] as string) && consumers.get(before.outputs[0] as string)?.length === 1;
    if (before && alone && operatorOf(node).elementwise) {
      dropped.add(node);
      fused.delete(before.outputs[0] as string);
      fused.set(node.outputs[0] as string, { ...before, outputs: node.outputs, attributes: appendStep(before, node) });
    } else if (node.outputs.length === 1 && Object.hasOwn(operatorOf(node).attributes, 'epilogue')) {
      fused.set(node.outputs[0] as string, node);
    }
  }
  if (dropped.size === 0) return graph;
  // A fused node stands where its first part stood: everything it reads is computed by then.
  const byName = new Map([...fused.values()].map((node) => [node.name, node]));
  return withNodes(
    graph,
    graph.nodes.filter((node) => !dropped.has(node)).map((node) => byName.get(node.name) ?? node),
  );
};

const appendStep = (before: Node, node: Node): Node['attributes'] => {
  const { epilogue, ...attributes } = node.attributes;
  const steps = [...stepsOf(before.attributes.epilogue), { op: node.op, attributes }, ...stepsOf(epilogue)];
  return { ...before.attributes, epilogue: steps };
};

const stepsOf = (value: unknown): readonly EpilogueStep[] => (value ?? []) as readonly EpilogueStep[];
