import { TilewiseError } from '../errors.js';
import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { type DeviceElement, deviceElement } from '../tensor/dtype.js';
import { channelAxisOf, type OperandKind, operandKind } from '../tensor/epilogue-operand.js';
import type { Dispatch, KernelRequest, Operand, TensorInfo } from './kernel.js';

/** An elementwise operator of one input as WGSL. */
export interface Formula {
  /** An expression of `v`, a scalar or vector of type `Elem`. BITS stands for u32 or vec4u. NaN must stay NaN. */
  readonly wgsl: (attributes: Attributes, element: DeviceElement) => string;
  /** The scalars it is defined for; floats alone where absent. */
  readonly elements?: readonly DeviceElement[];
  /** Helper files of shaders/lib that it calls. */
  readonly needs?: readonly string[];
}

/** A WGSL number that may be written into a kernel: only finite floats ever reach the text. */
export const literal = (value: number): string => {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw new TilewiseError('unsupported-model', `${value} cannot be a constant of a kernel`);
  return `Elem(${rounded})`;
};

const number = (attributes: Attributes, name: string): string => literal(attributes[name] as number);

/**
 * WGSL leaves the result for NaN open in clamp, min, max and (on some devices) exp, and lets compilers assume that
 * v == v: only the bits tell.
 */
const keepNan = (expression: string): string =>
  `select(${expression}, v, (bitcast<BITS>(v) & BITS(0x7fffffff)) > BITS(0x7f800000))`;

const saturate = (expression: string): string => keepNan(`clamp(${expression}, Elem(0), Elem(1))`);

const clip = ({ min, max }: Attributes, element: DeviceElement): string => {
  if (element !== 'f32') return clipIntegers(min as number, max as number, element);
  // The standard's min(max(v, min), max): every number becomes max.
  if ((min as number) > (max as number)) return keepNan(literal(max as number));
  let text = 'v';
  if (Number.isFinite(Math.fround(min as number)))
    text = `select(${text}, ${literal(min as number)}, v < ${literal(min as number)})`;
  if (Number.isFinite(Math.fround(max as number)))
    text = `select(${text}, ${literal(max as number)}, v > ${literal(max as number)})`;
  return text;
};

const clipIntegers = (min: number, max: number, element: DeviceElement): string => {
  const [least, most] = element === 'i32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
  let text = 'v';
  if (min > least) text = `max(${text}, Elem(${Math.ceil(Math.min(min, most))}))`;
  if (max < most) text = `min(${text}, Elem(${Math.floor(Math.max(max, least))}))`;
  return text;
};

/** Some devices compute tanh by exp, which overflows; tanh is 1 to the last bit beyond 10. */
const tanh = (expression: string): string => `tanh(clamp(${expression}, Elem(-15), Elem(15)))`;

const gelu = ({ approximate }: Attributes): string =>
  approximate === 'tanh'
    ? `Elem(0.5) * v * (Elem(1) + ${keepNan(tanh('Elem(0.7978846) * (v + Elem(0.044715) * v * v * v)'))})`
    : 'Elem(0.5) * v * (Elem(1) + erf(v * Elem(0.70710677)))';

/** Some devices compute log(|v|), and a finite number for 0. */
const log = keepNan('select(select(log(v), sqrt(v), v < Elem(0)), Elem(-1) / abs(v), v == Elem(0))');

const ANY = ['f32', 'i32', 'u32'] as const;
const SIGNED = ['f32', 'i32'] as const;

