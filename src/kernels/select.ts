import { lowerBinary } from './binary.js';
import { lowerCast } from './cast.js';
import { lowerConcat } from './concat.js';
import { lowerConstantOfShape } from './constant-of-shape.js';
import { lowerConvTranspose } from './conv-transpose.js';
import { lowerExpand } from './expand.js';
import { lowerGather } from './gather.js';
import { lowerConv } from './conv.js';
import { lowerGlobalPool } from './global-pool.js';
import { lowerImage } from './image.js';
import type { Lowering } from './kernel.js';
import {
  lowerGroupNormalization,
  lowerLayerNormalization,
  lowerLpNormalization,
  lowerMeanVarianceNormalization,
} from './normalize.js';
import { lowerPad } from './pad.js';
import { lowerPool } from './pool.js';
import { lowerReduce } from './reduce.js';
import { lowerResize } from './resize.js';
import { lowerShape } from './shape.js';
import { lowerSlice } from './slice.js';
import { lowerSplit } from './split.js';
import { lowerTranspose } from './transpose.js';
import { lowerUnary } from './unary.js';
import { lowerWhere } from './where.js';

/** The lowering of every operator that runs on the GPU. */
export const lowerings: ReadonlyMap<string, Lowering> = new Map<string, Lowering>([
  ['Abs', lowerUnary],
  ['Add', lowerBinary],
  ['And', lowerBinary],
  ['AveragePool', lowerPool],
  ['Cast', lowerCast],
  ['Ceil', lowerUnary],
  ['Celu', lowerUnary],
  ['Clip', lowerUnary],
  ['Conv', lowerConv],
  ['Concat', lowerConcat],
  ['ConstantOfShape', lowerConstantOfShape],
  ['ConvTranspose', lowerConvTranspose],
  ['Cos', lowerUnary],
  ['Div', lowerBinary],
  ['Elu', lowerUnary],
  ['Equal', lowerBinary],
  ['Erf', lowerUnary],
  ['Exp', lowerUnary],
  ['Expand', lowerExpand],
  ['Floor', lowerUnary],
  ['Gather', lowerGather],
  ['Gelu', lowerUnary],
  ['GlobalAveragePool', lowerGlobalPool],
  ['GlobalMaxPool', lowerGlobalPool],
  ['Greater', lowerBinary],
  ['GreaterOrEqual', lowerBinary],
  ['GroupNormalization', lowerGroupNormalization],
  ['HardSigmoid', lowerUnary],
  ['HardSwish', lowerUnary],
  ['ImageToTensor', lowerImage],
  ['InstanceNormalization', lowerGroupNormalization],
  ['LayerNormalization', lowerLayerNormalization],
  ['LeakyRelu', lowerUnary],
  ['Less', lowerBinary],
  ['LessOrEqual', lowerBinary],
  ['Log', lowerUnary],
  ['MeanVarianceNormalization', lowerMeanVarianceNormalization],
  ['LpNormalization', lowerLpNormalization],
  ['Max', lowerBinary],
  ['MaxPool', lowerPool],
  ['Min', lowerBinary],
  ['Mish', lowerUnary],
  ['Mod', lowerBinary],
  ['Mul', lowerBinary],
  ['Neg', lowerUnary],
  ['Not', lowerUnary],
  ['Or', lowerBinary],
  ['Pad', lowerPad],
  ['Pow', lowerBinary],
  ['PRelu', lowerBinary],
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
  ['Round', lowerUnary],
  ['Selu', lowerUnary],
  ['Shape', lowerShape],
  ['Sigmoid', lowerUnary],
  ['Sign', lowerUnary],
  ['Sin', lowerUnary],
  ['Slice', lowerSlice],
  ['Softplus', lowerUnary],
  ['Softsign', lowerUnary],
  ['Split', lowerSplit],
  ['Sqrt', lowerUnary],
  ['Sub', lowerBinary],
  ['Swish', lowerUnary],
  ['Tanh', lowerUnary],
  ['ThresholdedRelu', lowerUnary],
  ['Transpose', lowerTranspose],
  ['Where', lowerWhere],
  ['Xor', lowerBinary],
]);
