import { TilewiseError } from '../errors.js';
import type { Graph, Value } from '../graph/graph.js';
import { importOnnx } from '../importers/onnx/index.js';
import { addOperators } from '../ops/index.js';
import { inferShapes } from '../ops/infer.js';
import { moreOperators } from '../ops/more.js';
import { bindShapes } from '../passes/bind-shapes.js';
import { foldPad } from '../passes/fold-pad.js';
import { restructure } from '../passes/index.js';
import { isConcrete } from '../tensor/shape.js';
import { removeConstantChannels } from './constant-channels.js';
import { joinBias } from './join-bias.js';
import { layersOf } from './layers.js';

const INTEGER = /^(QuantizeLinear|DequantizeLinear|.*Integer|(com\.microsoft\.)?QLinear.*|com\.microsoft\.(QGemm|MatMulNBits))$/;

/** All operators at hand: quantized models have some that few others do. */
export const loadOperatorsNow = (): void => addOperators(moreOperators);

/**
 * The graph of a model file as it is quantized: with normalisation, padding and branches folded into the weights of its
 * layers, and without channels that are constant. Throws what loading the model throws, and `unsupported-model` where it is quantized already or has no layers.
 */
export const prepare = (bytes: Uint8Array): Graph => {
  loadOperatorsNow();
  const imported = importOnnx(bytes);
  const quantized = imported.nodes.find(({ op }) => INTEGER.test(op));
  if (quantized) {
    throw new TilewiseError('unsupported-model', `the model is quantized already: it has a ${quantized.op}`, {
      node: quantized.name,
      hint: 'quantize the float model that it was made from',
    });
  }
  const graph = removeConstantChannels(foldPad(joinBias(withRanks(inferShapes(restructure(imported))))));
  if (layersOf(graph).length > 0) return graph;
  throw new TilewiseError(
    'unsupported-model',
    'there is nothing to quantize: no Conv, Gemm or MatMul has constant float32 weights',
  );
};

/**
 * The graph with the ranks of values whose shapes follow from symbolic extents by arithmetic: they are what they are for
 * extents of 1. Where that cannot be, the graph as it is.
 */
const withRanks = (graph: Graph): Graph => {
  const values = new Map<string, Value>(graph.values);
  for (const [name, { shape }] of boundValues(graph)) {
    const value = values.get(name);
    if (value && !value.shape && shape) values.set(name, { ...value, shape: shape.map((_, i) => `${name}.${i}`) });
  }
  return inferShapes({ ...graph, values });
};

const boundValues = (graph: Graph): ReadonlyMap<string, Value> => {
  if (graph.nodes.every(({ outputs }) => outputs.every((name) => graph.values.get(name)?.shape))) return new Map();
  const shapes = graph.inputs.map((name): [string, number[]] => {
    const { shape = [] } = graph.values.get(name) as Value;
    return [name, isConcrete(shape) ? [...shape] : shape.map((d) => (typeof d === 'number' ? d : 1))];
  });
  try {
    return bindShapes(graph, new Map(shapes)).values;
  } catch {
    return new Map();
  }
};
