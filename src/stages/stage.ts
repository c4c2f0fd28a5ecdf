import type { Graph } from '../graph/graph.js';

/** A graph that is bound, cut and run when its inputs are there. */
export interface Stage {
  /** Names the stage among those of its model, and what earlier ones were bound to. */
  readonly key: string;
  readonly graph: Graph;
  /** Inputs that it is bound to by value. */
  readonly host: ReadonlySet<string>;
}
