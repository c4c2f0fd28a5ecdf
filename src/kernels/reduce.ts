import { reduce, reduceWorkgroup } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import type { EpilogueStep } from '../graph/graph.js';
import { toNumbers } from '../tensor/convert.js';
import { type DeviceElement, deviceElement } from '../tensor/dtype.js';
import { type ConcreteShape, sizeOf, stridesOf } from '../tensor/shape.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import type { DeviceFacts } from './facts.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { collapseLoops, MAX_LOOPS } from './strides.js';
import { withSubgroups } from './subgroup-sums.js';

export const reduceKernel: Kernel = { name: 'reduce', wgsl: reduce };
export const reduceWorkgroupKernel: Kernel = { name: 'reduce-workgroup', wgsl: reduceWorkgroup };
const WORKGROUP_SIZE = 64;

/** A reduction as WGSL: `term` and `finish` are expressions of `v`, `combine` one of `a` and `b`. */
interface Reduction {
  readonly term?: string;
  readonly combine: string;
  readonly finish?: string;
  /** What changes nothing when it is combined. */
  readonly neutral: number;
  /** For integers: what differs; absent where the formula holds for them, null where there is none. */
  readonly integers?: { readonly combine: string; readonly neutral: Readonly<Record<'i32' | 'u32', number>> } | null;
}

/** Some compilers assume that there is no NaN: only the bits tell. */
const OTHER_IS_NAN = '((bitcast<BITS>(b) & BITS(0x7fffffff)) > BITS(0x7f800000))';

export const reductions: Readonly<Record<string, Reduction>> = {
  ReduceSum: { combine: 'a + b', neutral: 0 },
  ReduceMean: { combine: 'a + b', finish: 'v / Elem(params.divisor)', neutral: 0, integers: null },
  ReduceMax: {
    combine: `select(a, b, (b > a) | ${OTHER_IS_NAN})`,
    neutral: Number.NEGATIVE_INFINITY,
    integers: { combine: 'max(a, b)', neutral: { i32: -(2 ** 31), u32: 0 } },
  },
  ReduceMin: {
    combine: `select(a, b, (b < a) | ${OTHER_IS_NAN})`,
    neutral: Number.POSITIVE_INFINITY,
    integers: { combine: 'min(a, b)', neutral: { i32: 2 ** 31 - 1, u32: 2 ** 32 - 1 } },
  },
  ReduceProd: { combine: 'a * b', neutral: 1 },
  ReduceL1: { term: 'abs(v)', combine: 'a + b', neutral: 0 },
  ReduceL2: { term: 'v * v', combine: 'a + b', finish: 'sqrt(v)', neutral: 0, integers: null },
  ReduceSumSquare: { term: 'v * v', combine: 'a + b', neutral: 0 },
};

/** The operators Reduce*: axes are constant, in optional input 1. */
export const lowerReduce = ({ op, attributes, inputs, facts }: KernelRequest): Dispatch[] => {
  const [x, axes] = inputs as [TensorInfo, TensorInfo | undefined];
  if (axes && !axes.tensor) throw new TilewiseError('unsupported-model', 'the axes of a reduction must be constant');
  const given = axes?.tensor ? [...toNumbers(axes.tensor.type, axes.tensor.data)] : [];
  const rank = x.shape.length;
  const steps = attributes.epilogue as readonly EpilogueStep[];
  // Without axes and with noop_with_empty_axes the output equals the input: each element is a sum of one term.
  if (given.length === 0 && attributes.noop_with_empty_axes) return [reduceOver('ReduceSum', x, [], steps, facts)];
  const reduced = given.length > 0 ? given.map((axis) => (axis < 0 ? axis + rank : axis)) : x.shape.map((_, axis) => axis);
  return [reduceOver(op, x, reduced, steps, facts)];
};

/** One dispatch that reduces input 0 over non-negative axes into output 0. */
export const reduceOver = (
  op: string,
  x: TensorInfo,
  axes: readonly number[],
  steps: readonly EpilogueStep[],
  facts: DeviceFacts,
): Dispatch => {
  const nest = loopNest(x.shape, axes);
  const { lanes, count, rows, inner } = nest;
  const scalar = deviceElement(x.dtype);
  const vector = `vec4<${scalar}>`;
  const { formula, neutral } = formulaFor(op, x, nest.terms);
  const threads = cooperatingThreads(nest, facts);
  const sequence = threads === 1 && rows > 1 ? inner : (rows * inner) / threads;
  const dispatch: Dispatch = {
    kernel: threads > 1 ? reduceWorkgroupKernel : reduceKernel,
    constants: { WORKGROUP_SIZE: threads > 1 ? threads : WORKGROUP_SIZE },
    definitions: {
      Scalar: scalar,
      Load: lanes === 'none' ? scalar : vector,
      Elem: lanes === 'outputs' ? vector : scalar,
    },
    functions: {
      term: `return ${formula.term ?? 'v'};`,
      combine: `return ${formula.combine};`.replaceAll('BITS', lanes === 'none' ? 'u32' : 'vec4u'),
      across: lanes === 'terms' ? 'let p = combine(v, v.yxwz); return combine(p, p.zwxy).x;' : 'return v;',
      finish: `return ${formula.finish ?? 'v'};`,
      epilogue: epilogueBody(steps, lanes === 'outputs' ? 4 : 1, scalar),
    },
    libraries: epilogueLibraries(steps),
    operands: { x: { input: 0 }, y: { output: 0 } },
    params: {
      count,
      ...nest.params,
      rows,
      inner,
      block: Math.max(1, Math.ceil(Math.sqrt(sequence))),
      neutral,
      divisor: nest.terms,
    },
    workgroups: grid(count, threads > 1 ? 1 : WORKGROUP_SIZE, facts),
  };
  return threads > 1 ? withSubgroups(dispatch, facts, threads) : dispatch;
};

