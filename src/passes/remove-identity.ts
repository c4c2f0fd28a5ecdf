import { type Graph, type Node, withNodes } from '../graph/graph.js';

/** What a Dropout in training does is told by its further inputs when they are known. */
const isIdentity = (graph: Graph, { op, inputs, outputs: [y = ''] }: Node): boolean => {
  const [x = '', , training] = inputs;
  if (op === 'Cast') return graph.values.get(x)?.dtype === graph.values.get(y)?.dtype;
  return op === 'Identity' || (op === 'Dropout' && !training);
};

/** Lets every reader of an Identity (or Dropout at inference, or Cast to the same type) read its input; outputs of the graph keep their names. */
export const removeIdentity = (graph: Graph): Graph => {
  const source = new Map<string, string>();
  const through = (name: string): string => source.get(name) ?? name;
  const nodes = graph.nodes.flatMap((node) => {
    const inputs = node.inputs.map(through);
    const [output = ''] = node.outputs;
    if (isIdentity(graph, node) && !graph.outputs.includes(output)) {
      source.set(output, inputs[0] as string);
      return [];
    }
    return [{ ...node, inputs }];
  });
  return withNodes(graph, nodes);
};
