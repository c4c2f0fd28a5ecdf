import { alias } from './alias.js';
import { binary } from './binary.js';
import { convTranspose } from './conv-transpose.js';
import { conv } from './conv.js';
import { cast } from './cast.js';
import { concat } from './concat.js';
import { constantOfShape } from './constant-of-shape.js';
import { expand } from './expand.js';
import { gather } from './gather.js';
import { globalAveragePool, globalMaxPool } from './global-pool.js';
import { imageToTensor } from './image.js';
import { groupNormalization, layerNormalization, lpNormalization, meanVarianceNormalization, rmsNormalization } from './normalize.js';
import { pad } from './pad.js';
import { averagePool, maxPool } from './pool.js';
import { reduce } from './reduce.js';
import type { Reference } from './reference.js';
import { resize } from './resize.js';
import { shape } from './shape.js';
import { slice } from './slice.js';
import { split } from './split.js';
import { transpose } from './transpose.js';
import { unary } from './unary.js';
import { where } from './where.js';

/** The CPU reference of every operator, by name. */
export const references: ReadonlyMap<string, Reference> = new Map<string, Reference>([
  ['Abs', unary('Abs')],
  ['Add', binary('Add')],
  ['And', binary('And')],
  ['AveragePool', averagePool],
  ['Cast', cast],
  ['Ceil', unary('Ceil')],
  ['Celu', unary('Celu')],
  ['Clip', unary('Clip')],
  ['Conv', conv],
  ['Concat', concat],
  ['ConstantOfShape', constantOfShape],
  ['ConvTranspose', convTranspose],
  ['Cos', unary('Cos')],
  ['Div', binary('Div')],
  ['Dropout', alias],
  ['Elu', unary('Elu')],
  ['Equal', binary('Equal')],
  ['Erf', unary('Erf')],
  ['Exp', unary('Exp')],
  ['Expand', expand],
  ['Flatten', alias],
  ['Floor', unary('Floor')],
  ['Gather', gather],
  ['Gelu', unary('Gelu')],
  ['GlobalAveragePool', globalAveragePool],
  ['GlobalMaxPool', globalMaxPool],
  ['Greater', binary('Greater')],
  ['GreaterOrEqual', binary('GreaterOrEqual')],
  ['GroupNormalization', groupNormalization],
  ['HardSigmoid', unary('HardSigmoid')],
  ['HardSwish', unary('HardSwish')],
  ['Identity', alias],
  ['ImageToTensor', imageToTensor],
  ['InstanceNormalization', groupNormalization],
  ['LayerNormalization', layerNormalization],
  ['LeakyRelu', unary('LeakyRelu')],
  ['Less', binary('Less')],
  ['LessOrEqual', binary('LessOrEqual')],
  ['Log', unary('Log')],
  ['LpNormalization', lpNormalization],
  ['Max', binary('Max')],
  ['MaxPool', maxPool],
  ['MeanVarianceNormalization', meanVarianceNormalization],
  ['Min', binary('Min')],
  ['Mish', unary('Mish')],
  ['Mod', binary('Mod')],
  ['Mul', binary('Mul')],
  ['Neg', unary('Neg')],
  ['Not', unary('Not')],
  ['Or', binary('Or')],
  ['Pad', pad],
  ['Pow', binary('Pow')],
  ['PRelu', binary('PRelu')],
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
  ['Round', unary('Round')],
  ['Selu', unary('Selu')],
  ['Shape', shape],
  ['Sigmoid', unary('Sigmoid')],
  ['Sign', unary('Sign')],
  ['Sin', unary('Sin')],
  ['Slice', slice],
  ['Softplus', unary('Softplus')],
  ['Softsign', unary('Softsign')],
  ['Split', split],
  ['Sqrt', unary('Sqrt')],
  ['Squeeze', alias],
  ['Sub', binary('Sub')],
  ['Swish', unary('Swish')],
  ['Tanh', unary('Tanh')],
  ['ThresholdedRelu', unary('ThresholdedRelu')],
  ['Transpose', transpose],
  ['Unsqueeze', alias],
  ['Where', where],
  ['Xor', binary('Xor')],
]);
