import { normalize, normalizeWorkgroup } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { type ConcreteShape, sizeOf, stridesOf } from '../tensor/shape.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import type { DeviceFacts } from './facts.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Lowering, type Operand, type TensorInfo } from './kernel.js';
import { broadcastStrides, collapseLoops, type Loops, MAX_LOOPS } from './strides.js';
import { withSubgroups } from './subgroup-sums.js';

export const normalizeKernel: Kernel = { name: 'normalize', wgsl: normalize };
export const normalizeWorkgroupKernel: Kernel = { name: 'normalize-workgroup', wgsl: normalizeWorkgroup };
const WORKGROUP_SIZE = 64;

/** A normalisation as WGSL: `magnitude` is summed over v = x - mean, `factor` made of the sum v. */
interface Formula {
  readonly centered: boolean;
  readonly magnitude: string;
  readonly factor: string;
  readonly epsilon: number;
}

/** A vector that repeats through a tensor: `extent` values, each for `repeat` neighbouring elements. */
interface Pattern {
  readonly repeat: number;
  readonly extent: number;
}

/** x as [extents], normalised over `axes`. */
interface Problem {
  readonly extents: ConcreteShape;
  readonly axes: readonly number[];
  readonly formula: Formula;
  readonly scale?: Pattern;
  readonly bias?: Pattern;
}

const SQUARE = 'v * v';
const MEAN = 'v / params.terms';

const rootOf = (centered: boolean, { epsilon }: Attributes): Formula => ({
  centered,
  magnitude: SQUARE,
  factor: `inverseSqrt(${MEAN} + params.epsilon)`,
  epsilon: epsilon as number,
});

const norms: Readonly<Record<number, Formula>> = {
  1: { centered: false, magnitude: 'abs(v)', factor: 'select(Stat(1) / v, Stat(0), v == Stat(0))', epsilon: 0 },
  2: { centered: false, magnitude: SQUARE, factor: 'select(inverseSqrt(v), Stat(0), v == Stat(0))', epsilon: 0 },
};

const meanVariance: Formula = {
  centered: true,
  magnitude: SQUARE,
  factor: `Stat(1) / (sqrt(${MEAN}) + params.epsilon)`,
  epsilon: 1e-9,
};

/** Where a tensor that broadcasts to `shape` repeats as one vector. */
const patternOf = (tensor: TensorInfo | undefined, shape: ConcreteShape): Pattern | undefined => {
  if (!tensor) return undefined;
  const { extents, strides } = collapseLoops(shape, [broadcastStrides(tensor.shape, shape)]);
  const used = strides[0]!.map((stride, k) => (stride > 0 ? k : -1)).filter((k) => k >= 0);
  if (used.length > 1) throw new TilewiseError('unsupported-model', `a scale or bias of shape [${tensor.shape.join(', ')}]`);
  const [k] = used;
  return k === undefined ? { repeat: 1, extent: 1 } : { repeat: sizeOf(extents.slice(k + 1)), extent: extents[k] as number };
};

const fromAxis = ({ op, attributes, inputs }: KernelRequest): Problem => {
  const { shape } = inputs[0] as TensorInfo;
  const axis = ((attributes.axis as number) + shape.length) % shape.length;
  const [scale, bias] = [patternOf(inputs[1], shape), patternOf(inputs[2], shape)];
  return {
    extents: shape,
    axes: shape.map((_, k) => k).slice(axis),
    formula: rootOf(op === 'LayerNormalization', attributes),
    ...(scale && { scale }),
    ...(bias && { bias }),
  };
};

const byGroup = ({ attributes, inputs }: KernelRequest): Problem => {
  const { shape } = inputs[0] as TensorInfo;
  const [batch, ...rest] = shape as [number, ...number[]];
  const channels = (attributes.channelsLast ? rest.pop() : rest.shift()) as number;
  const groups = (attributes.num_groups as number | undefined) ?? channels;
  const pixels = sizeOf(rest);
  const pattern = { repeat: attributes.channelsLast ? 1 : pixels, extent: channels };
  const common = { formula: rootOf(true, attributes), scale: pattern, bias: pattern };
  return attributes.channelsLast
    ? { ...common, extents: [batch, pixels, groups, channels / groups], axes: [1, 3] }
    : { ...common, extents: [batch, groups, channels / groups, pixels], axes: [2, 3] };
};

