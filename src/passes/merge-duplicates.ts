import { type Graph, type Node, subgraphsOf, withNodes } from '../graph/graph.js';
import { Tensor } from '../tensor/tensor.js';

/** Common-subexpression removal: of nodes that compute the same from the same values, the first serves all readers. */
export const mergeDuplicates = (graph: Graph): Graph => {
  const source = new Map<string, string>();
  const seen = new Map<string, Node>();
  const nodes = graph.nodes.flatMap((node) => {
    const renamed = { ...node, inputs: node.inputs.map((name) => source.get(name) ?? name) };
    const key = keyOf(renamed);
    const first = key === undefined ? undefined : seen.get(key);
    if (first && !node.outputs.some((name) => graph.outputs.includes(name)) && first.outputs.length === node.outputs.length) {
      node.outputs.forEach((name, i) => source.set(name, first.outputs[i] as string));
      return [];
    }
    if (key !== undefined) seen.set(key, renamed);
    return [renamed];
  });
  return withNodes(graph, nodes);
};

const keyOf = ({ op, inputs, attributes }: Node): string | undefined =>
  Object.values(attributes).some((value) => value instanceof Tensor) || subgraphsOf({ attributes }).length > 0
    ? undefined
    : JSON.stringify([op, inputs, attributes, numbersOf(attributes)]);

/** Infinities and -0 as text: JSON knows neither. */
const numbersOf = (attributes: Node['attributes']): string[] =>
  Object.values(attributes).flatMap((value) => (typeof value === 'number' ? [Object.is(value, -0) ? '-0' : String(value)] : []));
