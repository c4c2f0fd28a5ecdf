import type { Node } from '../graph/graph.js';
import { operatorOf } from '../ops/infer.js';
import { shapeText } from '../tensor/shape.js';
import { broadcastAxis, first, othersShared, outputsAt, resolve, soleAxis } from './batch-axes.js';
import {
  alongAxis,
  alongAxisNamedBy,
  attention,
  einsum,
  elementLookup,
  lookup,
  matmulNBits,
  oneHot,
  qlinearBinary,
  qlinearConcat,
  quantize,
  recurrent,
  reverseSequence,
  rotaryEmbedding,
  topK,
  triangle,
} from './batch-rules-more.js';
import { concat, expand, gather, pad, reshape, resize, slice, tile, transpose } from './batch-rules-shape.js';
import type { BatchRule, BatchWalk } from './rebatch.js';

const elementwise: BatchRule = (node, walk) => outputsAt(node, soleAxis(node, walk));

const broadcasting: BatchRule = (node, walk) => {
  const inputs = node.inputs.filter(Boolean);
  const rank = Math.max(...inputs.map((name) => walk.knownShape(node, name).length));
  return outputsAt(node, broadcastAxis(node, walk, inputs, rank));
};

/** Operators whose first axis is the batch by definition. */
const batchFirst: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  if (axis !== 0) walk.refuse(node, `its input carries the batch in axis ${axis}`);
  return outputsAt(node, 0);
};

/** The indices of a MaxPool count through all samples. */
const maxPool: BatchRule = (node, walk) =>
  node.outputs[1] ? walk.refuse(node, 'its indices count through all samples') : batchFirst(node, walk);

const gridSample: BatchRule = (node, walk) =>
  node.inputs.every((name) => walk.axis(name) === 0) ? outputsAt(node, 0) : walk.refuse(node, 'one grid serves one sample');

/** The axes that a reduction takes away or folds; `input` names them, or an attribute. */
const reducing =
  (axesOf: (node: Node, walk: BatchWalk) => readonly number[] | undefined): BatchRule =>
  (node, walk) => {
    const axis = soleAxis(node, walk);
    const shape = walk.knownShape(node, first(node));
    const axes = axesOf(node, walk)?.map((given) => resolve(given, shape));
    if (!axes) return walk.refuse(node, 'its axes are not constants');
    if (axes.length === 0 && node.attributes.noop_with_empty_axes) return outputsAt(node, axis);
    if (axes.length === 0 || axes.includes(axis)) walk.refuse(node, 'it reduces over the batch');
    const kept = node.attributes.keepdims === false ? axes.filter((k) => k < axis).length : 0;
    return outputsAt(node, axis - kept);
  };

const reduce = reducing((node, walk) => (node.inputs[1] ? walk.numbers(node.inputs[1]) : []));
const argExtreme = reducing((node) => [node.attributes.axis as number]);

const meanVariance: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  const shape = walk.knownShape(node, first(node));
  const axes = (node.attributes.axes as readonly number[] | undefined) ?? [0, 2, 3];
  return axes.some((k) => resolve(k, shape) === axis) ? walk.refuse(node, 'its mean is over the batch') : outputsAt(node, axis);
};

/** Softmax before version 13 ran over all axes from one on; layer normalisation does. */
const fromAxisOn: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  const from = resolve(node.attributes.axis as number, walk.knownShape(node, first(node)));
  return axis < from ? outputsAt(node, axis) : walk.refuse(node, 'it normalises over the batch');
};

const softmax: BatchRule = (node, walk) => (node.attributes.toEnd ? fromAxisOn : alongAxis)(node, walk);

/** The axis of the product of two inputs: the batch is in leading axes of both, in rows of A or in columns of B. */
const productAxis = (node: Node, walk: BatchWalk, a: string, b: string): number => {
  const [ra, rb] = [a, b].map((name) => walk.knownShape(node, name).length) as [number, number];
  const [inA, inB] = [walk.axis(a), walk.axis(b)];
  const leading = Math.max(ra, rb, 2) - 2;
  if (inA === ra - 1 || inB === Math.max(rb - 2, 0)) walk.refuse(node, 'it sums over the batch');
  const isRow = inA === ra - 2;
  if (!isRow && inB !== rb - 1) return broadcastAxis(node, walk, [a, b], leading + 2);
  if (inA !== undefined && inB !== undefined) walk.refuse(node, 'both its inputs differ from sample to sample');
  return isRow || ra === 1 ? leading : leading + 1;
};

const matmul =
  (a: number, b: number): BatchRule =>
  (node, walk) => {
    const [x, y] = [node.inputs[a] as string, node.inputs[b] as string];
    othersShared(node, walk, [a, b]);
    return outputsAt(node, productAxis(node, walk, x, y));
  };

