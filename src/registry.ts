import type { Reference } from '../kernels-ref/reference.js';
import type { Lowering } from './kernels/kernel.js';
import type { Operator } from './ops/operator.js';

/** An operator of the application, in the forms that the rooms of this library look for. */
export interface RegisteredOp {
  readonly operator: Operator;
  readonly lowering: Lowering;
  readonly reference?: Reference;
}

/** Filled by `registerOp` alone. All sessions see it; nothing is ever replaced in it. */
export const registeredOps = new Map<string, RegisteredOp>();
