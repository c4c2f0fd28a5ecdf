import { registeredOps } from '../registry.js';
import { lowerAffineGrid } from './affine-grid.js';
import { lowerArgMax } from './arg-max.js';
import { lowerAttention } from './attention.js';
import { lowerBatchNormalization } from './batch-normalization.js';
import { lowerBinary } from './binary.js';
import { lowerBitwise, lowerBitwiseNot } from './bitwise.js';
import { lowerCast } from './cast.js';
import { lowerConcat } from './concat.js';
import { lowerConstantOfShape } from './constant-of-shape.js';
import { lowerConv } from './conv.js';
import { lowerConvTranspose } from './conv-transpose.js';
import { lowerCumSum } from './cum-sum.js';
import { lowerDepthToSpace } from './depth-to-space.js';
import { lowerEinsum } from './einsum.js';
import { lowerExpand } from './expand.js';
import { lowerGather } from './gather.js';
import { lowerGatherElements } from './gather-elements.js';
import { lowerGatherNd } from './gather-nd.js';
import { lowerGemm } from './gemm.js';
import { lowerGlobalPool } from './global-pool.js';
import { lowerGridSample } from './grid-sample.js';
import { lowerHardmax } from './hardmax.js';
import { lowerImage } from './image.js';
import { lowerIsNan } from './is-nan.js';
import type { Lowering } from './kernel.js';
import { lowerCompress } from './compress.js';
import { lowerRoiAlign } from './roi-align.js';
import { lowerCol2Im } from './col2im.js';
import { lowerCenterCropPad } from './center-crop-pad.js';
import { lowerReverseSequence } from './reverse-sequence.js';
import { lowerDet } from './det.js';
import { lowerMaxUnpool } from './max-unpool.js';
import { lowerLpPool } from './lp-pool.js';
import { lowerLrn } from './lrn.js';
import { lowerMatMul } from './matmul.js';
import {
  lowerGroupNormalization,
  lowerLayerNormalization,
  lowerLpNormalization,
  lowerMeanVarianceNormalization,
} from './normalize.js';
import { lowerOneHot } from './one-hot.js';
import { lowerPad } from './pad.js';
import { lowerPool } from './pool.js';
import { lowerRecurrent } from './recurrent.js';
import { lowerConvInteger, lowerQLinearConv } from './conv-integer.js';
import { lowerDequantizeLinear } from './dequantize-linear.js';
import { lowerDynamicQuantizeLinear } from './dynamic-quantize-linear.js';
import { lowerQLinearConcat, lowerQLinearUnary } from './lookup.js';
import { lowerMatMulInteger, lowerQGemm, lowerQLinearMatMul } from './matmul-integer.js';
import { lowerMatMulNBits } from './matmul-nbits.js';
import { lowerQLinearBinary } from './qlinear-binary.js';
import { lowerQLinearGlobalAveragePool } from './qlinear-global-average-pool.js';
import { lowerQuantizeLinear } from './quantize-linear.js';
import { lowerReduce } from './reduce.js';
import { lowerResize } from './resize.js';
import { lowerRotaryEmbedding } from './rotary-embedding.js';
import { lowerScatterElements, lowerScatterNd } from './scatter.js';
import { lowerShape } from './shape.js';
import { lowerShrink } from './shrink.js';
import { lowerSlice } from './slice.js';
import { lowerSoftmax } from './softmax.js';
import { lowerSplit } from './split.js';
import { lowerTile } from './tile.js';
import { lowerTopK } from './top-k.js';
import { lowerTranspose } from './transpose.js';
import { lowerTrilu } from './trilu.js';
import { lowerUnary } from './unary.js';
import { lowerWhere } from './where.js';

