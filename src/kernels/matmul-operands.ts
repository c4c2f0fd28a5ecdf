import { matmulPack } from '../../shaders/index.js';
import { toDeviceWords } from '../tensor/convert.js';
import { numberToFloat16 } from '../tensor/float16.js';
import { type ConcreteShape, sizeOf } from '../tensor/shape.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv, type Dispatch, grid, type Kernel, type Operand, packOnce, type TensorInfo } from './kernel.js';

export const matmulPackKernel: Kernel = { name: 'matmul-pack', wgsl: matmulPack };
const WORKGROUP_SIZE = 64;

/** An input seen as matrices of rows x columns, one for each index of `batch`. Its memory is row-major, or transposed. */
export interface Matrices {
  readonly input: number;
  readonly info: TensorInfo;
  readonly batch: ConcreteShape;
  readonly rows: number;
  readonly columns: number;
  readonly transposed: boolean;
}

/** Where a kernel finds matrices whose rows are whole vec4s. */
export interface VectorMatrices {
  readonly operand: Operand;
  /** Distance of two matrices, in vec4. */
  readonly pitch: number;
  /** The launch that packs them at every run. */
  readonly pack: Dispatch[];
  /** True where a vec4 is two words of four float16. */
  readonly half?: boolean;
}

const padded = (n: number): number => 4 * ceilDiv(n, 4);

/** Elements of the matrices with rows and columns padded to multiples of 4. */
const paddedSize = ({ batch, rows, columns }: Matrices): number => sizeOf([...batch, padded(rows), padded(columns)]);

/** True where the rows are whole vec4s as they stand. The rows of the right operand must be a multiple of 4 as well. */
const fits = ({ rows, columns, transposed }: Matrices, wholeRows: boolean): boolean =>
  !transposed && columns % 4 === 0 && (!wholeRows || rows % 4 === 0);

/** True where the matrices would have to be packed at every run. */
export const needsPacking = (matrices: Matrices, wholeRows: boolean): boolean =>
  !matrices.info.tensor && !fits(matrices, wholeRows);

/** True where the packed matrices can be bound. */
export const canBePacked = (matrices: Matrices, { limits }: DeviceFacts): boolean =>
  4 * paddedSize(matrices) <= Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);

/** The matrices as they stand, or packed: constants once on the host, others by a kernel into `scratch`. */
export const vectorMatrices = (matrices: Matrices, wholeRows: boolean, scratch: number, facts: DeviceFacts): VectorMatrices => {
  const { input, info, rows, columns } = matrices;
  if (fits(matrices, wholeRows)) return { operand: { input }, pitch: (rows * columns) / 4, pack: [] };
  const pitch = (padded(rows) * padded(columns)) / 4;
  if (info.tensor) {
    const packed = packOnce(info.tensor, layoutOf(matrices), () => packOnHost(matrices));
    return { operand: { packed }, pitch, pack: [] };
  }
  const size = paddedSize(matrices);
  const operand: Operand = { scratch, bytes: 4 * size };
  const pack: Dispatch = {
    kernel: matmulPackKernel,
    constants: { WORKGROUP_SIZE },
    operands: { x: { input }, y: operand },
    params: {
      count: size / 4,
      rows,
      columns,
      rows4: padded(rows),
      columns4: padded(columns) / 4,
      x_matrix: rows * columns,
      ...sourceStrides(matrices),
    },
    workgroups: grid(size / 4, WORKGROUP_SIZE, facts),
  };
  return { operand, pitch, pack: [pack] };
};

/** Constant float16 matrices as they are, half the bytes of the float32 that their products are summed in. */
export const halfMatrices = (matrices: Matrices): VectorMatrices | undefined => {
  const { tensor, dtype } = matrices.info;
  if (!tensor || dtype !== 'float16') return undefined;
  const packed = packOnce(tensor, `float16 ${layoutOf(matrices)}`, () => {
    const halves = Uint16Array.from(packOnHost(matrices), numberToFloat16);
    return new Uint32Array(halves.buffer);
  });
  return { operand: { packed }, pitch: (padded(matrices.rows) * padded(matrices.columns)) / 4, pack: [], half: true };
};

const layoutOf = ({ rows, columns, transposed }: Matrices): string =>
  `matrices of ${rows} x ${columns}${transposed ? ', transposed' : ''}, padded to multiples of 4`;

const sourceStrides = ({ rows, columns, transposed }: Matrices): { x_row: number; x_column: number } =>
  transposed ? { x_row: 1, x_column: rows } : { x_row: columns, x_column: 1 };

const packOnHost = (matrices: Matrices): Float32Array => {
  const { info, batch, rows, columns } = matrices;
  const { x_row, x_column } = sourceStrides(matrices);
  const words = toDeviceWords(info.dtype, info.tensor!.data, '') as Float32Array;
  const out = new Float32Array(paddedSize(matrices));
  const pitch = padded(rows) * padded(columns);
  for (let z = 0; z < sizeOf(batch); z++) {
    for (let r = 0; r < rows; r++) {
      const from = z * rows * columns + r * x_row;
      const to = z * pitch + r * padded(columns);
      for (let c = 0; c < columns; c++) out[to + c] = words[from + c * x_column] as number;
    }
  }
  return out;
};