export const formulas: Readonly<Record<string, Formula>> = {
  Abs: { wgsl: () => 'abs(v)', elements: ANY },
  Acos: { wgsl: () => keepNan('arccosine(v)'), needs: ['inverse-trigonometry'] },
  Acosh: { wgsl: () => keepNan('inverse_hyperbolic_cosine(v)'), needs: ['hyperbolic'] },
  Asin: { wgsl: () => keepNan('arcsine(v)'), needs: ['inverse-trigonometry'] },
  Asinh: { wgsl: () => keepNan('inverse_hyperbolic_sine(v)'), needs: ['hyperbolic'] },
  Atan: { wgsl: () => keepNan('arctangent(v)'), needs: ['inverse-trigonometry'] },
  Atanh: { wgsl: () => keepNan('inverse_hyperbolic_tangent(v)'), needs: ['hyperbolic'] },
  Ceil: { wgsl: () => 'ceil(v)' },
  Celu: { wgsl: (a) => `select(v, ${number(a, 'alpha')} * expm1(v / ${number(a, 'alpha')}), v < Elem(0))`, needs: ['expm1'] },
  Clip: { wgsl: clip, elements: ANY },
  Cos: { wgsl: () => 'cosine(v)', needs: ['trigonometry'] },
  Cosh: { wgsl: () => keepNan('hyperbolic_cosine(v)'), needs: ['hyperbolic'] },
  Elu: { wgsl: (a) => `select(v, ${number(a, 'alpha')} * expm1(v), v < Elem(0))`, needs: ['expm1'] },
  Erf: { wgsl: () => 'erf(v)', needs: ['erf'] },
  Exp: { wgsl: () => keepNan('exp(v)') },
  Floor: { wgsl: () => 'floor(v)' },
  Gelu: { wgsl: gelu, needs: ['erf'] },
  HardSigmoid: { wgsl: (a) => saturate(`${number(a, 'alpha')} * v + ${number(a, 'beta')}`) },
  HardSwish: { wgsl: () => `v * ${saturate('v * Elem(0.16666667) + Elem(0.5)')}` },
  LeakyRelu: { wgsl: (a) => `select(v, v * ${number(a, 'alpha')}, v < Elem(0))` },
  Log: { wgsl: () => log },
  // tanh(softplus(v)) = n / (n + 2) with n = e^v (e^v + 2), which is 1 to the last bit beyond 20.
  Mish: { wgsl: () => 'v * mish_gate(v)', needs: ['mish'] },
  Neg: { wgsl: () => '-v', elements: SIGNED },
  Not: { wgsl: () => 'Elem(1) - v', elements: ['u32'] },
  Reciprocal: { wgsl: () => 'Elem(1) / v' },
  Relu: { wgsl: () => 'select(v, Elem(0), v < Elem(0))', elements: SIGNED },
  Round: { wgsl: () => 'round(v)' },
  Selu: {
    wgsl: (a) => `${number(a, 'gamma')} * select(v, ${number(a, 'alpha')} * expm1(v), v < Elem(0))`,
    needs: ['expm1'],
  },
  Sigmoid: { wgsl: () => keepNan('Elem(1) / (Elem(1) + exp(-v))') },
  Sign: { wgsl: (_, element) => sign(element), elements: ANY },
  Sin: { wgsl: () => 'sine(v)', needs: ['trigonometry'] },
  Sinh: { wgsl: () => keepNan('hyperbolic_sine(v)'), needs: ['hyperbolic'] },
  Softplus: { wgsl: () => keepNan('select(v, Elem(0), v < Elem(0)) + log1p(exp(-abs(v)))'), needs: ['log1p'] },
  Softsign: { wgsl: () => 'v / (Elem(1) + abs(v))' },
  Sqrt: { wgsl: () => 'sqrt(v)' },
  Swish: { wgsl: (a) => `v / (Elem(1) + exp(-${number(a, 'alpha')} * v))` },
  Tan: { wgsl: () => keepNan('tangent(v)'), needs: ['trigonometry'] },
  Tanh: { wgsl: () => keepNan(tanh('v')) },
  ThresholdedRelu: { wgsl: (a) => `select(Elem(0), v, v > ${number(a, 'alpha')})` },
};

const sign = (element: DeviceElement): string => {
  if (element === 'f32') return keepNan('sign(v)');
  return element === 'i32' ? 'sign(v)' : 'min(v, Elem(1))';
};

/** Elementwise operators of two inputs as steps: `v` is the result so far, `e` the operand. */
const operandFormulas: Readonly<Record<string, string>> = {
  Add: 'v + e',
  Sub: 'v - e',
  Mul: 'v * e',
  Div: 'v / e',
  PRelu: 'select(v, v * e, v < Elem(0))',
};

/** Bindings that kernels with epilogue operands have for them, in the order of the steps. */
export const EXTRA_BINDINGS = ['extra_a', 'extra_b'] as const;

/** True where the operator can be a step that reads an operand. */
export const isOperandStep = (op: string): boolean => Object.hasOwn(operandFormulas, op);