const alongAxes = (request: KernelRequest, axes: readonly number[], formula: Formula): Problem => {
  const { shape } = request.inputs[0] as TensorInfo;
  return { extents: shape, axes: axes.map((axis) => (axis + shape.length) % shape.length), formula };
};

const lowerBy =
  (problemOf: (request: KernelRequest) => Problem): Lowering =>
  (request) => {
    if (sizeOf(request.inputs[0]!.shape) === 0) {
      throw new TilewiseError('unsupported-model', 'the statistics of no elements are not defined');
    }
    return [dispatchFor(problemOf(request), request)];
  };

export const lowerLayerNormalization = lowerBy(fromAxis);
export const lowerGroupNormalization = lowerBy(byGroup);
export const lowerLpNormalization = lowerBy((request) =>
  alongAxes(request, [request.attributes.axis as number], norms[request.attributes.p as number] as Formula),
);
export const lowerMeanVarianceNormalization = lowerBy((request) =>
  alongAxes(request, (request.attributes.axes as readonly number[] | undefined) ?? [0, 2, 3], meanVariance),
);

/** What the four lanes of a vector hold: neighbouring elements of one group, of four groups, or there are no lanes. */
type Lanes = 'terms' | 'groups' | 'none';

interface LoopNest {
  readonly kept: Loops;
  readonly reduced: Loops;
  readonly lanes: Lanes;
}

const loopNest = ({ extents, axes, scale, bias }: Problem): LoopNest => {
  const strides = stridesOf(extents);
  const select = (wanted: boolean): Loops => {
    const chosen = extents.map((_, axis) => axis).filter((axis) => axes.includes(axis) === wanted);
    return collapseLoops(
      chosen.map((axis) => extents[axis] as number),
      [chosen.map((axis) => strides[axis] as number)],
    );
  };
  const [kept, reduced] = [select(false), select(true)];
  if (kept.extents.length > MAX_LOOPS || reduced.extents.length > MAX_LOOPS + 1) {
    throw new TilewiseError('unsupported-model', `a normalisation with more than ${MAX_LOOPS} separate groups of axes`);
  }
  const inFours = ({ extents, strides: [list] }: Loops): boolean => list?.at(-1) === 1 && (extents.at(-1) as number) % 4 === 0;
  const fits = (pattern: Pattern | undefined): boolean => !pattern || vectorRead('', pattern) !== undefined;
  const vectors = fits(scale) && fits(bias);
  return { kept, reduced, lanes: vectors && inFours(kept) ? 'groups' : vectors && inFours(reduced) ? 'terms' : 'none' };
};

/** The body of the kernel's scale_at or bias_at for whole vec4s; undefined where a vec4 has no simple place. */
const vectorRead = (name: string, { repeat, extent }: Pattern): string | undefined => {
  if (extent === 1) return `return Load(${name}[0]);`;
  if (repeat % 4 === 0) return `return Load(${name}[i * 4 / params.${name}_repeat % params.${name}_extent]);`;
  if (repeat !== 1 || extent % 4 !== 0) return undefined;
  return `let k = i * 4 % params.${name}_extent; return Load(${[0, 1, 2, 3].map((n) => `${name}[k + ${n}]`).join(', ')});`;
};

const readOf = (name: string, pattern: Pattern | undefined, lanes: Lanes): string =>
  lanes === 'none'
    ? `return ${name}[i / params.${name}_repeat % params.${name}_extent];`
    : ((pattern && vectorRead(name, pattern)) ?? 'return Load(0);');

