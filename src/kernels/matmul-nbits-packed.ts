import { matmulNbitsQuads, matmulNbitsTiled, matvecNbits } from '../../shaders/more.js';
import type { MatMulNBitsAttributes } from '../ops/matmul-nbits.js';
import { toNumbers } from '../tensor/convert.js';
import { sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { lowerEpilogue } from './epilogue.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv, type Dispatch, type Kernel, type KernelRequest, type Operand, packOnce, type TensorInfo } from './kernel.js';

/** Few rows. */
export const matvecNBitsKernel: Kernel = { name: 'matvec-nbits', wgsl: matvecNbits };
/** Many rows on CPU adapters. */
export const matmulNBitsQuadsKernel: Kernel = { name: 'matmul-nbits-quads', wgsl: matmulNbitsQuads };
/** Many rows on GPUs. */
export const matmulNBitsTiledKernel: Kernel = { name: 'matmul-nbits-tiled', wgsl: matmulNbitsTiled };

/** Rows up to which each is a product of its own: reading the weights anew costs less than unpacking them for a tile. */
const FEW_ROWS = { cpu: 3, gpu: 8 };

/** vec4s of columns that an invocation of the kernel for few rows computes. */
const COLUMNS = 4;

/** Extents of B, in the terms of the kernels. */
interface Extents {
  readonly n: number;
  readonly n4: number;
  /** vec4s of columns of the packed B. */
  readonly b4: number;
  readonly blocks: number;
  /** 32-bit words of a block of a column. */
  readonly words: number;
}

const extentsOf = ({ K, N, bits, block_size }: MatMulNBitsAttributes): Extents => {
  const n4 = ceilDiv(N, 4);
  return { n: N, n4, b4: COLUMNS * ceilDiv(n4, COLUMNS), blocks: ceilDiv(K, block_size), words: (block_size * bits) / 32 };
};

/** [blocks, words of a block, columns] from [columns, blocks, words of a block]; 0 beyond the last. */
const packWeights = (tensor: Tensor, { n, b4, blocks, words }: Extents): Operand => ({
  packed: packOnce(tensor, `words of ${n} columns side by side, ${blocks} blocks of ${words}`, () => {
    const { buffer, byteOffset, byteLength } = tensor.data;
    const bytes = new DataView(buffer, byteOffset, byteLength);
    const packed = new Uint32Array(blocks * words * 4 * b4);
    for (let column = 0; column < n; column++) {
      for (let word = 0; word < blocks * words; word++) {
        packed[word * 4 * b4 + column] = bytes.getUint32(4 * (column * blocks * words + word), true);
      }
    }
    return packed;
  }),
});

/** [blocks, columns] of numbers that are given for [columns, blocks]. */
const packPerBlock = (
  tensor: Tensor,
  layout: string,
  { n, b4, blocks }: Extents,
  at: (column: number, block: number) => number,
): Operand => ({
  packed: packOnce(tensor, `${layout} of ${n} columns side by side, ${blocks} blocks`, () => {
    const packed = new Float32Array(blocks * 4 * b4);
    for (let column = 0; column < n; column++)
      for (let block = 0; block < blocks; block++) packed[block * 4 * b4 + column] = at(column, block);
    return packed;
  }),
});

const packScales = (tensor: Tensor, extents: Extents): Operand => {
  const numbers = toNumbers(tensor.type, tensor.data);
  return packPerBlock(tensor, 'numbers', extents, (column, block) => numbers[column * extents.blocks + block] as number);
};

/** Zero points as numbers, or packed like the weights, each column in whole bytes. */
const packZeros = (tensor: Tensor, bits: number, extents: Extents): Operand => {
  if (tensor.type !== 'uint8') return packScales(tensor, extents);
  const bytes = tensor.data as Uint8Array;
  const row = ceilDiv(extents.blocks * bits, 8);
  return packPerBlock(tensor, `elements of ${bits} bits`, extents, (column, block) => {
    const byte = bytes[column * row + Math.floor((block * bits) / 8)] as number;
    return (byte >> ((block * bits) % 8)) & (2 ** bits - 1);
  });
};

/** True where scales and zero points are constants, so that they can be packed with the weights. */
export const packsNBits = ({ inputs }: KernelRequest): boolean =>
  inputs[2]?.tensor !== undefined && (!inputs[3] || inputs[3].tensor !== undefined) && sizeOf(inputs[0]!.shape) > 0;

export const lowerPackedNBits = (request: KernelRequest): Dispatch => {
  const { inputs, outputs, facts } = request;
  const attributes = request.attributes as MatMulNBitsAttributes;
  const { K, N, bits } = attributes;
  const [, b, scales, zeros, , bias] = inputs as readonly TensorInfo[];
  const extents = extentsOf(attributes);
  const m = sizeOf(outputs[0]!.shape) / N;
  const scale = packScales(scales!.tensor as Tensor, extents);
  const wholeVectors = N % 4 === 0;
  const epilogue = lowerEpilogue(request, scale, 4, wholeVectors ? 'elems' : 'scalars');
  const { kernel, constants, workgroups } = launch(m, extents, facts);
  return {
    kernel,
    constants: { ...constants, HAS_BIAS: Number(bias !== undefined), HAS_ZERO: Number(zeros !== undefined) },
    definitions: {
      BITS: `${bits}u`,
      ...(K % 4 !== 0 && { InputElem: 'f32' }),
      ...(wholeVectors && { Out: 'vec4f', UNIT: 4 }),
    },
    functions: {
      ...epilogue.functions,
      ...(K % 4 !== 0 ? { load: LOAD_ELEMENTS } : K % attributes.block_size === 0 ? { load: LOAD_WHOLE } : {}),
      ...(wholeVectors && { store: 'y[at / 4] = v; return true;' }),
    },
    libraries: epilogue.libraries,
    // Whatever is absent still has a binding: the scales stand in, unread.
    operands: {
      a: { input: 0 },
      b: packWeights(b!.tensor as Tensor, extents),
      scale,
      zero: zeros ? packZeros(zeros.tensor as Tensor, bits, extents) : scale,
      bias: bias ? { input: 5 } : scale,
      y: { output: 0 },
      ...epilogue.operands,
    },
    params: { m, k: K, k4: ceilDiv(K, 4), ...extents },
    workgroups,
  };
};

/** Blocks that end with the row. */
const LOAD_WHOLE = 'return a[row * params.k4 + k];';
const LOAD_ELEMENTS =
  'let c = row * params.k + 4u * k; return select(vec4f(), vec4f(a[c], a[c + 1u], a[c + 2u], a[c + 3u]), vec4u(4u * k) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.k));';

const launch = (
  m: number,
  { n4, blocks }: Extents,
  { kind, features, limits }: DeviceFacts,
): Pick<Dispatch, 'kernel' | 'constants' | 'workgroups'> => {
  const over = (columns: number, rows: number): Dispatch['workgroups'] => {
    const layers = ceilDiv(rows, limits.maxComputeWorkgroupsPerDimension);
    return [columns, ceilDiv(rows, layers), layers];
  };
  if (m <= FEW_ROWS[kind]) {
    const constants =
      kind === 'cpu' ? { COLUMNS: 4, SLICES: 1 } : { COLUMNS: 8, SLICES: 2 ** Math.min(4, Math.floor(Math.log2(blocks))) };
    return { kernel: matvecNBitsKernel, constants, workgroups: over(ceilDiv(n4, COLUMNS * constants.COLUMNS), m) };
  }
  if (kind === 'cpu' && features.includes('subgroups')) {
    return { kernel: matmulNBitsQuadsKernel, constants: {}, workgroups: over(ceilDiv(n4, 8), ceilDiv(m, 16)) };
  }
  return { kernel: matmulNBitsTiledKernel, constants: {}, workgroups: over(ceilDiv(n4, 16), ceilDiv(m, 32)) };
};