/**
 * What a dispatch of a kernel with epilogue operands needs for the steps of its node: the body of
 * `fn epilogue(v: Elem, at: u32, channel: u32) -> Elem` (`at` and `channel` count in Elems), its helper files, and
 * operands for the extra bindings. A binding that no step reads is given `unread`, any input that the kernel reads.
 * `memory` says whether the extra bindings hold Elems, or scalars beside an Elem of four lanes.
 */
export const lowerEpilogue = (
  { op, attributes, inputs, outputs }: KernelRequest,
  unread: Operand,
  lanes: 1 | 4 = 1,
  memory: 'elems' | 'scalars' = 'elems',
): Required<Pick<Dispatch, 'functions' | 'libraries' | 'operands'>> => {
  const steps = (attributes.epilogue ?? []) as readonly EpilogueStep[];
  const { shape, dtype } = outputs[0] as TensorInfo;
  const element = deviceElement(dtype);
  const operands: Record<string, Operand> = { extra_a: unread, extra_b: unread };
  let slots = 0;
  const blocks = steps.map((step) => {
    if (step.operand === undefined) return `let v = ${expressionOf(step, element)};`;
    const name = EXTRA_BINDINGS[slots++] ?? tooManyOperands(op);
    operands[name] = { input: step.operand };
    const kind = operandKind((inputs[step.operand] as TensorInfo).shape, shape, channelAxisOf(op, shape.length, attributes));
    if (!kind) throw new TilewiseError('internal', `an operand of the epilogue of ${op} does not lie beside the result`);
    return `let e = ${load(name, kind, lanes, memory)}; let v = ${operandFormulas[step.op]};`;
  });
  const body = blocks.reduceRight((rest, block) => `{ ${block} ${rest} }`, 'return v;');
  return {
    functions: { epilogue: body.replaceAll('BITS', lanes === 4 ? 'vec4u' : 'u32') },
    libraries: epilogueLibraries(steps),
    operands,
  };
};

/** An Elem of an extra binding, whose memory holds Elems, or scalars beside an Elem of four lanes. */
const load = (name: string, kind: OperandKind, lanes: 1 | 4, memory: 'elems' | 'scalars'): string => {
  const vectors = lanes === 4 && memory === 'elems';
  if (kind === 'scalar') return vectors ? `Elem(${name}[0].x)` : `Elem(${name}[0])`;
  const at = kind === 'same' ? 'at' : 'channel';
  if (lanes === 1 || vectors) return `${name}[${at}]`;
  return `Elem(${[0, 1, 2, 3].map((lane) => `${name}[${at} + ${lane}]`).join(', ')})`;
};

const tooManyOperands = (op: string): never => {
  throw new TilewiseError('internal', `the epilogue of ${op} reads more than ${EXTRA_BINDINGS.length} operands`);
};

/** True where the operator can be a step of an epilogue. */
export const isElementwise = (op: string): boolean => Object.hasOwn(formulas, op);

/**
 * The body of a kernel's `fn epilogue(v: Elem) -> Elem`: one block a step, each shadowing `v`. `lanes` is the width of
 * Elem and `element` its scalar. The dispatch must list `epilogueLibraries` of the same steps.
 */
export const epilogueBody = (steps: readonly EpilogueStep[], lanes: 1 | 4 = 1, element: DeviceElement = 'f32'): string =>
  steps
    .reduceRight((rest, step) => `{ let v = ${expressionOf(step, element)}; ${rest} }`, 'return v;')
    .replaceAll('BITS', lanes === 4 ? 'vec4u' : 'u32');

/** The helper files of shaders/lib that the steps call. */
export const epilogueLibraries = (steps: readonly EpilogueStep[]): string[] => [
  ...new Set(steps.flatMap(({ op }) => formulas[op]?.needs ?? [])),
];

const expressionOf = ({ op, attributes }: EpilogueStep, element: DeviceElement): string => {
  const formula = formulas[op];
  if (!formula) throw new TilewiseError('internal', `'${op}' is not an elementwise step`);
  if (!(formula.elements ?? ['f32']).includes(element)) {
    throw new TilewiseError('unsupported-model', `${op} has no kernel for elements that are ${element} on the device`);
  }
  return formula.wgsl(attributes, element);
};
