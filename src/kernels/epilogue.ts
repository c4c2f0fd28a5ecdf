import { TilewiseError } from '../errors.js';
import type { Attributes, EpilogueStep } from '../graph/graph.js';

/** A WGSL number that may be written into a kernel: only finite floats ever reach the text. */
export const literal = (value: number): string => {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw new TilewiseError('unsupported-model', `${value} cannot be a constant of a kernel`);
  return `Elem(${rounded})`;
};

const number = (attributes: Attributes, name: string): string => literal(attributes[name] as number);

/**
 * Elementwise operators as WGSL expressions of `v`, a scalar or vector of type `Elem`. Comparisons are written so that
 * NaN stays NaN.
 */
export const formulas: Readonly<Record<string, (attributes: Attributes) => string>> = {
  Relu: () => 'select(v, Elem(0), v < Elem(0))',
  LeakyRelu: (a) => `select(v, v * ${number(a, 'alpha')}, v < Elem(0))`,
  Clip: (a) => clip(a.min as number, a.max as number),
  Sigmoid: () => keepNan('Elem(1) / (Elem(1) + exp(-v))'),
  // Some devices compute tanh by exp, which overflows; tanh is 1 to the last bit beyond 10.
  Tanh: () => keepNan('tanh(clamp(v, Elem(-15), Elem(15)))'),
  HardSigmoid: (a) => saturate(`${number(a, 'alpha')} * v + ${number(a, 'beta')}`),
  HardSwish: () => `v * ${saturate('v * Elem(0.16666667) + Elem(0.5)')}`,
  Exp: () => keepNan('exp(v)'),
  Sqrt: () => 'sqrt(v)',
};

/**
 * WGSL leaves the result for NaN open in clamp, min, max and (on some devices) exp, and lets compilers assume that
 * v == v: only the bits tell. BITS stands for u32 or vec4u.
 */
const keepNan = (expression: string): string =>
  `select(${expression}, v, (bitcast<BITS>(v) & BITS(0x7fffffff)) > BITS(0x7f800000))`;

const saturate = (expression: string): string => keepNan(`clamp(${expression}, Elem(0), Elem(1))`);

const clip = (min: number, max: number): string => {
  // The standard's min(max(v, min), max): every number becomes max.
  if (min > max) return keepNan(literal(max));
  let text = 'v';
  if (Number.isFinite(Math.fround(min))) text = `select(${text}, ${literal(min)}, v < ${literal(min)})`;
  if (Number.isFinite(Math.fround(max))) text = `select(${text}, ${literal(max)}, v > ${literal(max)})`;
  return text;
};

/** True where the operator can be a step of an epilogue. */
export const isElementwise = (op: string): boolean => Object.hasOwn(formulas, op);

/** The body of a kernel's `fn epilogue(v: Elem) -> Elem`: one block a step, each shadowing `v`; `lanes` is the width of Elem. */
export const epilogueBody = (steps: readonly EpilogueStep[], lanes: 1 | 4 = 1): string =>
  steps
    .reduceRight((rest, step) => `{ let v = ${formulas[step.op]?.(step.attributes) ?? unknownStep(step)}; ${rest} }`, 'return v;')
    .replaceAll('BITS', lanes === 4 ? 'vec4u' : 'u32');

const unknownStep = (step: EpilogueStep): never => {
  throw new TilewiseError('internal', `'${step.op}' is not an elementwise step`);
};
