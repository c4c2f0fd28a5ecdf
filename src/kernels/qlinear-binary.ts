import { qlinearBinary, qlinearBinaryBytes } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import { type DType, deviceElement } from '../tensor/dtype.js';
import { deviceWords } from '../tensor/layout.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { boundsOf, factor, packedFloats, scalarOf } from './requantize.js';
import { broadcastStrides, collapseLoops, MAX_LOOPS } from './strides.js';

export const qlinearBinaryKernel: Kernel = { name: 'qlinear-binary', wgsl: qlinearBinary };
/** Both packed, of one shape. */
export const qlinearBinaryBytesKernel: Kernel = { name: 'qlinear-binary-bytes', wgsl: qlinearBinaryBytes };
const WORKGROUP_SIZE = 64;

/** The signed or unsigned value that each of the 256 bytes stands for. */
export const valuesOfBytes = (dtype: DType): number[] =>
  Array.from({ length: 256 }, (_, byte) => (dtype === 'int8' ? (byte << 24) >> 24 : byte));

/** The product of a table's entries is exact in integers, so that only its scaling rounds. */
const COMBINE: Readonly<Record<string, string>> = {
  'com.microsoft.QLinearAdd': 'return v + w;',
  'com.microsoft.QLinearMul': 'return f32(i32(v) * i32(w)) * params.factor;',
};
const PACKED_COMBINE: Readonly<Record<string, string>> = {
  'com.microsoft.QLinearAdd': 'return v + w;',
  'com.microsoft.QLinearMul': 'return vec4f(vec4i(v) * vec4i(w)) * params.factor;',
};

export const lowerQLinearBinary = ({ op, attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const [a, aScale, aZero, b, bScale, bZero, cScale, cZero] = inputs as readonly TensorInfo[];
  const { dtype, shape, packed } = outputs[0]!;
  const loops = collapseLoops(shape, [broadcastStrides(a!.shape, shape), broadcastStrides(b!.shape, shape)]);
  if (loops.extents.length > MAX_LOOPS) {
    throw new TilewiseError('unsupported-model', `broadcasting over ${loops.extents.length} separate extents`);
  }
  const sum = op === 'com.microsoft.QLinearAdd';
  const divisor = scalarOf(cScale);
  const table = (scale: TensorInfo | undefined, zero: TensorInfo | undefined) => {
    const step = sum ? factor(scalarOf(scale) / divisor) : 1;
    const entries = valuesOfBytes(dtype).map((v) => Math.fround((v - scalarOf(zero)) * step));
    return packedFloats(sum ? '(value - zero point) * scale / c_scale' : 'value - zero point', entries);
  };
  const [low, high] = boundsOf(dtype, attributes.bounds) as readonly [number, number];
  const params = {
    low,
    high,
    zero: scalarOf(cZero),
    factor: sum ? 1 : factor(Math.fround(scalarOf(aScale) * scalarOf(bScale)) / divisor),
  };
  const operands: Dispatch['operands'] = {
    a: { input: 0 },
    b: { input: 3 },
    table_a: table(aScale, aZero),
    table_b: table(bScale, bZero),
    y: { output: 0 },
  };
  const count = deviceWords(shape, packed);
  const workgroups = grid(count, WORKGROUP_SIZE, facts);
  const constants = { WORKGROUP_SIZE };
  if (packed) {
    const functions = { combine: PACKED_COMBINE[op] as string };
    return [{ kernel: qlinearBinaryBytesKernel, constants, functions, operands, params: { count, ...params }, workgroups }];
  }
  return [
    {
      kernel: qlinearBinaryKernel,
      constants,
      definitions: { Out: deviceElement(dtype) },
      functions: { combine: COMBINE[op] as string },
      operands,
      params: {
        count,
        rank: loops.extents.length,
        ...params,
        shape: loops.extents.toReversed(),
        a_strides: loops.strides[0]!.toReversed(),
        b_strides: loops.strides[1]!.toReversed(),
      },
      workgroups,
    },
  ];
};
