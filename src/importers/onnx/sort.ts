import { TilewiseError } from '../../errors.js';
import type { Node } from '../../graph/graph.js';

/**
 * The nodes in topological order; those that are in order already stay as they are. `known` are the values that no
 * node computes. Throws `invalid-model` for a cycle and for a value that nothing produces.
 */
export const sortNodes = (nodes: readonly Node[], known: ReadonlySet<string>): Node[] => {
  const producers = new Map<string, Node>();
  for (const node of nodes) for (const name of node.outputs) producers.set(name, node);
  const sorted: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  // Depth first with a stack of its own: a chain of nodes may be longer than the engine's call stack.
  const stack: Node[] = [];
  for (const root of nodes) {
    stack.push(root);
    while (stack.length > 0) {
      const node = stack.at(-1) as Node;
      const waiting = state.has(node) ? [] : missingProducers(node, producers, known, state);
      if (!state.has(node) && waiting.length > 0) {
        state.set(node, 'open');
        stack.push(...waiting);
        continue;
      }
      stack.pop();
      if (state.get(node) === 'done') continue;
      state.set(node, 'done');
      sorted.push(node);
    }
  }
  return sorted;
};

/** The nodes that must come before this one and have not come yet. */
const missingProducers = (
  node: Node,
  producers: ReadonlyMap<string, Node>,
  known: ReadonlySet<string>,
  state: ReadonlyMap<Node, 'open' | 'done'>,
): Node[] => {
  const missing: Node[] = [];
  for (const name of node.inputs) {
    if (!name || known.has(name)) continue;
    const producer = producers.get(name);
    const details = { node: node.name, tensor: name };
    if (!producer)
      throw new TilewiseError('invalid-model', `node '${node.name}' reads '${name}', which nothing produces`, details);
    if (producer === node || state.get(producer) === 'open') {
      throw new TilewiseError('invalid-model', `node '${node.name}' is part of a cycle through '${name}'`, details);
    }
    if (!state.has(producer)) missing.push(producer);
  }
  return missing.reverse();
};
