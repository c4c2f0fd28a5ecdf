import { binary } from './binary.js';
import type { Reference } from './reference.js';
import { unary } from './unary.js';

/** The CPU reference of every operator, by name. */
export const references: ReadonlyMap<string, Reference> = new Map<string, Reference>([
  ['Add', binary('Add')],
  ['Clip', unary('Clip')],
  ['Div', binary('Div')],
  ['Exp', unary('Exp')],
  ['HardSigmoid', unary('HardSigmoid')],
  ['HardSwish', unary('HardSwish')],
  ['LeakyRelu', unary('LeakyRelu')],
  ['Mul', binary('Mul')],
  ['PRelu', binary('PRelu')],
  ['Relu', unary('Relu')],
  ['Sigmoid', unary('Sigmoid')],
  ['Sqrt', unary('Sqrt')],
  ['Sub', binary('Sub')],
  ['Tanh', unary('Tanh')],
]);
