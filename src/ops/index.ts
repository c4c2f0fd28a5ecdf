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
import { cast } from './cast.js';
import { concat } from './concat.js';
import { constantOfShape } from './constant-of-shape.js';
import { convTranspose } from './conv-transpose.js';
import { conv } from './conv.js';
import { expand } from './expand.js';
import { flatten } from './flatten.js';
import { gather } from './gather.js';
import { globalAveragePool, globalMaxPool } from './global-pool.js';
import { dropout, identity } from './identity.js';
import { imageToTensor } from './image.js';
import { groupNormalization, instanceNormalization, layerNormalization, lpNormalization, meanVarianceNormalization, rmsNormalization } from './normalize.js';
import type { Operator } from './operator.js';
import { pad } from './pad.js';
import { averagePool, maxPool } from './pool.js';
import { reduceL1, reduceL2, reduceMax, reduceMean, reduceMin, reduceProd, reduceSum, reduceSumSquare } from './reduce.js';
import { reshape } from './reshape.js';
import { resize } from './resize.js';
import { shape } from './shape.js';
import { slice } from './slice.js';
import { split } from './split.js';
import { squeeze, unsqueeze } from './squeeze.js';
import { transpose } from './transpose.js';
import {
  abs,
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
import { where } from './where.js';

const all: readonly Operator[] = [
  abs,
  add,
  and,
  averagePool,
  cast,
  ceil,
  celu,
  clip,
  concat,
  constantOfShape,
  conv,
  convTranspose,
  cos,
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
  lpNormalization,
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
  slice,
  softplus,
  softsign,
  split,
  sqrt,
  squeeze,
  sub,
  swish,
  tanh,
  thresholdedRelu,
  transpose,
  unsqueeze,
  where,
  xor,
];

/** Every operator, by name. */
export const operators: ReadonlyMap<string, Operator> = new Map(all.map((o) => [o.name, o]));