/** The kept and the reduced axes as loops: the innermost reduced one is `inner`, the others are `rows`. */
interface LoopNest {
  /** Outputs, in units of what one invocation or workgroup makes. */
  readonly count: number;
  /** Elements of x that make one output. */
  readonly terms: number;
  readonly rows: number;
  readonly inner: number;
  /** What the four lanes of a vector hold. */
  readonly lanes: 'outputs' | 'terms' | 'none';
  /** True where neighbouring terms of one output are neighbours in memory. */
  readonly contiguousTerms: boolean;
  readonly params: Readonly<Record<string, number | number[]>>;
}

const loopNest = (shape: ConcreteShape, axes: readonly number[]): LoopNest => {
  const kept = loopsOver(shape, (axis) => !axes.includes(axis));
  const reduced = loopsOver(shape, (axis) => axes.includes(axis));
  if (kept.extents.length > MAX_LOOPS || reduced.extents.length > MAX_LOOPS + 1) {
    throw new TilewiseError('unsupported-model', `a reduction with more than ${MAX_LOOPS} separate groups of axes`);
  }
  const outputs = sizeOf(kept.extents);
  const terms = sizeOf(reduced.extents);
  const whole = ({ extents, strides }: FlatLoops): boolean => strides[0] === 1 && (extents[0] as number) % 4 === 0;
  const lanes = whole(kept) ? 'outputs' : whole(reduced) ? 'terms' : 'none';
  const contiguousTerms = kept.strides[0] !== 1;
  if (lanes === 'outputs') kept.extents[0] = (kept.extents[0] as number) / 4;
  if (lanes === 'terms') reduced.extents[0] = (reduced.extents[0] as number) / 4;
  // With vectors the stride 1 is of the loop that runs along them, and the others are multiples of its extent.
  const inUnits = (stride: number): number => (stride === 1 || lanes === 'none' ? stride : stride / 4);
  const [inner = 1, ...rowShape] = reduced.extents;
  const [innerStride = 0, ...rowStrides] = reduced.strides.map(inUnits);
  return {
    count: lanes === 'outputs' ? outputs / 4 : outputs,
    terms,
    rows: terms === 0 ? 0 : sizeOf(rowShape),
    inner,
    lanes,
    contiguousTerms,
    params: {
      rank: kept.extents.length,
      shape: kept.extents,
      strides: kept.strides.map(inUnits),
      row_rank: rowShape.length,
      row_shape: rowShape,
      row_strides: rowStrides,
      inner_stride: innerStride,
    },
  };
};

interface FlatLoops {
  readonly extents: number[];
  readonly strides: number[];
}

/** The loops over some axes of a row-major tensor, innermost first. */
const loopsOver = (shape: ConcreteShape, wanted: (axis: number) => boolean): FlatLoops => {
  const all = stridesOf(shape);
  const axes = shape.map((_, axis) => axis).filter(wanted);
  const { extents, strides } = collapseLoops(
    axes.map((axis) => shape[axis] as number),
    [axes.map((axis) => all[axis] as number)],
  );
  return { extents: extents.reverse(), strides: (strides[0] as number[]).reverse() };
};

/**
 * How many invocations reduce for one output together. Neighbouring invocations should read neighbouring words: long
 * contiguous sums are shared early, sums down the columns only where there are too few columns to fill a GPU.
 */
const cooperatingThreads = ({ count, rows, inner, contiguousTerms }: LoopNest, facts: DeviceFacts): number => {
  if (facts.kind === 'cpu') return 1;
  const loads = rows * inner;
  const long = contiguousTerms ? loads >= 64 : loads >= 256 && count < 16384;
  if (!long) return 1;
  return loads >= 2048 && facts.limits.maxComputeInvocationsPerWorkgroup >= 256 ? 256 : 64;
};

/** The formula for the element type, and the bits of its neutral value. */
export const formulaFor = (op: string, { dtype }: TensorInfo, terms: number): { formula: Reduction; neutral: number } => {
  const formula = reductions[op] as Reduction;
  const scalar: DeviceElement = deviceElement(dtype);
  if (scalar === 'f32') {
    if (terms === 0 && op === 'ReduceMean')
      throw new TilewiseError('unsupported-model', 'the mean of no elements is not defined');
    return { formula, neutral: new Uint32Array(Float32Array.of(formula.neutral).buffer)[0] as number };
  }
  const { integers } = formula;
  if (integers === null) throw new TilewiseError('unsupported-model', `${op} has no kernel for ${dtype}`);
  if (integers && terms === 0) throw new TilewiseError('unsupported-model', `${op} of no ${dtype} elements`);
  const neutral = integers ? integers.neutral[scalar] : formula.neutral;
  return { formula: { ...formula, ...integers }, neutral: neutral >>> 0 } as { formula: Reduction; neutral: number };
};
