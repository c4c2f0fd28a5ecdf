import type { Graph, Node } from '../graph/graph.js';
import { verify } from '../graph/verify.js';
import { loadOperators } from '../ops/index.js';
import { operatorOf } from '../ops/infer.js';
import type { Budgets } from '../tensor/budgets.js';
import { absorbTransposes } from './absorb-transposes.js';
import { type Bindings, bindShapes } from './bind-shapes.js';
import { channelsLast } from './channels-last.js';
import { addLayoutRules } from './channels-last-rules.js';
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
import { recoverDilations } from './recover-dilations.js';
import { removeDeadNodes } from './remove-dead-nodes.js';
import { removeIdentity } from './remove-identity.js';

interface Pass {
  readonly name: string;
  readonly run: (graph: Graph, budgets?: Budgets) => Graph;
}

/** Those of more.ts, once a model has wanted them. */
let more: typeof import('./more.js') | undefined;

/** Once a model may hold one. */
let attention: typeof import('./fuse-attention.js') | undefined;

/** Once a model has a ConvTranspose. */
let convTranspose: typeof import('./expand-conv-transpose.js') | undefined;

/** The operators of nodes, with those that passes may make of them: an attention's weights are a Softmax that a MatMul reads. */
export const operatorsOf = (nodes: readonly Node[]): readonly string[] => {
  const weights = new Set(nodes.filter(({ op }) => op === 'Softmax').flatMap(({ outputs }) => outputs));
  const mayHoldAttention = nodes.some(({ op, inputs }) => op === 'MatMul' && weights.has(inputs[0] as string));
  return [...nodes.map(({ op }) => op), ...(mayHoldAttention ? ['Attention'] : [])];
};

/**
 * Loads the passes that only quantized models and transformers want, from modules of their own, where one of these
 * operators is theirs. To be awaited before `optimize`.
 */
export const loadPasses = async (ops: Iterable<string>): Promise<void> => {
  const names = [...ops];
  if (!attention && names.includes('Attention')) {
    await loadOperators();
    attention = await import('./fuse-attention.js');
  }
  if (names.includes('ConvTranspose')) convTranspose ??= await import('./expand-conv-transpose.js');
  if (more || !names.some((op) => /Quanti|QLinear|QGemm|Integer|NBits/.test(op))) return;
  const loaded = await import('./more.js');
  addLayoutRules(loaded.byteLayoutRules);
  more = loaded;
};

/** What a DequantizeLinear makes of weights, until the quantized operators have been found. */
const KEPT: ReadonlySet<string> = new Set(['DequantizeLinear']);

/** The passes, in the order in which they run. */
const passes: readonly Pass[] = [
  { name: 'fold-constants', run: (graph, budgets) => foldConstants(graph, budgets, more && KEPT) },
  { name: 'remove-identity', run: removeIdentity },
  { name: 'merge-duplicates', run: mergeDuplicates },
  { name: 'fuse-quantization', run: (graph) => more?.fuseQuantization(graph) ?? graph },
  { name: 'fold-dequantized', run: (graph, budgets) => (more ? foldConstants(graph, budgets) : graph) },
  { name: 'merge-transposes', run: mergeTransposes },
  { name: 'fold-pad', run: foldPad },
  { name: 'recover-dilations', run: recoverDilations },
  { name: 'fold-batch-normalization', run: foldBatchNormalization },
  { name: 'fold-affine', run: foldAffine },
  { name: 'merge-branches', run: mergeBranches },
  { name: 'fuse-layer-normalization', run: fuseLayerNormalization },
  { name: 'fuse-instance-normalization', run: fuseInstanceNormalization },
  { name: 'fuse-attention', run: (graph) => attention?.fuseAttention(graph) ?? graph },
  { name: 'fuse-activation', run: fuseActivation },
  { name: 'fuse-epilogue', run: fuseEpilogue },
  { name: 'remove-dead-nodes', run: removeDeadNodes },
];

const recognising = [
  'merge-transposes',
  'fuse-layer-normalization',
  'fuse-instance-normalization',
  'fuse-attention',
  'fuse-activation',
  'fuse-epilogue',
];

/** The passes that want concrete shapes, run for every combination of input shapes that a session meets. */
const boundPasses: readonly Pass[] = [
  // What these recognise may have had no shape before.
  ...passes.filter(({ name }) => recognising.includes(name)),
  { name: 'expand-conv-transpose', run: (graph) => convTranspose?.expandConvTranspose(graph) ?? graph },
  { name: 'channels-last', run: channelsLast },
  { name: 'raise-transposes', run: (graph) => convTranspose?.raiseTransposes(graph) ?? graph },
  { name: 'absorb-transposes', run: absorbTransposes },
  { name: 'pack-bytes', run: (graph) => more?.packBytes(graph) ?? graph },
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
  'fold-dequantized',
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

/** The optimised graph for inputs of these shapes and values; nodes may be left that only a run can tell more of. */
export const bindOpen = (graph: Graph, bindings: Bindings, onPass?: OnPass, budgets?: Budgets): Graph => {
  const bound = verify(bindShapes(graph, bindings, budgets), 'bind-shapes');
  onPass?.('bind-shapes', bound);
  // What stood in the graphs of a node of control flow meets the nodes around it only now.
  return countControl(bound) === countControl(graph) ? bound : runPasses(passes, bound, onPass, budgets);
};

const countControl = ({ nodes }: Graph): number => nodes.filter((node) => operatorOf(node).control).length;

/** The last passes, for a graph of which everything is known. */
export const layOut = (bound: Graph, onPass?: OnPass, budgets?: Budgets): Graph => runPasses(boundPasses, bound, onPass, budgets);

/** The optimised graph for inputs of these shapes (and values, see `hostInputs`), ready to be planned. */
export const bind = (graph: Graph, bindings: Bindings, onPass?: OnPass, budgets?: Budgets): Graph =>
  layOut(bindOpen(graph, bindings, onPass, budgets), onPass, budgets);
