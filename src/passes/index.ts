import type { Graph } from '../graph/graph.js';
import { verify } from '../graph/verify.js';
import type { Budgets } from '../tensor/budgets.js';
import { type Bindings, bindShapes } from './bind-shapes.js';
import { channelsLast } from './channels-last.js';
import { foldAffine } from './fold-affine.js';
import { foldBatchNormalization } from './fold-batch-normalization.js';
import { foldConstants } from './fold-constants.js';
import { foldPad } from './fold-pad.js';
import { fuseActivation } from './fuse-activation.js';
import { fuseEpilogue } from './fuse-epilogue.js';
import { fuseInstanceNormalization } from './fuse-instance-normalization.js';
import { fuseLayerNormalization } from './fuse-layer-normalization.js';
import { mergeBranches } from './merge-branches.js';
import { mergeDuplicates } from './merge-duplicates.js';
import { mergeTransposes } from './merge-transposes.js';
import { removeDeadNodes } from './remove-dead-nodes.js';
import { removeIdentity } from './remove-identity.js';

interface Pass {
  readonly name: string;
  readonly run: (graph: Graph, budgets?: Budgets) => Graph;
}

/** The passes, in the order in which they run. */
const passes: readonly Pass[] = [
  { name: 'fold-constants', run: foldConstants },
  { name: 'remove-identity', run: removeIdentity },
  { name: 'merge-duplicates', run: mergeDuplicates },
  { name: 'merge-transposes', run: mergeTransposes },
  { name: 'fold-pad', run: foldPad },
  { name: 'fold-batch-normalization', run: foldBatchNormalization },
  { name: 'fold-affine', run: foldAffine },
  { name: 'merge-branches', run: mergeBranches },
  { name: 'fuse-layer-normalization', run: fuseLayerNormalization },
  { name: 'fuse-instance-normalization', run: fuseInstanceNormalization },
  { name: 'fuse-activation', run: fuseActivation },
  { name: 'fuse-epilogue', run: fuseEpilogue },
  { name: 'remove-dead-nodes', run: removeDeadNodes },
];

/** The passes that want concrete shapes, run for every combination of input shapes that a session meets. */
const boundPasses: readonly Pass[] = [
  { name: 'channels-last', run: channelsLast },
  { name: 'remove-identity', run: removeIdentity },
  { name: 'remove-dead-nodes', run: removeDeadNodes },
];

type OnPass = (pass: string, graph: Graph) => void;

const runPasses = (list: readonly Pass[], graph: Graph, onPass?: OnPass, budgets?: Budgets): Graph =>
  list.reduce((current, { name, run }) => {
    const next = verify(run(current, budgets), name);
    onPass?.(name, next);
    return next;
  }, graph);

/** The passes whose results are ordinary ONNX again: weights change, and fewer nodes remain. */
const structural = [
  'fold-constants',
  'remove-identity',
  'fold-batch-normalization',
  'fold-affine',
  'merge-branches',
  'remove-dead-nodes',
];

/** The graph with normalisation, scales and parallel branches folded into weights, and nothing fused. */
export const restructure = (graph: Graph, onPass?: OnPass): Graph =>
  runPasses(
    passes.filter(({ name }) => structural.includes(name)),
    graph,
    onPass,
  );

/** Everything that can be done before the input shapes are known. Verified after each pass. */
export const optimize = (graph: Graph, onPass?: OnPass, budgets?: Budgets): Graph => runPasses(passes, graph, onPass, budgets);

/** The optimised graph for inputs of these shapes (and values, see `hostInputs`), ready to be planned. */
export const bind = (graph: Graph, bindings: Bindings, onPass?: OnPass, budgets?: Budgets): Graph => {
  const bound = verify(bindShapes(graph, bindings, budgets), 'bind-shapes');
  onPass?.('bind-shapes', bound);
  return runPasses(boundPasses, bound, onPass, budgets);
};
