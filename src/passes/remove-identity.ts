import { type Graph, withNodes } from '../graph/graph.js';

const IDENTITIES = new Set(['Identity', 'Dropout']);

/** Lets every reader of an Identity (or Dropout at inference) read its input; outputs of the graph keep their names. */
export const removeIdentity = (graph: Graph): Graph => {
  const source = new Map<string, string>();
  const through = (name: string): string => source.get(name) ?? name;
  const nodes = graph.nodes.flatMap((node) => {
    const inputs = node.inputs.map(through);
    const [output = ''] = node.outputs;
    if (IDENTITIES.has(node.op) && !graph.outputs.includes(output)) {
      source.set(output, inputs[0] as string);
      return [];
    }
    return [{ ...node, inputs }];
  });
  return withNodes(graph, nodes);
};
