import { registeredOps } from '../registry.js';
import {
  add,
  and,
  div,
  equal,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  max,
  min,
  mod,
  mul,
  or,
  pow,
  prelu,
  sub,
  xor,
} from './binary.js';
import { affineGrid } from './affine-grid.js';
import { argMax, argMin } from './arg-max.js';
import { attention } from './attention.js';
import { batchNormalization } from './batch-normalization.js';
import { bitShift, bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor } from './bitwise.js';
import { cast, castLike } from './cast.js';
import { concat } from './concat.js';
import { constantOfShape } from './constant-of-shape.js';
import { convTranspose } from './conv-transpose.js';
import { conv } from './conv.js';
import { cumSum } from './cum-sum.js';
import { depthToSpace, spaceToDepth } from './depth-to-space.js';
import { einsum } from './einsum.js';
import { expand } from './expand.js';
import { eyeLike } from './eye-like.js';
import { flatten } from './flatten.js';
import { gatherElements } from './gather-elements.js';
import { gatherNd } from './gather-nd.js';
import { gather } from './gather.js';
import { gemm } from './gemm.js';
import { globalAveragePool, globalMaxPool } from './global-pool.js';
import { gridSample } from './grid-sample.js';
import { hardmax } from './hardmax.js';
import { dropout, identity } from './identity.js';
import { imageToTensor } from './image.js';
import { isInf, isNan } from './is-nan.js';
import { globalLpPool, lpPool } from './lp-pool.js';
import { groupNormalization, instanceNormalization, layerNormalization, lpNormalization, meanVarianceNormalization, rmsNormalization } from './normalize.js';
import { oneHot } from './one-hot.js';
import { lrn } from './lrn.js';
import { matmul } from './matmul.js';
import { maxUnpool } from './max-unpool.js';
import { blackmanWindow, hammingWindow, hannWindow } from './cosine-window.js';
import { det } from './det.js';
import { reverseSequence } from './reverse-sequence.js';
import { centerCropPad } from './center-crop-pad.js';
import { convInteger, qlinearConv } from './conv-integer.js';
import { dequantizeLinear } from './dequantize-linear.js';
import { dynamicQuantizeLinear } from './dynamic-quantize-linear.js';
import { matmulInteger, qlinearMatmul } from './matmul-integer.js';
import { matmulNBits } from './matmul-nbits.js';
import { col2im } from './col2im.js';
import { roiAlign } from './roi-align.js';
import { compress } from './compress.js';
import { nonZero } from './non-zero.js';
import type { Operator } from './operator.js';
import { pad } from './pad.js';
import { averagePool, maxPool } from './pool.js';
import { qgemm } from './qgemm.js';
import { qlinearAdd, qlinearMul } from './qlinear-binary.js';
import { qlinearConcat } from './qlinear-concat.js';
import { qlinearGlobalAveragePool } from './qlinear-global-average-pool.js';
import { qlinearLeakyRelu, qlinearSigmoid } from './qlinear-unary.js';
import { quantizeLinear } from './quantize-linear.js';
import { range } from './range.js';
import { reduceL1, reduceL2, reduceMax, reduceMean, reduceMin, reduceProd, reduceSum, reduceSumSquare } from './reduce.js';
import { gru, lstm, rnn } from './recurrent.js';
import { reshape } from './reshape.js';
import { resize } from './resize.js';
import { rotaryEmbedding } from './rotary-embedding.js';
import { scatterElements, scatterNd } from './scatter.js';
import { shape } from './shape.js';
import { shrink } from './shrink.js';
import { size } from './size.js';
import { slice } from './slice.js';
import { logSoftmax, softmax } from './softmax.js';
import { split } from './split.js';
import { squeeze, unsqueeze } from './squeeze.js';
import { tile } from './tile.js';
import { topK } from './top-k.js';
import { transpose } from './transpose.js';
import {
  abs,
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cosh,
  sinh,
  tan,
  ceil,
  celu,
  clip,
  cos,
  elu,
  erf,
  exp,
  floor,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  log,
  mish,
  neg,
  not,
  reciprocal,
  relu,
  round,
  selu,
  sigmoid,
  sign,
  sin,
  softplus,
  softsign,
  sqrt,
  swish,
  tanh,
  thresholdedRelu,
} from './unary.js';
import { trilu } from './trilu.js';
import { where } from './where.js';

const all: readonly Operator[] = [
  abs,
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cosh,
  sinh,
  tan,
  add,
  affineGrid,
  and,
  argMax,
  argMin,
  attention,
  batchNormalization,
  averagePool,
  bitShift,
  bitwiseAnd,
  bitwiseNot,
  bitwiseOr,
  bitwiseXor,
  cast,
  castLike,
  ceil,
  celu,
  clip,
  concat,
  constantOfShape,
  conv,
  convTranspose,
  cos,
  cumSum,
  depthToSpace,
  div,
  dropout,
  einsum,
  elu,
  equal,
  erf,
  exp,
  expand,
  eyeLike,
  flatten,
  floor,
  gather,
  gatherElements,
  gatherNd,
  gelu,
  gemm,
  globalAveragePool,
  globalLpPool,
  globalMaxPool,
  greater,
  greaterOrEqual,
  gridSample,
  groupNormalization,
  hardmax,
  hardSigmoid,
  hardSwish,
  identity,
  imageToTensor,
  instanceNormalization,
  isInf,
  isNan,
  layerNormalization,
  leakyRelu,
  less,
  lessOrEqual,
  log,
  lpNormalization,
  lpPool,
  max,
  logSoftmax,
  lrn,
  matmul,
  maxPool,
  meanVarianceNormalization,
  min,
  mish,
  mod,
  mul,
  neg,
  not,
  oneHot,
  or,
  pad,
  pow,
  prelu,
  range,
  gru,
  lstm,
  rnn,
  reciprocal,
  reduceL1,
  reduceL2,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
  relu,
  reshape,
  resize,
  rmsNormalization,
  rotaryEmbedding,
  round,
  scatterElements,
  scatterNd,
  selu,
  shape,
  shrink,
  sigmoid,
  sign,
  sin,
  size,
  slice,
  softmax,
  softplus,
  softsign,
  spaceToDepth,
  split,
  sqrt,
  squeeze,
  sub,
  swish,
  tanh,
  thresholdedRelu,
  tile,
  topK,
  transpose,
  trilu,
  unsqueeze,
  maxUnpool,
  blackmanWindow,
  hammingWindow,
  hannWindow,
  det,
  reverseSequence,
  centerCropPad,
  col2im,
  roiAlign,
  compress,
  nonZero,
  where,
  convInteger,
  dequantizeLinear,
  dynamicQuantizeLinear,
  matmulInteger,
  matmulNBits,
  qgemm,
  qlinearAdd,
  qlinearConcat,
  qlinearConv,
  qlinearGlobalAveragePool,
  qlinearLeakyRelu,
  qlinearMatmul,
  qlinearMul,
  qlinearSigmoid,
  quantizeLinear,
  xor,
];

/** Every operator of this library, by name. */
export const operators: ReadonlyMap<string, Operator> = new Map(all.map((o) => [o.name, o]));

/** The operator of that name: of this library, or one that the application registered. */
export const operatorNamed = (name: string): Operator | undefined => operators.get(name) ?? registeredOps.get(name)?.operator;
