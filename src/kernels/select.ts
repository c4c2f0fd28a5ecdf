import { lowerBinary } from './binary.js';
import type { Lowering } from './kernel.js';
import { lowerUnary } from './unary.js';

/** The lowering of every operator that runs on the GPU. */
export const lowerings: ReadonlyMap<string, Lowering> = new Map<string, Lowering>([
  ['Add', lowerBinary],
  ['Clip', lowerUnary],
  ['Div', lowerBinary],
  ['Exp', lowerUnary],
  ['HardSigmoid', lowerUnary],
  ['HardSwish', lowerUnary],
  ['LeakyRelu', lowerUnary],
  ['Mul', lowerBinary],
  ['PRelu', lowerBinary],
  ['Relu', lowerUnary],
  ['Sigmoid', lowerUnary],
  ['Sqrt', lowerUnary],
  ['Sub', lowerBinary],
  ['Tanh', lowerUnary],
]);
