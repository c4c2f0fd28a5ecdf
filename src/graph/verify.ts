import { TilewiseError } from '../errors.js';
import type { Graph } from './graph.js';

const bad = (stage: string, message: string, details: { node?: string; tensor?: string }): never => {
  throw new TilewiseError('invalid-model', `after ${stage}: ${message}`, details);
};

/**
 * Checks the invariants of a graph: every name a node reads is an input, a constant or the output of an earlier node,
 * every value is computed once, and every output of the graph exists. `stage` names the importer or pass to blame.
 */
export const verify = (graph: Graph, stage: string): Graph => {
  const known = new Set<string>(graph.inputs);
  for (const [name, value] of graph.values) if (value.tensor) known.add(name);
  const nodeNames = new Set<string>();
  for (const node of graph.nodes) {
    if (nodeNames.has(node.name)) bad(stage, `two nodes are named '${node.name}'`, { node: node.name });
    nodeNames.add(node.name);
    for (const name of node.inputs) {
      if (name && !known.has(name))
        bad(stage, `node '${node.name}' reads '${name}' before it exists`, { node: node.name, tensor: name });
    }
    for (const name of node.outputs) {
      if (!name) continue;
      if (known.has(name)) bad(stage, `'${name}' is produced twice`, { node: node.name, tensor: name });
      if (!graph.values.has(name)) bad(stage, `'${name}' has no value`, { node: node.name, tensor: name });
      known.add(name);
    }
  }
  for (const name of graph.outputs) {
    if (!known.has(name)) bad(stage, `output '${name}' is never produced`, { tensor: name });
  }
  return graph;
};
