import { lookup, lookupBytes } from '../../shaders/more.js';
import { integerRange } from '../tensor/dtype.js';
import { roundHalfEven } from '../tensor/float16.js';
import { deviceWords, PER_WORD } from '../tensor/layout.js';
import { type ConcreteShape, resolveAxis } from '../tensor/shape.js';
import type { DeviceFacts } from './facts.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';
import { valuesOfBytes } from './qlinear-binary.js';
import { numbersOf, scalarOf } from './requantize.js';

export const lookupKernel: Kernel = { name: 'lookup', wgsl: lookup };
/** Packed, four elements to a word. */
export const lookupBytesKernel: Kernel = { name: 'lookup-bytes', wgsl: lookupBytes };
const WORKGROUP_SIZE = 64;
const f32 = Math.fround;

/** Scale and zero point of x and of y. */
type Scales = readonly [TensorInfo | undefined, TensorInfo | undefined, TensorInfo | undefined, TensorInfo | undefined];

/** What each byte of x becomes: quantize(formula(dequantize(x))). */
const tableOf = (x: TensorInfo, [xScale, xZero, yScale, yZero]: Scales, formula: (v: number) => number): Operand => {
  const [low, high] = integerRange(x.dtype) as readonly [number, number];
  const entries = valuesOfBytes(x.dtype).map((v) => {
    const value = f32((v - scalarOf(xZero)) * scalarOf(xScale));
    const steps = f32(f32(formula(value)) / scalarOf(yScale));
    const whole = Number.isFinite(steps) ? roundHalfEven(steps) : steps;
    return Math.min(high, Math.max(low, whole + scalarOf(yZero)));
  });
  return { packed: { layout: 'a result for each byte', words: Int32Array.from(entries) } };
};

const dispatch = (
  input: number,
  table: Operand,
  {
    count,
    run,
    pitch,
    offset,
  }: { readonly count: number; readonly run: number; readonly pitch: number; readonly offset: number },
  facts: DeviceFacts,
  packed = false,
): Dispatch => ({
  kernel: packed ? lookupBytesKernel : lookupKernel,
  constants: { WORKGROUP_SIZE },
  operands: { x: { input }, table, y: { output: 0 } },
  params: { count, run, pitch, offset },
  workgroups: grid(count, WORKGROUP_SIZE, facts),
});

export const lowerQLinearUnary = ({ op, attributes, inputs, facts }: KernelRequest): Dispatch[] => {
  const [x, xScale, xZero, yScale, yZero] = inputs as readonly TensorInfo[];
  const alpha = f32((attributes.alpha ?? 0) as number);
  const leaky = op === 'com.microsoft.QLinearLeakyRelu';
  const formula = leaky ? (v: number) => (v < 0 ? v * alpha : v) : (v: number) => 1 / (1 + Math.exp(-v));
  return [elementwise(x!, tableOf(x!, [xScale, xZero, yScale, yZero], formula), facts)];
};

const elementwise = ({ shape, packed }: TensorInfo, table: Operand, facts: DeviceFacts): Dispatch => {
  const count = deviceWords(shape, packed);
  return dispatch(0, table, { count, run: count, pitch: 0, offset: 0 }, facts, packed);
};

export const lowerLookup = ({ inputs, facts }: KernelRequest): Dispatch[] => {
  const words = Int32Array.from(numbersOf(inputs[1]));
  return [elementwise(inputs[0]!, { packed: { layout: 'a result for each byte', words } }, facts)];
};

/** One launch an input, each to its own range of the output. */
export const lowerQLinearConcat = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { shape, packed } = outputs[0]!;
  const axis = resolveAxis(attributes.axis as number, shape.length) as number;
  const wordsOf = (extents: ConcreteShape): number =>
    extents.length === 0 ? 1 / (packed ? PER_WORD : 1) : deviceWords(extents, packed);
  const [pitch, inner] = [wordsOf(shape.slice(axis)), wordsOf(shape.slice(axis + 1))];
  let offset = 0;
  const dispatches: Dispatch[] = [];
  for (let i = 2; i < inputs.length; i += 3) {
    const x = inputs[i] as TensorInfo;
    const run = (x.shape[axis] as number) * inner;
    const table = tableOf(x, [inputs[i + 1], inputs[i + 2], inputs[0], inputs[1]], (v) => v);
    const count = deviceWords(x.shape, packed);
    if (count > 0) dispatches.push(dispatch(i, table, { count, run, pitch, offset }, facts, packed));
    offset += run;
  }
  return dispatches;
};
