import { TilewiseError } from '../errors.js';
import type { Attributes, EpilogueStep, Value } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { isConcrete, shapeText, sizeOf } from '../tensor/shape.js';
import { epilogue, int } from './attributes.js';
import { defineOperator, elements, expectDim, fail, input } from './operator.js';
import { checkFinite } from './quantization.js';

export interface MatMulNBitsAttributes extends Attributes {
  readonly K: number;
  readonly N: number;
  readonly bits: number;
  readonly block_size: number;
  /** The least precise arithmetic that will do: without effect, sums are of float32 here. */
  readonly accuracy_level: number;
  readonly epilogue: readonly EpilogueStep[];
}

/**
 * Y = A * dequantized(B)' + bias for B of [N, blocks of K, bytes], whose elements of `bits` stand lowest first:
 * (B - zero_point) * scale, with a scale [N, blocks] and perhaps a zero point (2^(bits-1) else) for each block. Zero
 * points are packed like B, each row in whole bytes, or numbers of A's type.
 */
export const matmulNBits = defineOperator<MatMulNBitsAttributes>({
  name: 'com.microsoft.MatMulNBits',
  attributes: {
    K: int(undefined, 1),
    N: int(undefined, 1),
    bits: int(4),
    block_size: int(),
    accuracy_level: int(0, 0, 4),
    epilogue: epilogue(),
  },
  inputs: [3, 6],
  epilogueOperands: true,
  infer: (context) => {
    const { K, N, bits, block_size } = context.attributes;
    const a = input(context as never, 0);
    const [, b, scales, zeros, order, bias] = context.inputs;
    if (![2, 4, 8].includes(bits)) fail(`bits must be 2, 4 or 8, got ${bits}`);
    if (![16, 32, 64, 128, 256].includes(block_size)) fail(`block_size must be a power of 2 from 16 to 256, got ${block_size}`);
    if (order) throw new TilewiseError('unsupported-model', 'the order of columns (g_idx) is not supported');
    if (!isFloat(a.dtype)) fail(`A must be a float, got ${a.dtype}`);
    const blocks = Math.ceil(K / block_size);
    if (b?.dtype !== 'uint8') fail(`B must be uint8, got ${b?.dtype}`);
    if (!b?.tensor) throw new TilewiseError('unsupported-model', 'B must be a constant');
    expectSize(b, (N * blocks * block_size * bits) / 8, 'B');
    if (scales?.dtype !== a.dtype) fail(`the scales must be ${a.dtype}, got ${scales?.dtype}`);
    expectSize(scales, N * blocks, 'the scales');
    checkFinite(scales, 'the scales');
    if (zeros?.dtype === 'uint8') {
      if (!zeros.tensor) throw new TilewiseError('unsupported-model', 'packed zero points must be a constant');
      expectSize(zeros, N * Math.ceil((blocks * bits) / 8), 'the zero points');
    } else if (zeros) {
      if (zeros.dtype !== a.dtype) fail(`the zero points must be uint8 or ${a.dtype}, got ${zeros.dtype}`);
      expectSize(zeros, N * blocks, 'the zero points');
      checkFinite(zeros, 'the zero points');
    }
    if (bias && bias.dtype !== a.dtype) fail(`the bias must be ${a.dtype}, got ${bias.dtype}`);
    expectSize(bias, N, 'the bias');
    if (!a.shape) return [{ dtype: a.dtype, shape: undefined }];
    if (a.shape.length === 0) fail('A must not be a scalar');
    expectDim(a.shape.at(-1), K, 'the last dimension of A');
    return [{ dtype: a.dtype, shape: [...a.shape.slice(0, -1), N] }];
  },
  macs: (context, [y]) => elements(y?.shape) * context.attributes.K,
});

const expectSize = (value: Value | undefined, size: number, what: string): void => {
  const shape = value?.shape;
  if (shape && isConcrete(shape) && sizeOf(shape) !== size) {
    fail(`${what} of shape ${shapeText(shape)} must have ${size} elements`);
  }
};
