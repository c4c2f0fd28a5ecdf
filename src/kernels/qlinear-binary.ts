import { qlinearBinary } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import { type DType, deviceElement, integerRange } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { factor, packedFloats, scalarOf } from './requantize.js';
import { broadcastStrides, collapseLoops, MAX_LOOPS } from './strides.js';

export const qlinearBinaryKernel: Kernel = { name: 'qlinear-binary', wgsl: qlinearBinary };
const WORKGROUP_SIZE = 64;

/** The signed or unsigned value that each of the 256 bytes stands for. */
export const valuesOfBytes = (dtype: DType): number[] =>
  Array.from({ length: 256 }, (_, byte) => (dtype === 'int8' ? (byte << 24) >> 24 : byte));

/** The product of a table's entries is exact in integers, so that only its scaling rounds. */
const COMBINE: Readonly<Record<string, string>> = {
  'com.microsoft.QLinearAdd': 'return v + w;',
  'com.microsoft.QLinearMul': 'return f32(i32(v) * i32(w)) * params.factor;',
};

export const lowerQLinearBinary = ({ op, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const [a, aScale, aZero, b, bScale, bZero, cScale, cZero] = inputs as readonly TensorInfo[];
  const { dtype, shape } = outputs[0]!;
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
  const [low, high] = integerRange(dtype) as readonly [number, number];
  const count = sizeOf(shape);
  return [
    {
      kernel: qlinearBinaryKernel,
      constants: { WORKGROUP_SIZE },
      definitions: { Out: deviceElement(dtype) },
      functions: { combine: COMBINE[op] as string },
      operands: {
        a: { input: 0 },
        b: { input: 3 },
        table_a: table(aScale, aZero),
        table_b: table(bScale, bZero),
        y: { output: 0 },
      },
      params: {
        count,
        rank: loops.extents.length,
        low,
        high,
        zero: scalarOf(cZero),
        factor: sum ? 1 : factor(Math.fround(scalarOf(aScale) * scalarOf(bScale)) / divisor),
        shape: loops.extents.toReversed(),
        a_strides: loops.strides[0]!.toReversed(),
        b_strides: loops.strides[1]!.toReversed(),
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
