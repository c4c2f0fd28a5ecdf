import { binary } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import type { Attributes } from '../graph/graph.js';
import { toNumbers } from '../tensor/convert.js';
import { type DeviceElement, type DType, deviceElement } from '../tensor/dtype.js';
import { type ConcreteShape, sizeOf } from '../tensor/shape.js';
import { lowerEpilogue } from './epilogue.js';
import { type Dispatch, type Kernel, type KernelRequest, spread, type TensorInfo } from './kernel.js';
import { broadcastStrides, collapseLoops, MAX_LOOPS } from './strides.js';

export const binaryKernel: Kernel = { name: 'binary', wgsl: binary };

/** An elementwise operator of two inputs as WGSL. */
interface Combination {
  /** An expression of `a: A` and `b: B` whose value is an Elem. BITS stands for u32 or vec4u. NaN must stay NaN. */
  readonly wgsl: string;
  /** Helper files of shaders/lib that it calls: they are for scalars alone. */
  readonly needs?: readonly string[];
  /** True where 8 and 16 bit integers may leave their range. */
  readonly wraps?: boolean;
}

type Operands = readonly [TensorInfo, TensorInfo];

/** The operator for inputs of these types. */
type Formula = (attributes: Attributes, [a, b]: Operands, element: DeviceElement) => Combination;

const arithmetic =
  (wgsl: string): Formula =>
  () => ({ wgsl, wraps: true });
const plain =
  (wgsl: string): Formula =>
  () => ({ wgsl });
const comparison = (operator: string): Formula => plain(`select(Elem(0), Elem(1), a ${operator} b)`);

/** Compilers may assume that there is no NaN: only the bits tell. */
const extremum =
  (name: 'max' | 'min', operator: '>' | '<'): Formula =>
  (_attributes, _operands, element) => ({
    wgsl:
      element === 'f32'
        ? `select(a, b, (b ${operator} a) | ((bitcast<BITS>(b) & BITS(0x7fffffff)) > BITS(0x7f800000)))`
        : `${name}(a, b)`,
  });

const mod: Formula = ({ fmod }, _operands, element) => {
  if (element === 'f32') return fmod ? { wgsl: 'fmod(a, b)', needs: ['fmod'] } : { wgsl: 'floor_mod(a, b)', needs: ['fmod'] };
  if (fmod || element === 'u32') return { wgsl: 'a % b' };
  return { wgsl: 'select(a % b, a % b + b, (a % b != A(0)) & (((a % b) ^ b) < A(0)))' };
};

const pow: Formula = (_attributes, [, b], element) => {
  if (b.tensor?.size === 1 && toNumbers(b.tensor.type, b.tensor.data)[0] === 2) return { wgsl: 'a * a', wraps: true };
  if (element === 'f32') return { wgsl: 'power(a, f32(b))', needs: ['power'] };
  return deviceElement(b.dtype) === 'f32'
    ? { wgsl: 'Elem(whole(power(f32(a), b)))', needs: ['power', 'whole'], wraps: true }
    : { wgsl: 'integer_power(a, b)', needs: ['integer-power'], wraps: true };
};

export const combinations: Readonly<Record<string, Formula>> = {
  Add: arithmetic('a + b'),
  And: plain('a & b'),
  Div: arithmetic('a / b'),
  Equal: comparison('=='),
  Greater: comparison('>'),
  GreaterOrEqual: comparison('>='),
  Less: comparison('<'),
  LessOrEqual: comparison('<='),
  Max: extremum('max', '>'),
  Min: extremum('min', '<'),
  Mod: mod,
  Mul: arithmetic('a * b'),
  Or: plain('a | b'),
  Pow: pow,
  PRelu: arithmetic('select(a, a * b, a < Elem(0))'),
  Sub: arithmetic('a - b'),
  Xor: plain('a ^ b'),
};

