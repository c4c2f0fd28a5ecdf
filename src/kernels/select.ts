import { registeredOps } from '../registry.js';
import { lowerArgMax } from './arg-max.js';
import { lowerBatchNormalization } from './batch-normalization.js';
import { lowerBinary } from './binary.js';
import { lowerConcat } from './concat.js';
import { lowerConstantOfShape } from './constant-of-shape.js';
import { lowerConv } from './conv.js';
import { readIntegersBy } from './conv-pack.js';
import { lowerExpand } from './expand.js';
import { lowerGather } from './gather.js';
import { lowerGemm } from './gemm.js';
import { lowerGlobalPool } from './global-pool.js';
import { lowerImage } from './image.js';
import type { Lowering } from './kernel.js';
import { lowerLrn } from './lrn.js';
import { lowerMatMul } from './matmul.js';
import { lowerGroupNormalization, lowerLayerNormalization } from './normalize.js';
import { lowerPad } from './pad.js';
import { lowerPool } from './pool.js';
import { lowerReduce } from './reduce.js';
import { lowerShape } from './shape.js';
import { lowerSlice } from './slice.js';
import { lowerSoftmax } from './softmax.js';
import { lowerSplit } from './split.js';
import { lowerTranspose } from './transpose.js';
import { lowerUnary } from './unary.js';
import { lowerWhere } from './where.js';

/** The lowerings of the operators that most models use. */
export const lowerings: ReadonlyMap<string, Lowering> = new Map<string, Lowering>([
  ['Abs', lowerUnary],
  ['Acos', lowerUnary],
  ['Acosh', lowerUnary],
  ['Add', lowerBinary],
  ['And', lowerBinary],
  ['ArgMax', lowerArgMax],
  ['ArgMin', lowerArgMax],
  ['Asin', lowerUnary],
  ['Asinh', lowerUnary],
  ['Atan', lowerUnary],
  ['Atanh', lowerUnary],
  ['AveragePool', lowerPool],
  ['BatchNormalization', lowerBatchNormalization],
  ['Ceil', lowerUnary],
  ['Celu', lowerUnary],
  ['Clip', lowerUnary],
  ['Concat', lowerConcat],
  ['ConstantOfShape', lowerConstantOfShape],
  ['Conv', lowerConv],
  ['Cos', lowerUnary],
  ['Cosh', lowerUnary],
  ['Div', lowerBinary],
  ['Elu', lowerUnary],
  ['Equal', lowerBinary],
  ['Erf', lowerUnary],
  ['Exp', lowerUnary],
  ['Expand', lowerExpand],
  ['Floor', lowerUnary],
  ['Gather', lowerGather],
  ['Gelu', lowerUnary],
  ['Gemm', lowerGemm],
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
  ['LogSoftmax', lowerSoftmax],
  ['LRN', lowerLrn],
  ['MatMul', lowerMatMul],
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
  ['ReduceL1', lowerReduce],
  ['ReduceL2', lowerReduce],
  ['ReduceMax', lowerReduce],
  ['ReduceMean', lowerReduce],
  ['ReduceMin', lowerReduce],
  ['ReduceProd', lowerReduce],
  ['ReduceSum', lowerReduce],
  ['ReduceSumSquare', lowerReduce],
  ['Relu', lowerUnary],
  ['RMSNormalization', lowerLayerNormalization],
  ['Round', lowerUnary],
  ['Selu', lowerUnary],
  ['Shape', lowerShape],
  ['Sigmoid', lowerUnary],
  ['Sign', lowerUnary],
  ['Sin', lowerUnary],
  ['Sinh', lowerUnary],
  ['Slice', lowerSlice],
  ['Softmax', lowerSoftmax],
  ['Softplus', lowerUnary],
  ['Softsign', lowerUnary],
  ['Split', lowerSplit],
  ['Sqrt', lowerUnary],
  ['Sub', lowerBinary],
  ['Swish', lowerUnary],
  ['Tan', lowerUnary],
  ['Tanh', lowerUnary],
  ['ThresholdedRelu', lowerUnary],
  ['Transpose', lowerTranspose],
  ['Where', lowerWhere],
  ['Xor', lowerBinary],
]);

/** Those of select-more.ts, once a model has wanted one of them. */
const loaded = new Map<string, Lowering>();

/** Those of tuned.ts, once a session or command wants kernels chosen by measurements. */
let tuned: ReadonlyMap<string, Lowering> | undefined;

/** Makes `loweringOf` heed `DeviceFacts.tuning`; facts without it choose by the rules as before. */
export const loadTunedLowerings = async (): Promise<void> => {
  tuned ??= (await import('./tuned.js')).tunedLowerings;
};

/** The lowering of that operator: of this library, or of one that the application registered. */
export const loweringOf = (op: string): Lowering | undefined =>
  tuned?.get(op) ?? lowerings.get(op) ?? loaded.get(op) ?? registeredOps.get(op)?.lowering;

/**
 * Makes the lowerings of these operators ready for `loweringOf`. Those that few models want are in a module of their own,
 * which a page fetches when it meets such a model.
 */
export const loadLowerings = async (ops: Iterable<string>): Promise<void> => {
  if ([...ops].every((op) => loweringOf(op))) return;
  const { moreLowerings, readIntegers } = await import('./select-more.js');
  readIntegersBy(readIntegers);
  for (const [op, lowering] of moreLowerings) loaded.set(op, lowering);
};
