import { registeredOps } from '../registry.js';
import { argMax, argMin } from './arg-max.js';
import { batchNormalization } from './batch-normalization.js';
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
import { cast, castLike } from './cast.js';
import { concat } from './concat.js';
import { constantOfShape } from './constant-of-shape.js';
import { conv } from './conv.js';
import { expand } from './expand.js';
import type { Expander } from './expander.js';
import { flatten } from './flatten.js';
import { gather } from './gather.js';
import { gemm } from './gemm.js';
import { globalAveragePool, globalMaxPool } from './global-pool.js';
import { dropout, identity } from './identity.js';
import { imageToTensor } from './image.js';
import { lrn } from './lrn.js';
import { matmul } from './matmul.js';
import {
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  lpNormalization,
  meanVarianceNormalization,
  rmsNormalization,
} from './normalize.js';
import type { Operator } from './operator.js';
import { pad } from './pad.js';
import { averagePool, maxPool } from './pool.js';
import { range } from './range.js';
import { reduceL1, reduceL2, reduceMax, reduceMean, reduceMin, reduceProd, reduceSum, reduceSumSquare } from './reduce.js';
import { reshape } from './reshape.js';
import { resize } from './resize.js';
import { shape } from './shape.js';
import { size } from './size.js';
import { slice } from './slice.js';
import { logSoftmax, softmax } from './softmax.js';
import { split } from './split.js';
import { squeeze, unsqueeze } from './squeeze.js';
import { transpose } from './transpose.js';
import {
  abs,
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  ceil,
  celu,
  clip,
  cos,
  cosh,
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
  sinh,
  softplus,
  softsign,
  sqrt,
  swish,
  tan,
  tanh,
  thresholdedRelu,
} from './unary.js';
import { where } from './where.js';

const common: readonly Operator[] = [
  abs,
  acos,
  acosh,
  add,
  and,
  argMax,
  argMin,
  asin,
  asinh,
  atan,
  atanh,
  averagePool,
  batchNormalization,
  cast,
  castLike,
  ceil,
  celu,
  clip,
  concat,
  constantOfShape,
  conv,
  cos,
  cosh,
  div,
  dropout,
  elu,
  equal,
  erf,
  exp,
  expand,
  flatten,
  floor,
  gather,
  gelu,
  gemm,
  globalAveragePool,
  globalMaxPool,
  greater,
  greaterOrEqual,
  groupNormalization,
  hardSigmoid,
  hardSwish,
  identity,
  imageToTensor,
  instanceNormalization,
  layerNormalization,
  leakyRelu,
  less,
  lessOrEqual,
  log,
  logSoftmax,
  lpNormalization,
  lrn,
  matmul,
  max,
  maxPool,
  meanVarianceNormalization,
  min,
  mish,
  mod,
  mul,
  neg,
  not,
  or,
  pad,
  pow,
  prelu,
  range,
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
  round,
  selu,
  shape,
  sigmoid,
  sign,
  sin,
  sinh,
  size,
  slice,
  softmax,
  softplus,
  softsign,
  split,
  sqrt,
  squeeze,
  sub,
  swish,
  tan,
  tanh,
  thresholdedRelu,
  transpose,
  unsqueeze,
  where,
  xor,
];

const known = new Map(common.map((operator) => [operator.name, operator]));

/** The operators of this library that are at hand, by name: the common ones, and the others once they are loaded. */
export const operators: ReadonlyMap<string, Operator> = known;

/** The operator of that name: of this library, or one that the application registered. */
export const operatorNamed = (name: string): Operator | undefined => known.get(name) ?? registeredOps.get(name)?.operator;

let expander: typeof Expander | undefined;

/** What puts other nodes in the place of some: undefined while no operator that is at hand can be expanded. */
export const expanderAtHand = (): typeof Expander | undefined => expander;

/** Adds the operators of more.ts, where they are at hand without waiting. */
export const addOperators = (operators: readonly Operator[]): void => {
  for (const operator of operators) known.set(operator.name, operator);
};

let loading: Promise<void> | undefined;

/**
 * Loads the operators that few models have, from a module of their own that a page fetches when it meets such a model.
 * False where they were here already.
 */
export const loadOperators = async (): Promise<boolean> => {
  const first = !loading;
  loading ??= import('./more.js').then((more) => {
    addOperators(more.moreOperators);
    expander = more.Expander;
  });
  await loading;
  return first;
};
