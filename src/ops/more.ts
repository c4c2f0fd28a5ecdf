import { affineGrid } from './affine-grid.js';
import { attention } from './attention.js';
import { bitShift, bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor } from './bitwise.js';
import { centerCropPad } from './center-crop-pad.js';
import { col2im } from './col2im.js';
import { compress } from './compress.js';
import { convInteger, qlinearConv } from './conv-integer.js';
import { convTranspose } from './conv-transpose.js';
import { blackmanWindow, hammingWindow, hannWindow } from './cosine-window.js';
import { cumSum } from './cum-sum.js';
import { deformConv } from './deform-conv.js';
import { depthToSpace, spaceToDepth } from './depth-to-space.js';
import { dequantizeLinear } from './dequantize-linear.js';
import { det } from './det.js';
import { dynamicQuantizeLinear } from './dynamic-quantize-linear.js';
import { einsum } from './einsum.js';
import { eyeLike } from './eye-like.js';
import { gatherElements } from './gather-elements.js';
import { gatherNd } from './gather-nd.js';
import { gridSample } from './grid-sample.js';
import { hardmax } from './hardmax.js';
import { histogram } from './histogram.js';
import { ifOperator } from './if.js';
import { isInf, isNan } from './is-nan.js';
import { lookup } from './lookup.js';
import { loop } from './loop.js';
import { globalLpPool, lpPool } from './lp-pool.js';
import { matmulInteger, qlinearMatmul } from './matmul-integer.js';
import { matmulNBits } from './matmul-nbits.js';
import { maxUnpool } from './max-unpool.js';
import { nonMaxSuppression } from './non-max-suppression.js';
import { nonZero } from './non-zero.js';
import { oneHot } from './one-hot.js';
import type { Operator } from './operator.js';
import { maxPoolBytes, qlinearAveragePool } from './pool-bytes.js';
import { qgemm } from './qgemm.js';
import { qlinearAdd, qlinearMul } from './qlinear-binary.js';
import { qlinearConcat } from './qlinear-concat.js';
import { qlinearGlobalAveragePool } from './qlinear-global-average-pool.js';
import { qlinearLeakyRelu, qlinearSigmoid } from './qlinear-unary.js';
import { quantizeLinear } from './quantize-linear.js';
import { gru, lstm, rnn } from './recurrent.js';
import { repack } from './repack.js';
import { reverseSequence } from './reverse-sequence.js';
import { roiAlign } from './roi-align.js';
import { rotaryEmbedding } from './rotary-embedding.js';
import { scatterElements, scatterNd } from './scatter.js';
import { shrink } from './shrink.js';
import { tile } from './tile.js';
import { topK } from './top-k.js';
import { trilu } from './trilu.js';

export { Expander } from './expander.js';

/** The operators that few models have: `loadOperators` brings them when one does. */
export const moreOperators: readonly Operator[] = [
  affineGrid,
  attention,
  bitShift,
  bitwiseAnd,
  bitwiseNot,
  bitwiseOr,
  bitwiseXor,
  blackmanWindow,
  centerCropPad,
  col2im,
  compress,
  convInteger,
  cumSum,
  convTranspose,
  deformConv,
  depthToSpace,
  spaceToDepth,
  dequantizeLinear,
  det,
  dynamicQuantizeLinear,
  einsum,
  eyeLike,
  gatherElements,
  gatherNd,
  globalLpPool,
  gridSample,
  gru,
  hammingWindow,
  hannWindow,
  hardmax,
  histogram,
  ifOperator,
  isInf,
  isNan,
  lookup,
  loop,
  lpPool,
  lstm,
  matmulInteger,
  matmulNBits,
  maxPoolBytes,
  maxUnpool,
  nonMaxSuppression,
  nonZero,
  oneHot,
  qgemm,
  qlinearAdd,
  qlinearAveragePool,
  qlinearConcat,
  qlinearConv,
  qlinearGlobalAveragePool,
  qlinearLeakyRelu,
  qlinearMatmul,
  qlinearMul,
  qlinearSigmoid,
  quantizeLinear,
  repack,
  reverseSequence,
  rnn,
  roiAlign,
  rotaryEmbedding,
  scatterElements,
  scatterNd,
  shrink,
  tile,
  topK,
  trilu,
];
