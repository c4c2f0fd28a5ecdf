import { registeredOps } from '../src/registry.js';
import { affineGrid } from './affine-grid.js';
import { alias } from './alias.js';
import { argMax, argMin } from './arg-max.js';
import { attention } from './attention.js';
import { batchNormalization } from './batch-normalization.js';
import { binary } from './binary.js';
import { bitShift, bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor } from './bitwise.js';
import { cast } from './cast.js';
import { centerCropPad } from './center-crop-pad.js';
import { col2im } from './col2im.js';
import { compress } from './compress.js';
import { concat } from './concat.js';
import { constantOfShape } from './constant-of-shape.js';
import { conv } from './conv.js';
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
import { expand } from './expand.js';
import { eyeLike } from './eye-like.js';
import { gather } from './gather.js';
import { gatherElements } from './gather-elements.js';
import { gatherNd } from './gather-nd.js';
import { gemm } from './gemm.js';
import { globalAveragePool, globalMaxPool } from './global-pool.js';
import { gridSample } from './grid-sample.js';
import { hardmax } from './hardmax.js';
import { histogram } from './histogram.js';
import { imageToTensor } from './image.js';
import { isInf, isNan } from './is-nan.js';
import { lookup } from './lookup.js';
import { lpPool } from './lp-pool.js';
import { lrn } from './lrn.js';
import { matmul } from './matmul.js';
import { matmulInteger, qlinearMatmul } from './matmul-integer.js';
import { matmulNBits } from './matmul-nbits.js';
import { maxUnpool } from './max-unpool.js';
import { nonMaxSuppression } from './non-max-suppression.js';
import { nonZero } from './non-zero.js';
import {
  groupNormalization,
  layerNormalization,
  lpNormalization,
  meanVarianceNormalization,
  rmsNormalization,
} from './normalize.js';
import { oneHot } from './one-hot.js';
import { pad } from './pad.js';
import { averagePool, maxPool } from './pool.js';
import { qgemm } from './qgemm.js';
import { qlinearAveragePool } from './qlinear-average-pool.js';
import { qlinearAdd, qlinearMul } from './qlinear-binary.js';
import { qlinearConcat } from './qlinear-concat.js';
import { qlinearGlobalAveragePool } from './qlinear-global-average-pool.js';
import { qlinearLeakyRelu, qlinearSigmoid } from './qlinear-unary.js';
import { quantizeLinear } from './quantize-linear.js';
import { range } from './range.js';
import { gru, lstm, rnn } from './recurrent.js';
import { reduce } from './reduce.js';
import type { Reference } from './reference.js';
import { resize } from './resize.js';
import { reverseSequence } from './reverse-sequence.js';
import { roiAlign } from './roi-align.js';
import { rotaryEmbedding } from './rotary-embedding.js';
import type { References } from './run-node.js';
import { scatterElements, scatterNd } from './scatter.js';
import { shape } from './shape.js';
import { shrink } from './shrink.js';
import { size } from './size.js';
import { slice } from './slice.js';
import { logSoftmax, softmax } from './softmax.js';
import { split } from './split.js';
import { tile } from './tile.js';
import { topK } from './top-k.js';
import { transpose } from './transpose.js';
import { trilu } from './trilu.js';
import { unary } from './unary.js';
import { where } from './where.js';

