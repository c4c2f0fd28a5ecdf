import { lowerAffineGrid } from './affine-grid.js';
import { lowerAttention } from './attention.js';
import { lowerBitwise, lowerBitwiseNot } from './bitwise.js';
import { lowerCast } from './cast.js';
import { lowerCenterCropPad } from './center-crop-pad.js';
import { lowerCol2Im } from './col2im.js';
import { lowerCompress } from './compress.js';
import { lowerConvInteger, lowerQLinearConv } from './conv-integer.js';
import { lowerConvTranspose } from './conv-transpose.js';
import { lowerCumSum } from './cum-sum.js';
import { lowerDeformConv } from './deform-conv.js';
import { lowerDepthToSpace, lowerSpaceToDepth } from './depth-to-space.js';
import { lowerDequantizeLinear } from './dequantize-linear.js';
import { lowerDet } from './det.js';
import { lowerDynamicQuantizeLinear } from './dynamic-quantize-linear.js';
import { lowerEinsum } from './einsum.js';
import { lowerGatherElements } from './gather-elements.js';
import { lowerGatherNd } from './gather-nd.js';
import { lowerGridSample } from './grid-sample.js';
import { lowerHardmax } from './hardmax.js';
import { lowerHistogram } from './histogram.js';
import { readIntegers } from './integer-weights.js';
import { lowerIsNan } from './is-nan.js';
import type { Lowering } from './kernel.js';
import { lowerLookup, lowerQLinearConcat, lowerQLinearUnary } from './lookup.js';
import { lowerLpPool } from './lp-pool.js';
import { lowerMatMulInteger, lowerQGemm, lowerQLinearMatMul } from './matmul-integer.js';
import { lowerMatMulNBits } from './matmul-nbits.js';
import { lowerMaxUnpool } from './max-unpool.js';
import { lowerNonMaxSuppression } from './non-max-suppression.js';
import { lowerNonZero } from './non-zero.js';
import { lowerLpNormalization, lowerMeanVarianceNormalization } from './normalize.js';
import { lowerOneHot } from './one-hot.js';
import { lowerMaxPoolBytes, lowerQLinearAveragePool } from './pool-bytes.js';
import { lowerQLinearBinary } from './qlinear-binary.js';
import { lowerQLinearGlobalAveragePool } from './qlinear-global-average-pool.js';
import { lowerQuantizeLinear } from './quantize-linear.js';
import { lowerRecurrent } from './recurrent.js';
import { lowerRepack } from './repack.js';
import { lowerResize } from './resize.js';
import { lowerReverseSequence } from './reverse-sequence.js';
import { lowerRoiAlign } from './roi-align.js';
import { lowerRotaryEmbedding } from './rotary-embedding.js';
import { lowerScatterElements, lowerScatterNd } from './scatter.js';
import { lowerShrink } from './shrink.js';
import { lowerTile } from './tile.js';
import { lowerTopK } from './top-k.js';
import { lowerTrilu } from './trilu.js';

export { readIntegers };

/** The lowerings that few models want: `loadLowerings` brings them when one does. */
export const moreLowerings: ReadonlyMap<string, Lowering> = new Map<string, Lowering>([
  ['Resize', lowerResize],
  ['ConvTranspose', lowerConvTranspose],
  ['DepthToSpace', lowerDepthToSpace],
  ['SpaceToDepth', lowerSpaceToDepth],
  ['AffineGrid', lowerAffineGrid],
  ['Attention', lowerAttention],
  ['BitShift', lowerBitwise],
  ['BitwiseAnd', lowerBitwise],
  ['BitwiseNot', lowerBitwiseNot],
  ['BitwiseOr', lowerBitwise],
  ['BitwiseXor', lowerBitwise],
  ['Cast', lowerCast],
  ['CastLike', lowerCast],
  ['CenterCropPad', lowerCenterCropPad],
  ['Col2Im', lowerCol2Im],
  ['com.microsoft.MatMulNBits', lowerMatMulNBits],
  ['com.microsoft.QGemm', lowerQGemm],
  ['com.microsoft.QLinearAdd', lowerQLinearBinary],
  ['com.microsoft.QLinearAveragePool', lowerQLinearAveragePool],
  ['com.microsoft.QLinearConcat', lowerQLinearConcat],
  ['com.microsoft.QLinearGlobalAveragePool', lowerQLinearGlobalAveragePool],
  ['com.microsoft.QLinearLeakyRelu', lowerQLinearUnary],
  ['com.microsoft.QLinearMul', lowerQLinearBinary],
  ['com.microsoft.QLinearSigmoid', lowerQLinearUnary],
  ['Compress', lowerCompress],
  ['ConvInteger', lowerConvInteger],
  ['CumSum', lowerCumSum],
  ['DeformConv', lowerDeformConv],
  ['DequantizeLinear', lowerDequantizeLinear],
  ['Det', lowerDet],
  ['DynamicQuantizeLinear', lowerDynamicQuantizeLinear],
  ['Einsum', lowerEinsum],
  ['GatherElements', lowerGatherElements],
  ['GatherND', lowerGatherNd],
  ['GlobalLpPool', lowerLpPool],
  ['GridSample', lowerGridSample],
  ['GRU', lowerRecurrent],
  ['Hardmax', lowerHardmax],
  ['IsInf', lowerIsNan],
  ['IsNaN', lowerIsNan],
  ['LpNormalization', lowerLpNormalization],
  ['LpPool', lowerLpPool],
  ['LSTM', lowerRecurrent],
  ['MatMulInteger', lowerMatMulInteger],
  ['MaxUnpool', lowerMaxUnpool],
  ['MeanVarianceNormalization', lowerMeanVarianceNormalization],
  ['NonMaxSuppression', lowerNonMaxSuppression],
  ['NonZero', lowerNonZero],
  ['OneHot', lowerOneHot],
  ['QLinearConv', lowerQLinearConv],
  ['QLinearMatMul', lowerQLinearMatMul],
  ['QuantizeLinear', lowerQuantizeLinear],
  ['ReverseSequence', lowerReverseSequence],
  ['RNN', lowerRecurrent],
  ['RoiAlign', lowerRoiAlign],
  ['RotaryEmbedding', lowerRotaryEmbedding],
  ['ScatterElements', lowerScatterElements],
  ['ScatterND', lowerScatterNd],
  ['Shrink', lowerShrink],
  ['Tile', lowerTile],
  ['tilewise.Histogram', lowerHistogram],
  ['tilewise.Lookup', lowerLookup],
  ['tilewise.MaxPool', lowerMaxPoolBytes],
  ['tilewise.Repack', lowerRepack],
  ['TopK', lowerTopK],
  ['Trilu', lowerTrilu],
]);