/** The lowering of every operator that runs on the GPU. */
export const lowerings: ReadonlyMap<string, Lowering> = new Map<string, Lowering>([
  ['Abs', lowerUnary],
  ['Acos', lowerUnary],
  ['Acosh', lowerUnary],
  ['Asin', lowerUnary],
  ['Asinh', lowerUnary],
  ['Atan', lowerUnary],
  ['Atanh', lowerUnary],
  ['Cosh', lowerUnary],
  ['Sinh', lowerUnary],
  ['Tan', lowerUnary],
  ['Add', lowerBinary],
  ['AffineGrid', lowerAffineGrid],
  ['And', lowerBinary],
  ['ArgMax', lowerArgMax],
  ['ArgMin', lowerArgMax],
  ['Attention', lowerAttention],
  ['AveragePool', lowerPool],
  ['BatchNormalization', lowerBatchNormalization],
  ['BitShift', lowerBitwise],
  ['BitwiseAnd', lowerBitwise],
  ['BitwiseNot', lowerBitwiseNot],
  ['BitwiseOr', lowerBitwise],
  ['BitwiseXor', lowerBitwise],
  ['Cast', lowerCast],
  ['CastLike', lowerCast],
  ['Ceil', lowerUnary],
  ['Celu', lowerUnary],
  ['Clip', lowerUnary],
  ['Conv', lowerConv],
  ['Concat', lowerConcat],
  ['ConstantOfShape', lowerConstantOfShape],
  ['ConvTranspose', lowerConvTranspose],
  ['Cos', lowerUnary],
  ['CumSum', lowerCumSum],
  ['DepthToSpace', lowerDepthToSpace],
  ['Div', lowerBinary],
  ['Einsum', lowerEinsum],
  ['Elu', lowerUnary],
  ['Equal', lowerBinary],
  ['Erf', lowerUnary],
  ['Exp', lowerUnary],
  ['Expand', lowerExpand],
  ['Floor', lowerUnary],
  ['Gather', lowerGather],
  ['GatherElements', lowerGatherElements],
  ['GatherND', lowerGatherNd],
  ['Gelu', lowerUnary],
  ['Gemm', lowerGemm],
  ['GlobalAveragePool', lowerGlobalPool],
  ['GlobalLpPool', lowerLpPool],
  ['GlobalMaxPool', lowerGlobalPool],
  ['Greater', lowerBinary],
  ['GreaterOrEqual', lowerBinary],
  ['GridSample', lowerGridSample],
  ['GroupNormalization', lowerGroupNormalization],
  ['Hardmax', lowerHardmax],
  ['HardSigmoid', lowerUnary],
  ['HardSwish', lowerUnary],
  ['ImageToTensor', lowerImage],
  ['InstanceNormalization', lowerGroupNormalization],
  ['IsInf', lowerIsNan],
  ['IsNaN', lowerIsNan],
  ['LayerNormalization', lowerLayerNormalization],
  ['LeakyRelu', lowerUnary],
  ['Less', lowerBinary],
  ['LessOrEqual', lowerBinary],
  ['Log', lowerUnary],
  ['LpPool', lowerLpPool],
  ['MeanVarianceNormalization', lowerMeanVarianceNormalization],
  ['LpNormalization', lowerLpNormalization],
  ['Max', lowerBinary],
  ['LogSoftmax', lowerSoftmax],
  ['LRN', lowerLrn],
  ['MatMul', lowerMatMul],
  ['MaxPool', lowerPool],
  ['Min', lowerBinary],
  ['Mish', lowerUnary],
  ['Mod', lowerBinary],
  ['Mul', lowerBinary],
  ['Neg', lowerUnary],
  ['Not', lowerUnary],
  ['OneHot', lowerOneHot],
  ['Or', lowerBinary],
  ['Pad', lowerPad],
  ['Pow', lowerBinary],
  ['PRelu', lowerBinary],
  ['GRU', lowerRecurrent],
  ['LSTM', lowerRecurrent],
  ['RNN', lowerRecurrent],
  ['Reciprocal', lowerUnary],
  ['RMSNormalization', lowerLayerNormalization],
  ['ReduceL1', lowerReduce],
  ['ReduceL2', lowerReduce],
  ['ReduceMax', lowerReduce],
  ['ReduceMean', lowerReduce],
  ['ReduceMin', lowerReduce],
  ['ReduceProd', lowerReduce],
  ['ReduceSum', lowerReduce],
  ['ReduceSumSquare', lowerReduce],
  ['Relu', lowerUnary],
  ['Resize', lowerResize],
  ['RotaryEmbedding', lowerRotaryEmbedding],
  ['Round', lowerUnary],
  ['ScatterElements', lowerScatterElements],
  ['ScatterND', lowerScatterNd],
  ['Selu', lowerUnary],
  ['Shape', lowerShape],
  ['Shrink', lowerShrink],
  ['Sigmoid', lowerUnary],
  ['Sign', lowerUnary],
  ['Sin', lowerUnary],
  ['Slice', lowerSlice],
  ['Softmax', lowerSoftmax],
  ['Softplus', lowerUnary],
  ['Softsign', lowerUnary],
  ['SpaceToDepth', lowerDepthToSpace],
  ['Split', lowerSplit],
  ['Sqrt', lowerUnary],
  ['Sub', lowerBinary],
  ['Swish', lowerUnary],
  ['Tanh', lowerUnary],
  ['ThresholdedRelu', lowerUnary],
  ['Tile', lowerTile],
  ['TopK', lowerTopK],
  ['Transpose', lowerTranspose],
  ['Trilu', lowerTrilu],
  ['Where', lowerWhere],
  ['MaxUnpool', lowerMaxUnpool],
  ['Det', lowerDet],
  ['ReverseSequence', lowerReverseSequence],
  ['CenterCropPad', lowerCenterCropPad],
  ['Col2Im', lowerCol2Im],
  ['RoiAlign', lowerRoiAlign],
  ['Compress', lowerCompress],
  ['Xor', lowerBinary],
  ['ConvInteger', lowerConvInteger],
  ['DequantizeLinear', lowerDequantizeLinear],
  ['DynamicQuantizeLinear', lowerDynamicQuantizeLinear],
  ['MatMulInteger', lowerMatMulInteger],
  ['QLinearConv', lowerQLinearConv],
  ['QLinearMatMul', lowerQLinearMatMul],
  ['QuantizeLinear', lowerQuantizeLinear],
  ['com.microsoft.MatMulNBits', lowerMatMulNBits],
  ['com.microsoft.QGemm', lowerQGemm],
  ['com.microsoft.QLinearAdd', lowerQLinearBinary],
  ['com.microsoft.QLinearConcat', lowerQLinearConcat],
  ['com.microsoft.QLinearGlobalAveragePool', lowerQLinearGlobalAveragePool],
  ['com.microsoft.QLinearLeakyRelu', lowerQLinearUnary],
  ['com.microsoft.QLinearMul', lowerQLinearBinary],
  ['com.microsoft.QLinearSigmoid', lowerQLinearUnary],
]);

/** The lowering of that operator: of this library, or of one that the application registered. */
export const loweringOf = (op: string): Lowering | undefined => lowerings.get(op) ?? registeredOps.get(op)?.lowering;
