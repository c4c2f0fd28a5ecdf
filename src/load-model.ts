import { TilewiseError } from './errors.js';
import { allNodesOf, type Graph } from './graph/graph.js';
import { importOnnx, loadSubgraphs, subgraphsAtHand } from './importers/onnx/index.js';
import { loadLowerings } from './kernels/select.js';
import { expanderAtHand, loadOperators, operatorNamed } from './ops/index.js';
import { loadPasses, operatorsOf, optimize } from './passes/index.js';
import { platform } from './platform.js';
import type { Budgets } from './tensor/budgets.js';

/** Where a model comes from: its bytes, a URL or (in Node) a path. */
export type ModelSource = Uint8Array | ArrayBuffer | string | URL;

export const bytesOf = async (source: ModelSource): Promise<Uint8Array> => {
  if (source instanceof Uint8Array) return source;
  return source instanceof ArrayBuffer ? new Uint8Array(source) : await platform().read(source);
};

/** A model as an optimised graph, with the passes and lowerings of its operators at hand; for any batch where asked. */
export const loadModel = async (bytes: Uint8Array, budgets?: Budgets, batch?: 'dynamic'): Promise<Graph> => {
  const imported = await ofAnyBatch(await importModel(bytes), batch, budgets);
  const wanted = operatorsOf(allNodesOf(imported));
  await loadPasses(wanted);
  const graph = optimize(imported, undefined, budgets);
  const ops = operatorsOf(allNodesOf(graph));
  // Weights that are kept as integers want its module after the DequantizeLinear has gone. An alias has no lowering.
  const lowered = [...ops, ...wanted.filter((op) => op === 'DequantizeLinear')].filter((op) => !operatorNamed(op)?.alias);
  await Promise.all([loadPasses(ops), loadLowerings(lowered)]);
  return graph;
};

/** Imports a model; where it has operators that are not at hand, again with all of them. */
const importModel = async (bytes: Uint8Array): Promise<Graph> => {
  const isAllAtHand = expanderAtHand() !== undefined && subgraphsAtHand();
  try {
    return importOnnx(bytes);
  } catch (error) {
    if (isAllAtHand || !(error instanceof TilewiseError) || error.code !== 'unsupported-model') throw error;
    await Promise.all([loadOperators(), loadSubgraphs()]);
    return importOnnx(bytes);
  }
};

const ofAnyBatch = async (graph: Graph, batch: 'dynamic' | undefined, budgets: Budgets | undefined): Promise<Graph> => {
  if (batch === undefined) return graph;
  if (batch !== 'dynamic') throw new TilewiseError('invalid-argument', `batch must be 'dynamic', got '${batch}'`);
  const { rebatch } = await import('./passes/rebatch.js');
  return rebatch(graph, budgets);
};
