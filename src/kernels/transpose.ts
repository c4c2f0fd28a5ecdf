import { transpose, transposeBlock } from '../../shaders/index.js';
import { stridesOf } from '../tensor/shape.js';
import { stridedCopy } from './copy.js';
import { ceilDiv, type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';
import { collapseLoops } from './strides.js';

export const transposeKernel: Kernel = { name: 'transpose', wgsl: transpose };
export const transposeBlockKernel: Kernel = { name: 'transpose-block', wgsl: transposeBlock };
const WORKGROUP_SIZE = 64;
const TILE = 16;

export const lowerTranspose = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const x = inputs[0]!.shape;
  const strides = stridesOf(x);
  const perm = (attributes.perm as readonly number[] | undefined) ?? x.map((_, i) => x.length - 1 - i);
  const extents = outputs[0]!.shape;
  const xStrides = perm.map((axis) => strides[axis] as number);
  const matrices = asMatrices(extents, xStrides);
  const fast = matrices && (facts.kind === 'cpu' ? inBlocks(matrices, facts) : inTiles(matrices, facts));
  if (fast) return [fast];
  return stridedCopy({ x: { input: 0 }, y: { output: 0 }, extents, xStrides, yStrides: stridesOf(extents) }, facts);
};

/** A batch of matrices of x, each to be transposed. */
interface Matrices {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
}

/** The permutation as a batched matrix transpose (as NCHW <-> NHWC is); undefined where it is another one. */
const asMatrices = (extents: readonly number[], xStrides: readonly number[]): Matrices | undefined => {
  const loops = collapseLoops(extents, [xStrides, stridesOf(extents)]);
  const [columns = 1, rows = 1] = loops.extents.slice(-2);
  const [batch = 1] = loops.extents.slice(0, -2);
  const wanted = [rows * columns, 1, columns].slice(-loops.extents.length);
  const fits = loops.extents.length >= 2 && loops.extents.length <= 3;
  return fits && wanted.every((stride, k) => loops.strides[0]?.[k] === stride) ? { batch, rows, columns } : undefined;
};

const operands = { x: { input: 0 }, y: { output: 0 } };

const inBlocks = ({ batch, rows, columns }: Matrices, facts: KernelRequest['facts']): Dispatch | undefined => {
  if (rows % 4 !== 0 || columns % 4 !== 0) return undefined;
  const count = (batch * rows * columns) / 16;
  const params = { count, rows: rows / 4, columns: columns / 4 };
  return { kernel: transposeBlockKernel, operands, params, workgroups: grid(count, WORKGROUP_SIZE, facts) };
};

const inTiles = ({ batch, rows, columns }: Matrices, { limits }: KernelRequest['facts']): Dispatch | undefined => {
  const workgroups = [ceilDiv(columns, TILE), ceilDiv(rows, TILE), batch] as const;
  const wasteful = rows < TILE || columns < TILE;
  if (wasteful || Math.max(...workgroups) > limits.maxComputeWorkgroupsPerDimension) return undefined;
  return { kernel: transposeKernel, operands, params: { rows, columns }, workgroups };
};