/** The CPU reference of every operator, by name. */
export const references: ReadonlyMap<string, Reference> = new Map<string, Reference>([
  ['Abs', unary('Abs')],
  ['Acos', unary('Acos')],
  ['Acosh', unary('Acosh')],
  ['Asin', unary('Asin')],
  ['Asinh', unary('Asinh')],
  ['Atan', unary('Atan')],
  ['Atanh', unary('Atanh')],
  ['Cosh', unary('Cosh')],
  ['Sinh', unary('Sinh')],
  ['Tan', unary('Tan')],
  ['Add', binary('Add')],
  ['AffineGrid', affineGrid],
  ['And', binary('And')],
  ['ArgMax', argMax],
  ['ArgMin', argMin],
  ['Attention', attention],
  ['BatchNormalization', batchNormalization],
  ['AveragePool', averagePool],
  ['BitShift', bitShift],
  ['BitwiseAnd', bitwiseAnd],
  ['BitwiseNot', bitwiseNot],
  ['BitwiseOr', bitwiseOr],
  ['BitwiseXor', bitwiseXor],
  ['Cast', cast],
  ['CastLike', cast],
  ['Ceil', unary('Ceil')],
  ['Celu', unary('Celu')],
  ['Clip', unary('Clip')],
  ['Conv', conv],
  ['Concat', concat],
  ['ConstantOfShape', constantOfShape],
  ['ConvTranspose', convTranspose],
  ['Cos', unary('Cos')],
  ['CumSum', cumSum],
  ['DepthToSpace', depthToSpace],
  ['Div', binary('Div')],
  ['Dropout', alias],
  ['Einsum', einsum],
  ['Elu', unary('Elu')],
  ['Equal', binary('Equal')],
  ['Erf', unary('Erf')],
  ['Exp', unary('Exp')],
  ['Expand', expand],
  ['EyeLike', eyeLike],
  ['Flatten', alias],
  ['Floor', unary('Floor')],
  ['Gather', gather],
  ['GatherElements', gatherElements],
  ['GatherND', gatherNd],
  ['Gelu', unary('Gelu')],
  ['Gemm', gemm],
  ['GlobalAveragePool', globalAveragePool],
  ['GlobalLpPool', lpPool],
  ['GlobalMaxPool', globalMaxPool],
  ['Greater', binary('Greater')],
  ['GreaterOrEqual', binary('GreaterOrEqual')],
  ['GridSample', gridSample],
  ['GroupNormalization', groupNormalization],
  ['Hardmax', hardmax],
  ['HardSigmoid', unary('HardSigmoid')],
  ['HardSwish', unary('HardSwish')],
  ['Identity', alias],
  ['ImageToTensor', imageToTensor],
  ['InstanceNormalization', groupNormalization],
  ['IsInf', isInf],
  ['IsNaN', isNan],
  ['LayerNormalization', layerNormalization],
  ['LeakyRelu', unary('LeakyRelu')],
  ['Less', binary('Less')],
  ['LessOrEqual', binary('LessOrEqual')],
  ['Log', unary('Log')],
  ['LpNormalization', lpNormalization],
  ['LpPool', lpPool],
  ['Max', binary('Max')],
  ['LogSoftmax', logSoftmax],
  ['LRN', lrn],
  ['MatMul', matmul],
  ['MaxPool', maxPool],
  ['MeanVarianceNormalization', meanVarianceNormalization],
  ['Min', binary('Min')],
  ['Mish', unary('Mish')],
  ['Mod', binary('Mod')],
  ['Mul', binary('Mul')],
  ['Neg', unary('Neg')],
  ['Not', unary('Not')],
  ['OneHot', oneHot],
  ['Or', binary('Or')],
  ['Pad', pad],
  ['Pow', binary('Pow')],
  ['PRelu', binary('PRelu')],
  ['Range', range],
  ['GRU', gru],
  ['LSTM', lstm],
  ['RNN', rnn],
  ['Reciprocal', unary('Reciprocal')],
  ['ReduceL1', reduce('ReduceL1')],
  ['ReduceL2', reduce('ReduceL2')],
  ['ReduceMax', reduce('ReduceMax')],
  ['ReduceMean', reduce('ReduceMean')],
  ['ReduceMin', reduce('ReduceMin')],
  ['ReduceProd', reduce('ReduceProd')],
  ['ReduceSum', reduce('ReduceSum')],
  ['ReduceSumSquare', reduce('ReduceSumSquare')],
  ['Relu', unary('Relu')],
  ['Reshape', alias],
  ['Resize', resize],
  ['RMSNormalization', rmsNormalization],
  ['RotaryEmbedding', rotaryEmbedding],
  ['Round', unary('Round')],
  ['ScatterElements', scatterElements],
  ['ScatterND', scatterNd],
  ['Selu', unary('Selu')],
  ['Shape', shape],
  ['Shrink', shrink],
  ['Sigmoid', unary('Sigmoid')],
  ['Sign', unary('Sign')],
  ['Sin', unary('Sin')],
  ['Size', size],
  ['Slice', slice],
  ['Softmax', softmax],
  ['Softplus', unary('Softplus')],
  ['Softsign', unary('Softsign')],
  ['SpaceToDepth', spaceToDepth],
  ['Split', split],
  ['Sqrt', unary('Sqrt')],
  ['Squeeze', alias],
  ['Sub', binary('Sub')],
  ['Swish', unary('Swish')],
  ['Tanh', unary('Tanh')],
  ['ThresholdedRelu', unary('ThresholdedRelu')],
  ['Tile', tile],
  ['TopK', topK],
  ['Transpose', transpose],
  ['Trilu', trilu],
  ['Unsqueeze', alias],
  ['Where', where],
  ['MaxUnpool', maxUnpool],
  ['BlackmanWindow', blackmanWindow],
  ['HammingWindow', hammingWindow],
  ['HannWindow', hannWindow],
  ['Det', det],
  ['ReverseSequence', reverseSequence],
  ['CenterCropPad', centerCropPad],
  ['Col2Im', col2im],
  ['RoiAlign', roiAlign],
  ['Compress', compress],
  ['DeformConv', deformConv],
  ['NonMaxSuppression', nonMaxSuppression],
  ['NonZero', nonZero],
  ['Xor', binary('Xor')],
  ['ConvInteger', convInteger],
  ['DequantizeLinear', dequantizeLinear],
  ['DynamicQuantizeLinear', dynamicQuantizeLinear],
  ['MatMulInteger', matmulInteger],
  ['com.microsoft.QLinearAveragePool', qlinearAveragePool],
  ['QLinearConv', qlinearConv],
  ['tilewise.Lookup', lookup],
  ['tilewise.MaxPool', maxPool],
  ['tilewise.Repack', alias],
  ['QLinearMatMul', qlinearMatmul],
  ['QuantizeLinear', quantizeLinear],
  ['tilewise.Histogram', histogram],
  ['com.microsoft.MatMulNBits', matmulNBits],
  ['com.microsoft.QGemm', qgemm],
  ['com.microsoft.QLinearAdd', qlinearAdd],
  ['com.microsoft.QLinearConcat', qlinearConcat],
  ['com.microsoft.QLinearGlobalAveragePool', qlinearGlobalAveragePool],
  ['com.microsoft.QLinearLeakyRelu', qlinearLeakyRelu],
  ['com.microsoft.QLinearMul', qlinearMul],
  ['com.microsoft.QLinearSigmoid', qlinearSigmoid],
]);

/** The references of this library and of operators that the application registered. */
export const allReferences: References = { get: (op) => references.get(op) ?? registeredOps.get(op)?.reference };
