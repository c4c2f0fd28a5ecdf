import { Tensor } from './tensor.js';

/** What a DequantizeLinear reads: integers, and the scales and zero points of groups of them. */
export interface Integers {
  /** Signed, of `bits`, in the order of the tensor's elements. */
  readonly elements: Int8Array;
  readonly bits: 4 | 8;
  /** How many neighbours of a row (all that has one index of the first dimension) share a scale; the last ones may be fewer. */
  readonly group: number;
  /** [rows, groups of a row] */
  readonly scales: Float32Array;
  /** [rows, groups of a row]; absent where all are 0. */
  readonly zeros: Float32Array | undefined;
}

/** Rows whose scales lie in one block of the tables of kernels. */
const BLOCK_ROWS = 16;

/**
 * A constant of float32 that is kept as integers: (integer - zero point) * scale. Kernels that know of it read the integers;
 * for all others `data` computes the floats anew whenever it is asked for.
 */
export class QuantizedTensor extends Tensor {
  readonly integers: Integers;
  readonly groups: number;

  constructor(dims: readonly number[], integers: Integers) {
    super('float32', new Float32Array(0), [0]);
    const size = integers.elements.length;
    Object.assign(this, { dims: Object.freeze([...dims]), size });
    this.integers = integers;
    this.groups = Math.ceil(size / (dims[0] as number) / integers.group);
  }

  override get data(): Float32Array {
    const { elements, group, scales, zeros } = this.integers;
    const row = elements.length / (this.dims[0] as number);
    return Float32Array.from(elements, (integer, i) => {
      const k = Math.floor(i / row) * this.groups + Math.floor((i % row) / group);
      return (integer - (zeros?.[k] ?? 0)) * (scales[k] as number);
    });
  }

  override async getData(): Promise<Float32Array> {
    return this.data;
  }

  /** The same integers with the numbers of each row times a factor. */
  scaleRows(factors: ArrayLike<number>): QuantizedTensor {
    const scales = this.integers.scales.map((s, i) => s * (factors[Math.floor(i / this.groups)] as number));
    return new QuantizedTensor(this.dims, { ...this.integers, scales });
  }

  /** True where one factor for each row does not make up for the integers. */
  get hasTables(): boolean {
    return this.groups > 1 || this.integers.zeros !== undefined;
  }

  /** Integers in the order of a kernel, packed into words, lowest first. */
  words(elements: Int8Array): Uint32Array {
    const { bits } = this.integers;
    const perWord = 32 / bits;
    const words = new Uint32Array(Math.ceil(elements.length / perWord));
    for (let i = 0; i < elements.length; i++) {
      const at = Math.floor(i / perWord);
      words[at] = (words[at] as number) | (((elements[i] as number) & (2 ** bits - 1)) << (bits * (i % perWord)));
    }
    return words;
  }

  /**
   * [groups, quads of rows, 4]: scales, and where there are zero points after each quad its -zero point * scale. The quads fill
   * whole blocks of rows; where there are several groups, these are for as many inputs as fill quads.
   */
  tables(): Float32Array {
    const { scales, zeros, group } = this.integers;
    const [rows, inputs, ...window] = this.dims as [number, number, ...number[]];
    const columns = 4 * Math.ceil(inputs / 4) * window.reduce((a, d) => a * d, 1);
    const quads = (BLOCK_ROWS / 4) * Math.ceil(rows / BLOCK_ROWS);
    const parts = zeros ? 2 : 1;
    const groups = this.groups === 1 ? 1 : Math.ceil(columns / group);
    const tables = new Float32Array(groups * quads * parts * 4);
    for (let row = 0; row < rows; row++) {
      for (let g = 0; g < this.groups; g++) {
        const k = row * this.groups + g;
        const at = (g * quads + Math.floor(row / 4)) * parts * 4 + (row % 4);
        tables[at] = scales[k] as number;
        if (zeros) tables[at + 4] = -(zeros[k] as number) * (scales[k] as number);
      }
    }
    return tables;
  }
}
