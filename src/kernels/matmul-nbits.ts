import { matmulNbits } from '../../shaders/more.js';
import type { MatMulNBitsAttributes } from '../ops/matmul-nbits.js';
import { sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { lowerEpilogue } from './epilogue.js';
import {
  ceilDiv,
  type Dispatch,
  grid,
  type Kernel,
  type KernelRequest,
  type Operand,
  packOnce,
  type TensorInfo,
} from './kernel.js';
import { lowerPackedNBits, packsNBits } from './matmul-nbits-packed.js';

/** Scales or zero points that only a run can tell. */
export const matmulNBitsKernel: Kernel = { name: 'matmul-nbits', wgsl: matmulNbits };
const WORKGROUP_SIZE = 64;

/** The bytes of a constant as they stand, four to a word. */
export const packedBytes = (tensor: Tensor): Operand => ({
  packed: packOnce(tensor, 'bytes, four to a word', () => {
    const words = new Uint32Array(ceilDiv(tensor.data.byteLength, 4));
    new Uint8Array(words.buffer).set(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
    return words;
  }),
});

export const lowerMatMulNBits = (request: KernelRequest): Dispatch[] => {
  if (packsNBits(request)) return [lowerPackedNBits(request)];
  const { inputs, outputs, facts } = request;
  const { K, N, bits, block_size } = request.attributes as MatMulNBitsAttributes;
  const [, b, , zeros, , bias] = inputs as readonly TensorInfo[];
  const count = sizeOf(outputs[0]!.shape);
  const blocks = ceilDiv(K, block_size);
  const packedZeros = zeros?.dtype === 'uint8' ? zeros.tensor : undefined;
  const scale: Operand = { input: 2 };
  const epilogue = lowerEpilogue(request, scale);
  return [
    {
      kernel: matmulNBitsKernel,
      constants: { WORKGROUP_SIZE, BITS: bits, HAS_BIAS: Number(bias !== undefined) },
      functions: { ...epilogue.functions, ...zeroOf(zeros) },
      libraries: epilogue.libraries,
      // Whatever is absent still has a binding: the scales stand in, unread.
      operands: {
        a: { input: 0 },
        b: packedBytes((b as TensorInfo).tensor as Tensor),
        scale,
        zeros: packedZeros ? packedBytes(packedZeros) : zeros ? { input: 3 } : scale,
        bias: bias ? { input: 5 } : scale,
        y: { output: 0 },
        ...epilogue.operands,
      },
      params: { count, n: N, k: K, blocks, block_size, zero_row_bytes: ceilDiv(blocks * bits, 8) },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};

const zeroOf = (zeros: TensorInfo | undefined): Record<string, string> => {
  if (!zeros) return {};
  return zeros.dtype === 'uint8'
    ? { zero_of: 'return packed_zero(column, block);' }
    : { zero_of: 'return bitcast<f32>(zeros[column * params.blocks + block]);' };
};
