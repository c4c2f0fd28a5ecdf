import { nonZero, nonZeroCount } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import { deviceElement } from '../tensor/dtype.js';
import { sizeOf, stridesOf } from '../tensor/shape.js';
import { ceilDiv, type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { MAX_LOOPS } from './strides.js';

export const nonZeroCountKernel: Kernel = { name: 'non-zero-count', wgsl: nonZeroCount };
export const nonZeroKernel: Kernel = { name: 'non-zero', wgsl: nonZero };
const WORKGROUP_SIZE = 64;
const LEAST_CHUNK = 64;

/**
 * The padded form alone: the other has no shape until a run. An invocation of the second kernel reads the counts of all
 * chunks and the elements of its own: with chunks of the root of the size both are short.
 */
export const lowerNonZero = ({ inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { dtype, shape } = inputs[0] as TensorInfo;
  if (shape.length > MAX_LOOPS) throw new TilewiseError('unsupported-model', `${shape.length} dimensions (at most ${MAX_LOOPS})`);
  const size = sizeOf(shape);
  const chunk = Math.max(LEAST_CHUNK, Math.ceil(Math.sqrt(size)));
  const count = Math.max(1, ceilDiv(size, chunk));
  const definitions = deviceElement(dtype) === 'f32' ? { MASK: '0x7fffffffu' } : {};
  const counts = { scratch: 0, bytes: 4 * count };
  const total = outputs[1] ? { output: 1 } : { scratch: 1, bytes: 4 };
  const workgroups = grid(count, WORKGROUP_SIZE, facts);
  return [
    {
      kernel: nonZeroCountKernel,
      definitions,
      operands: { x: { input: 0 }, counts },
      params: { count, chunk, size },
      workgroups,
    },
    {
      kernel: nonZeroKernel,
      definitions,
      operands: { x: { input: 0 }, counts, y: { output: 0 }, total },
      params: { count, chunk, size, rank: Math.max(1, shape.length), extents: shape, strides: stridesOf(shape) },
      workgroups,
    },
  ];
};