/** The bias of a product carries the batch where the product does, or is the same for all samples. */
const expectBias = (node: Node, walk: BatchWalk, bias: string, axis: number): void => {
  const shape = walk.knownShape(node, bias);
  const place = axis - 2 + shape.length;
  const each = walk.knownShape(node, node.outputs[0])[axis];
  const own = walk.axis(bias);
  const fits = own === undefined ? shape[place] === undefined || shape[place] === 1 : own === place && shape[place] === each;
  if (!fits) walk.refuse(node, `its bias of shape ${shapeText(shape)} does not repeat along the batch`);
};

const gemm =
  (a: number, b: number, c: number): BatchRule =>
  (node, walk) => {
    othersShared(node, walk, [a, b, c]);
    const { transA, transB } = node.attributes;
    const [rows, columns] = [walk.axis(node.inputs[a]), walk.axis(node.inputs[b])];
    const sums = rows === (transA ? 0 : 1) || columns === (transB ? 1 : 0);
    if (sums || (rows !== undefined && columns !== undefined)) walk.refuse(node, 'it sums over the batch');
    const axis = rows !== undefined ? 0 : columns !== undefined ? 1 : undefined;
    if (axis === undefined) return walk.refuse(node, 'only its bias differs from sample to sample');
    if (node.inputs[c]) expectBias(node, walk, node.inputs[c], axis);
    return outputsAt(node, axis);
  };

const batchFirstNames =
  'Conv ConvTranspose ConvInteger QLinearConv AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool ' +
  'BatchNormalization InstanceNormalization GroupNormalization LRN DepthToSpace SpaceToDepth Col2Im ' +
  'com.microsoft.QLinearGlobalAveragePool';
const elementwiseNames =
  'Cast CastLike Identity Dropout IsNaN IsInf Shrink com.microsoft.QLinearLeakyRelu com.microsoft.QLinearSigmoid';
const reduceNames = 'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare';

const named = (names: string, rule: BatchRule): [string, BatchRule][] => names.split(' ').map((name) => [name, rule]);

const rules: ReadonlyMap<string, BatchRule> = new Map([
  ...named(batchFirstNames, batchFirst),
  ...named(elementwiseNames, elementwise),
  ...named(reduceNames, reduce),
  ...named('Reshape Flatten Squeeze Unsqueeze', (node, walk) => reshape({ ...node, inputs: [first(node)] }, walk)),
  ...named('ArgMax ArgMin', argExtreme),
  ...named('Softmax LogSoftmax', softmax),
  ...named('Hardmax LpNormalization Split', alongAxis),
  ...named('LayerNormalization RMSNormalization', fromAxisOn),
  ...named('QuantizeLinear DequantizeLinear', quantize),
  ...named('GatherElements ScatterElements', elementLookup),
  ...named('RNN GRU LSTM', recurrent),
  ['Attention', attention],
  ['Concat', concat],
  ['CumSum', alongAxisNamedBy(1)],
  ['Einsum', einsum],
  ['Expand', expand],
  ['Gather', gather],
  ['GatherND', lookup],
  ['Gemm', gemm(0, 1, 2)],
  ['GridSample', gridSample],
  ['MatMul', matmul(0, 1)],
  ['MatMulInteger', matmul(0, 1)],
  ['QLinearMatMul', matmul(0, 3)],
  ['MaxPool', maxPool],
  ['MeanVarianceNormalization', meanVariance],
  ['OneHot', oneHot],
  ['Pad', pad],
  ['Resize', resize],
  ['ReverseSequence', reverseSequence],
  ['RotaryEmbedding', rotaryEmbedding],
  ['Slice', slice],
  ['Tile', tile],
  ['TopK', topK],
  ['Transpose', transpose],
  ['Trilu', triangle],
  ['com.microsoft.MatMulNBits', matmulNBits],
  ['com.microsoft.QGemm', gemm(0, 3, 6)],
  ['com.microsoft.QLinearConcat', qlinearConcat],
  ...named('com.microsoft.QLinearAdd com.microsoft.QLinearMul', qlinearBinary),
]);

/** The rule of an operator: its own, or that of its kind; refused where there is none. */
export const batchRuleOf = (node: Node, walk: BatchWalk): BatchRule => {
  const { elementwise: single, broadcasts } = operatorOf(node);
  const ofKind = single ? elementwise : broadcasts ? broadcasting : undefined;
  return rules.get(node.op) ?? ofKind ?? walk.refuse(node, 'nothing is known of how it treats a batch');
};
