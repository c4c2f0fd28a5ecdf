import { type Graph, type Node, withNodes } from '../graph/graph.js';

/** Drops the nodes that no output of the graph depends on. */
export const removeDeadNodes = (graph: Graph): Graph => {
  const live = new Set(graph.outputs);
  const kept: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => live.has(name))) continue;
    for (const name of node.inputs) live.add(name);
    kept.push(node);
  }
  return withNodes(graph, kept.reverse());
};