const dispatchFor = (problem: Problem, { attributes, inputs, outputs, facts }: KernelRequest): Dispatch => {
  const { formula, scale, bias } = problem;
  const { lanes, kept, reduced } = loopNest(problem);
  const steps = attributes.epilogue as readonly EpilogueStep[];
  const { params, count, terms } = paramsOf(problem, { lanes, kept, reduced });
  const threads = cooperatingThreads(lanes, count, terms, facts);
  const [, means, factors] = outputs as readonly (TensorInfo | undefined)[];
  const statistic = (k: number, info: TensorInfo | undefined): Operand =>
    info ? { output: k } : { scratch: k, bytes: 4 * sizeOf(kept.extents) };
  const dispatch: Dispatch = {
    kernel: threads > 1 ? normalizeWorkgroupKernel : normalizeKernel,
    constants: {
      WORKGROUP_SIZE: threads > 1 ? threads : WORKGROUP_SIZE,
      CENTERED: Number(formula.centered),
      HAS_SCALE: Number(scale !== undefined),
      HAS_BIAS: Number(bias !== undefined),
      HAS_STATISTICS: Number(means !== undefined || factors !== undefined),
    },
    definitions: { Load: lanes === 'none' ? 'f32' : 'vec4f', Stat: lanes === 'groups' ? 'vec4f' : 'f32' },
    functions: {
      magnitude: `return ${formula.magnitude};`,
      across: lanes === 'terms' ? 'return v.x + v.y + v.z + v.w;' : 'return v;',
      factor_of: `return ${formula.factor};`,
      scale_at: readOf('scale', scale, lanes),
      bias_at: readOf('bias', bias, lanes),
      epilogue: epilogueBody(steps, lanes === 'none' ? 1 : 4),
    },
    libraries: epilogueLibraries(steps),
    operands: {
      x: { input: 0 },
      // A kernel without scale or bias still has the binding: x stands in, unread.
      scale: { input: scale ? 1 : 0 },
      bias: { input: bias && inputs[2] ? 2 : 0 },
      y: { output: 0 },
      means: means || factors ? statistic(1, means) : { scratch: 1, bytes: 16 },
      factors: means || factors ? statistic(2, factors) : { scratch: 2, bytes: 16 },
    },
    params: { ...params, block: Math.max(1, Math.ceil(Math.sqrt(terms / threads))) },
    workgroups: threads > 1 ? grid(count, 1, facts) : grid(count, WORKGROUP_SIZE, facts),
  };
  return threads > 1 ? withSubgroups(dispatch, facts, threads) : dispatch;
};

const paramsOf = ({ formula, scale, bias }: Problem, { lanes, ...nest }: LoopNest) => {
  const kept = { extents: [...nest.kept.extents], strides: nest.kept.strides[0] as number[] };
  const rows = { extents: [...nest.reduced.extents], strides: [...(nest.reduced.strides[0] as number[])] };
  const elements = sizeOf(rows.extents);
  let inner = rows.extents.pop() ?? 1;
  const innerStride = rows.strides.pop() ?? 1;
  const unit = lanes === 'none' ? 1 : 4;
  if (lanes === 'groups') kept.extents.push((kept.extents.pop() as number) / 4);
  if (lanes === 'terms') inner /= 4;
  const inUnits = (stride: number): number => (stride === 1 ? 1 : stride / unit);
  const rowCount = sizeOf(rows.extents);
  const count = sizeOf(kept.extents);
  const params = {
    count,
    rank: kept.extents.length,
    shape: kept.extents.reverse(),
    strides: kept.strides.map(inUnits).reverse(),
    rows: rowCount,
    row_rank: rows.extents.length,
    row_shape: rows.extents.reverse(),
    row_strides: rows.strides.map(inUnits).reverse(),
    inner,
    inner_stride: inUnits(innerStride),
    terms: elements,
    epsilon: formula.epsilon,
    scale_repeat: scale?.repeat ?? 1,
    scale_extent: scale?.extent ?? 1,
    bias_repeat: bias?.repeat ?? 1,
    bias_extent: bias?.extent ?? 1,
  };
  return { params, count, terms: rowCount * inner };
};

/** How many invocations normalise one group together; neighbouring invocations should read neighbouring words. */
const cooperatingThreads = (lanes: Lanes, count: number, terms: number, facts: DeviceFacts): number => {
  if (facts.kind === 'cpu') return 1;
  const long = lanes === 'groups' ? terms >= 256 && count < 16384 : terms >= 32;
  if (!long) return 1;
  return terms >= 1024 && facts.limits.maxComputeInvocationsPerWorkgroup >= 256 ? 256 : 64;
};
