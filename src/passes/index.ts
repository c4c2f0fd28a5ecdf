import type { Graph } from '../graph/graph.js';
import { verify } from '../graph/verify.js';
import { foldConstants } from './fold-constants.js';
import { removeDeadNodes } from './remove-dead-nodes.js';

export interface Pass {
  readonly name: string;
  readonly run: (graph: Graph) => Graph;
}

/** The passes, in the order in which they run. */
export const passes: readonly Pass[] = [
  { name: 'fold-constants', run: foldConstants },
  { name: 'remove-dead-nodes', run: removeDeadNodes },
];

/** Runs every pass, verifying after each; `onPass` sees the graph after each of them. */
export const optimize = (graph: Graph, onPass?: (pass: string, graph: Graph) => void): Graph =>
  passes.reduce((current, { name, run }) => {
    const next = verify(run(current), name);
    onPass?.(name, next);
    return next;
  }, graph);
