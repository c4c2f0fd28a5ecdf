import type { Graph, Node } from '../graph/graph.js';
import { withDefaults } from '../ops/attributes.js';
import { operatorNamed } from '../ops/index.js';
import { toNumbers } from '../tensor/convert.js';
import { bitsPerElement, type DType, integerRange } from '../tensor/dtype.js';
import { Tensor } from '../tensor/tensor.js';
import { hasNoEpilogue, Rewriter } from './rewrite.js';

const OP = 'com.microsoft.MatMulNBits';
const BLOCK_SIZES = [16, 32, 64, 128, 256];
/** Elements of one scale that is repeated where a column has one for all of it. */
const REPEATED = 128;

/**
 * MatMul or Gemm of floats and of a DequantizeLinear of constant integers of 4 or 8 bits becomes MatMulNBits, so that the
 * weights stay packed: with one scale for all, one for each column, or one for each block of a column.
 */
export const fuseQuantizedWeights = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const fused = node.op === 'MatMul' || node.op === 'Gemm' ? fuse(node, rewriter) : undefined;
    if (fused) rewriter.replace(node, [fused]);
  }
  return rewriter.finish();
};

/** A matrix of K x N in blocks of K, each with a scale and a zero point. */
interface Blocked {
  readonly k: number;
  readonly n: number;
  readonly bits: number;
  readonly block: number;
  readonly element: (k: number, n: number) => number;
  readonly scale: (block: number, n: number) => number;
  readonly zero: (block: number, n: number) => number;
  readonly hasZeros: boolean;
}

const fuse = (node: Node, rewriter: Rewriter): Node | undefined => {
  const [a = '', w, c = ''] = node.inputs;
  const { transA, transB, alpha, beta } = node.attributes;
  const isGemm = node.op === 'Gemm';
  if (!hasNoEpilogue(node) || (isGemm && (transA || alpha !== 1 || (c && beta !== 1)))) return undefined;
  const matrix = blockedMatrix(rewriter.producer(w), isGemm && transB === true, rewriter);
  const dtype = rewriter.value(a)?.dtype;
  if (!matrix || !dtype || rewriter.value(w)?.dtype !== dtype || (rewriter.value(a)?.shape?.length ?? 0) === 0) return undefined;
  const bias = c ? rewriter.value(c) : undefined;
  const isRow = bias?.shape?.at(-1) === matrix.n && bias.shape.slice(0, -1).every((d) => d === 1);
  if (c && !isRow) return undefined;
  const [b, scales, zeros] = constants(w as string, matrix, dtype, rewriter);
  const given = { K: matrix.k, N: matrix.n, bits: matrix.bits, block_size: matrix.block };
  const schema = operatorNamed(OP)?.attributes ?? {};
  return {
    name: node.name,
    op: OP,
    inputs: [a, b, scales, zeros, ...(c ? ['', c] : [])],
    outputs: node.outputs,
    attributes: withDefaults(schema, given),
  };
};

/** What a DequantizeLinear computes from constants, seen as K x N; undefined where the kernels have no such blocks. */
const blockedMatrix = (node: Node | undefined, transposed: boolean, rewriter: Rewriter): Blocked | undefined => {
  if (node?.op !== 'DequantizeLinear' || !hasNoEpilogue(node)) return undefined;
  const [tensor, scale, zero] = [0, 1, 2].map((i) => rewriter.value(node.inputs[i])?.tensor);
  if (tensor?.dims.length !== 2 || !scale || (node.inputs[2] && !zero) || tensor.size === 0) return undefined;
  const bits = bitsPerElement(tensor.type);
  if ((bits !== 4 && bits !== 8) || !integerRange(tensor.type)) return undefined;
  const [rows, columns] = tensor.dims as [number, number];
  const [k, n] = transposed ? [columns, rows] : [rows, columns];
  const along = ((node.attributes.axis as number) + 2) % 2;
  const size = node.attributes.block_size as number;
  const isAlongK = along === (transposed ? 1 : 0);
  const blocked = size > 0;
  if (scale.size > 1 && (blocked ? !isAlongK || !BLOCK_SIZES.includes(size) : isAlongK)) return undefined;
  const block =
    blocked && scale.size > 1 ? size : (BLOCK_SIZES.find((candidate) => candidate >= Math.min(k, REPEATED)) as number);
  const blocks = Math.ceil(k / block);
  const at = (other: Tensor | undefined): ((b: number, column: number) => number) => {
    if (!other) return () => 0;
    const numbers = toNumbers(other.type, other.data);
    if (other.size === 1) return () => numbers[0] as number;
    if (!blocked) return (_, column) => numbers[column] as number;
    return (b, column) => numbers[transposed ? column * blocks + b : b * n + column] as number;
  };
  const data = tensor.data as Int8Array;
  // Elements are stored from 0 on.
  const lift = -(integerRange(tensor.type) as readonly [number, number])[0];
  const zeroAt = at(zero);
  return {
    k,
    n,
    bits,
    block,
    element: (i, j) => (data[transposed ? j * k + i : i * n + j] as number) + lift,
    scale: at(scale),
    zero: (b, j) => zeroAt(b, j) + lift,
    hasZeros: zero !== undefined || lift === 0,
  };
};

/** The weights, scales and zero points of MatMulNBits. */
const constants = (name: string, matrix: Blocked, dtype: DType, rewriter: Rewriter): [string, string, string] => {
  const { k, n, bits, block, element, scale, zero, hasZeros } = matrix;
  const blocks = Math.ceil(k / block);
  const packed = (count: number, of: (i: number) => number): Uint8Array => {
    const bytes = new Uint8Array(Math.ceil((count * bits) / 8));
    for (let i = 0; i < count; i++) {
      const byte = Math.floor((i * bits) / 8);
      bytes[byte] = (bytes[byte] as number) | (of(i) << ((i * bits) % 8));
    }
    return bytes;
  };
  const columns = Array.from({ length: n }, (_, j) => packed(blocks * block, (i) => (i < k ? element(i, j) : 0)));
  const zeros = Array.from({ length: n }, (_, j) => packed(blocks, (b) => zero(b, j)));
  const scales = Array.from({ length: n * blocks }, (_, i) => scale(i % blocks, Math.floor(i / blocks)));
  const joined = (parts: readonly Uint8Array[], dims: readonly number[]): Tensor => {
    const [row = 0] = parts.map((part) => part.length);
    const bytes = new Uint8Array(parts.length * row);
    for (const [i, part] of parts.entries()) bytes.set(part, i * row);
    return new Tensor('uint8', bytes, dims);
  };
  return [
    rewriter.addTensor(`${name}.packed`, joined(columns, [n, blocks, (block * bits) / 8])),
    rewriter.addConstant(`${name}.scales`, dtype, scales, [n * blocks]),
    hasZeros ? rewriter.addTensor(`${name}.zero_points`, joined(zeros, [n * Math.ceil((blocks * bits) / 8)])) : '',
  ];
};
