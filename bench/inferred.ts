import type { GraphBuilder } from '../src/graph/builder.js';
import type { Graph } from '../src/graph/graph.js';
import { foldConstants } from '../src/passes/fold-constants.js';

/** The graph with all shapes known, and nothing optimised but constants. */
export const inferred = (net: GraphBuilder): Graph => foldConstants(net.build());
