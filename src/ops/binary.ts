import type { Attributes, EpilogueStep } from '../graph/graph.js';
import type { DType } from '../tensor/dtype.js';
import { broadcastShapes, shapeText } from '../tensor/shape.js';
import { type AttributeSchema, epilogue, flag } from './attributes.js';
import { defineOperator, fail, input, type Operator } from './operator.js';

export interface BinaryAttributes extends Attributes {
  readonly epilogue: readonly EpilogueStep[];
}

interface Options {
  /** What the inputs may be; numbers where absent. */
  readonly takes?: 'numbers' | 'bool' | 'anything';
  /** True where the output is bool whatever the inputs are. */
  readonly toBool?: boolean;
  /** True where the inputs may be of two types; the output has that of the first. */
  readonly mixed?: boolean;
  /** True where only the second input is broadcast. */
  readonly second?: boolean;
  /** True where it can be a step of another operator's epilogue. */
  readonly step?: boolean;
  readonly attributes?: AttributeSchema<Attributes>;
}

/** An elementwise operator of two inputs with multidirectional broadcasting (ONNX "Broadcasting"). */
const binary = (name: string, options: Options = {}): Operator =>
  defineOperator<BinaryAttributes>({
    name,
    attributes: { ...options.attributes, epilogue: epilogue() } as AttributeSchema<BinaryAttributes>,
    inputs: [2, 2],
    broadcasts: true,
    epilogueOperands: true,
    operandStep: options.step ?? false,
    infer: (context) => {
      const a = input(context as never, 0);
      const b = input(context as never, 1);
      checkTypes([a.dtype, b.dtype], options);
      const dtype = options.toBool ? 'bool' : a.dtype;
      if (!a.shape || !b.shape) return [{ dtype, shape: undefined }];
      const shape = broadcastShapes(a.shape, b.shape);
      if (!shape || (options.second && shape.length !== a.shape.length)) {
        return fail(`shapes ${shapeText(a.shape)} and ${shapeText(b.shape)} do not broadcast`);
      }
      return [{ dtype, shape }];
    },
  });

const checkTypes = ([a, b]: readonly [DType, DType], { takes = 'numbers', mixed }: Options): void => {
  if (a !== b && !mixed) fail(`inputs must have one type, got ${a} and ${b}`);
  for (const dtype of [a, b]) {
    if (takes !== 'anything' && (dtype === 'bool') !== (takes === 'bool')) fail(`the inputs must be ${takes}, got ${dtype}`);
  }
};

const logical: Options = { takes: 'bool', toBool: true };
const comparison: Options = { toBool: true };

export const add = binary('Add', { step: true });
export const and = binary('And', logical);
export const div = binary('Div', { step: true });
export const equal = binary('Equal', { takes: 'anything', toBool: true });
export const greater = binary('Greater', comparison);
export const greaterOrEqual = binary('GreaterOrEqual', comparison);
export const less = binary('Less', comparison);
export const lessOrEqual = binary('LessOrEqual', comparison);
/** Two inputs here; importers turn more into chains. */
export const max = binary('Max');
/** Two inputs here; importers turn more into chains. */
export const min = binary('Min');
/** With the sign of b, or with fmod that of a. */
export const mod = binary('Mod', { attributes: { fmod: flag(false) } });
export const mul = binary('Mul', { step: true });
export const or = binary('Or', logical);
export const pow = binary('Pow', { mixed: true });
/** max(x, 0) + slope * min(x, 0); the slope broadcasts to x (unidirectional). */
export const prelu = binary('PRelu', { second: true, step: true });
export const sub = binary('Sub', { step: true });
export const xor = binary('Xor', logical);
