import { bytesPerElement, type DType, deviceElement } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { binaryKernel, broadcastLoops, typeOf } from './binary.js';
import { type Dispatch, grid, type KernelRequest, type TensorInfo } from './kernel.js';
import { unaryKernel } from './unary.js';

const WORKGROUP_SIZE = 64;

/** Bits of an integer type on the device, where 64-bit integers have 32. */
const bitsOf = (dtype: DType): number => Math.min(32, 8 * bytesPerElement(dtype));
const masked = (wgsl: string, dtype: DType): string =>
  deviceElement(dtype) === 'u32' && bitsOf(dtype) < 32 ? `(${wgsl}) & Elem(${2 ** bitsOf(dtype) - 1})` : wgsl;

/** WGSL takes the amount of a shift modulo 32, and as an unsigned number: a negative one counts as a large one. */
const shifted = (direction: unknown, dtype: DType, lanes: number): string => {
  const amount = `${typeOf('u32', lanes)}(b)`;
  const bound = (n: number): string => `${typeOf('u32', lanes)}(${n})`;
  if (deviceElement(dtype) === 'i32' && direction === 'RIGHT') return `a >> min(${amount}, ${bound(31)})`;
  const shift = `select(a ${direction === 'LEFT' ? '<<' : '>>'} ${amount}, Elem(0), ${amount} >= ${bound(32)})`;
  const unused = bound(32 - bitsOf(dtype));
  return deviceElement(dtype) === 'i32' ? `(${shift} << ${unused}) >> ${unused}` : masked(shift, dtype);
};

/** An expression of `a` and `b`. */
const expressionFor = ({ op, attributes }: KernelRequest, dtype: DType, lanes: number): string => {
  switch (op) {
    case 'BitwiseAnd':
      return 'a & b';
    case 'BitwiseOr':
      return 'a | b';
    case 'BitwiseXor':
      return 'a ^ b';
    default:
      return shifted(attributes.direction, dtype, lanes);
  }
};

export const lowerBitwise = (request: KernelRequest): Dispatch[] => {
  const [a, b] = request.inputs as readonly [TensorInfo, TensorInfo];
  const { dtype, shape } = request.outputs[0] as TensorInfo;
  const loops = broadcastLoops(shape, [a.shape, b.shape], true);
  const { lanes } = loops;
  const count = sizeOf(shape) / lanes;
  const scalar = deviceElement(dtype);
  const [elem, loadA, loadB] = [lanes, ...loops.loads].map((width) => typeOf(scalar, width)) as [string, string, string];
  return [
    {
      kernel: binaryKernel,
      constants: { RANK: loops.extents.length, WORKGROUP_SIZE },
      definitions: { LoadA: loadA, LoadB: loadB, A: elem, B: elem, Elem: elem },
      functions: { combine: `return ${expressionFor(request, dtype, lanes)};` },
      // The epilogue is empty: its operands are not read.
      operands: { a: { input: 0 }, b: { input: 1 }, extra_a: { input: 0 }, extra_b: { input: 0 }, y: { output: 0 } },
      params: {
        count,
        channels: 1,
        shape: loops.extents,
        a_strides: loops.strides[0] as number[],
        b_strides: loops.strides[1] as number[],
      },
      workgroups: grid(count, WORKGROUP_SIZE, request.facts),
    },
  ];
};

export const lowerBitwiseNot = ({ outputs, facts }: KernelRequest): Dispatch[] => {
  const { dtype, shape } = outputs[0]!;
  const size = sizeOf(shape);
  const lanes = size % 4 === 0 ? 4 : 1;
  const count = size / lanes;
  return [
    {
      kernel: unaryKernel,
      definitions: { Elem: typeOf(deviceElement(dtype), lanes) },
      functions: { epilogue: `return ${masked('~v', dtype)};` },
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: { count },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