export const lowerBinary = (request: KernelRequest): Dispatch[] => {
  const { op, attributes, inputs, outputs, facts } = request;
  const operands = inputs as Operands;
  const { dtype, shape } = outputs[0]!;
  const [a, b] = operands.map((info) => deviceElement(info.dtype)) as [DeviceElement, DeviceElement];
  const element = deviceElement(dtype);
  const combination = (combinations[op] as Formula)(attributes, operands, a);
  const loops = broadcastLoops(shape, [operands[0].shape, operands[1].shape], combination.needs === undefined);
  const { lanes } = loops;
  const epilogue = lowerEpilogue(request, { input: 0 }, lanes);
  const { constants, count, workgroups } = spread(sizeOf(shape) / lanes, facts);
  const wgsl = combination.wraps ? wrap(combination.wgsl, dtype) : combination.wgsl;
  return [
    {
      kernel: binaryKernel,
      constants: { ...constants, RANK: loops.extents.length },
      definitions: {
        LoadA: typeOf(a, loops.loads[0] as number),
        LoadB: typeOf(b, loops.loads[1] as number),
        A: typeOf(a, lanes),
        B: typeOf(b, lanes),
        Elem: typeOf(element, lanes),
      },
      functions: {
        combine: `return ${wgsl.replaceAll('BITS', typeOf('u32', lanes))};`,
        ...epilogue.functions,
      },
      libraries: [...new Set([...(combination.needs ?? []), ...epilogue.libraries])],
      operands: { a: { input: 0 }, b: { input: 1 }, y: { output: 0 }, ...epilogue.operands },
      params: {
        count,
        channels: Math.max(1, (shape.at(-1) ?? 1) / lanes),
        shape: loops.extents,
        a_strides: loops.strides[0] as number[],
        b_strides: loops.strides[1] as number[],
      },
      workgroups,
    },
  ];
};

export const typeOf = (element: DeviceElement, lanes: number): string => (lanes === 4 ? `vec4<${element}>` : element);

/** The expression brought back into the range of an 8 or 16 bit integer type. */
const wrap = (wgsl: string, dtype: DType): string => {
  if (dtype === 'uint8') return `(${wgsl}) & Elem(255)`;
  if (dtype === 'uint16') return `(${wgsl}) & Elem(65535)`;
  const shift = dtype === 'int8' ? 24 : 16;
  return dtype === 'int8' || dtype === 'int16' ? `((${wgsl}) << BITS(${shift})) >> BITS(${shift})` : wgsl;
};

/** The loops of a broadcasting kernel, innermost first, and how wide it loads. */
export interface BroadcastLoops {
  readonly extents: number[];
  /** For each operand, in units of what it loads at once. */
  readonly strides: number[][];
  readonly lanes: 1 | 4;
  /** For each operand the elements it loads at once: with four lanes, one where they share it. */
  readonly loads: (1 | 4)[];
}

export const broadcastLoops = (shape: ConcreteShape, operands: readonly ConcreteShape[], vectors: boolean): BroadcastLoops => {
  const { extents, strides } = collapseLoops(
    shape,
    operands.map((operand) => broadcastStrides(operand, shape)),
  );
  if (extents.length > MAX_LOOPS) {
    throw new TilewiseError('unsupported-model', `broadcasting over ${extents.length} separate extents (at most ${MAX_LOOPS})`);
  }
  extents.reverse();
  for (const list of strides) list.reverse();
  const [inner = 1] = extents;
  if (!vectors || inner % 4 !== 0) return { extents, strides, lanes: 1, loads: operands.map(() => 1) };
  // The inner strides are 1 or 0, and the outer ones of an operand with 1 are multiples of the inner extent.
  return {
    extents: [inner / 4, ...extents.slice(1)],
    strides: strides.map((list) => (list[0] === 1 ? [1, ...list.slice(1).map((stride) => stride / 4)] : list)),
    lanes: 4,
    loads: strides.map((list) => (list[0] === 1 ? 4 : 1)),
  };
};
