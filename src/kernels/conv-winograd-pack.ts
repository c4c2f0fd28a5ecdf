import { toDeviceWords } from '../tensor/convert.js';
import type { Tensor } from '../tensor/tensor.js';
import { ceilDiv, type Packed, packOnce } from './kernel.js';

/** Outputs along each side of a tile: F(2x2, 3x3) or F(4x4, 3x3). */
export type WinogradTile = 2 | 4;

/**
 * G: the values at the points, and at infinity, of a row of three weights as a polynomial. The points are 0, +-1, or 0,
 * +-sqrt(1/2), +-sqrt(2), of which the results lose less to rounding than of Lavin's 0, +-1, +-2. The scale of a point is
 * free; the transforms of the input and the output have what is missing here (Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", 2015; Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd
 * Convolution", 2018).
 */
const ROWS: Readonly<Record<WinogradTile, readonly (readonly [number, number, number])[]>> = {
  2: [
    [1, 0, 0],
    [0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5],
    [0, 0, 1],
  ],
  4: [
    [1, 0, 0],
    [-2 / 3, -Math.SQRT2 / 3, -1 / 3],
    [-2 / 3, Math.SQRT2 / 3, -1 / 3],
    [1 / 6, Math.SQRT2 / 6, 1 / 3],
    [1 / 6, -Math.SQRT2 / 6, 1 / 3],
    [0, 0, 1],
  ],
};

/** Weights of [outputs, inputs, 3, 3] as U = G * weight * transpose(G), summed in float64: place(o, i) + point * step. */
const pack = (tensor: Tensor, layout: string, tile: WinogradTile, places: (outputs: number, inputs: number) => Places): Packed =>
  packOnce(tensor, layout, () => {
    const words = toDeviceWords(tensor.type, tensor.data, layout) as Float32Array;
    const [outputs, inputs] = tensor.dims as [number, number];
    return transformed(words, outputs, inputs, ROWS[tile], places(outputs, inputs));
  });

/** Where the packed weights of an output and an input lie, and how far those of the next point. */
interface Places {
  readonly step: number;
  readonly at: (output: number, input: number) => number;
}

/** [points, whole quads of inputs, whole quads of outputs], 0 beyond the last. */
export const packWinogradRows = (tensor: Tensor, tile: WinogradTile): Packed =>
  pack(tensor, `winograd ${tile}x${tile} rows`, tile, (outputs, inputs) => {
    const columns = 4 * ceilDiv(outputs, 4);
    return { step: 4 * ceilDiv(inputs, 4) * columns, at: (output, input) => input * columns + output };
  });

/**
 * [points, blocks of outputs, quads of inputs, block / 16, 4 invocations] matrices: 4 outputs as columns, 4 inputs as rows,
 * 0 beyond the last.
 */
export const packWinogradMatrices = (tensor: Tensor, tile: WinogradTile, block: number): Packed =>
  pack(tensor, `winograd ${tile}x${tile} matrices of ${block}`, tile, (outputs, inputs) => {
    const row = 4 * block;
    const blockSize = ceilDiv(inputs, 4) * row;
    return {
      step: ceilDiv(outputs, block) * blockSize,
      at: (output, input) => Math.floor(output / block) * blockSize + (input >> 2) * row + 4 * (output % block) + (input & 3),
    };
  });

const transformed = (
  words: Float32Array,
  outputs: number,
  inputs: number,
  rows: readonly (readonly [number, number, number])[],
  { step, at }: Places,
): Float32Array => {
  const packed = new Float32Array(rows.length ** 2 * step);
  const g = Float64Array.from(rows.flat());
  // Four inputs of an output are neighbours in one of the layouts: what is written to each point then lies together.
  for (let quad = 0; quad < inputs; quad += 4) {
    for (let output = 0; output < outputs; output++) {
      for (let input = quad; input < Math.min(quad + 4, inputs); input++) {
        const from = 9 * (output * inputs + input);
        let to = at(output, input);
        for (let p = 0; p < g.length; p += 3) {
          const [a, b, c] = [g[p] as number, g[p + 1] as number, g[p + 2] as number];
          const left = a * words[from]! + b * words[from + 3]! + c * words[from + 6]!;
          const middle = a * words[from + 1]! + b * words[from + 4]! + c * words[from + 7]!;
          const right = a * words[from + 2]! + b * words[from + 5]! + c * words[from + 8]!;
          for (let q = 0; q < g.length; q += 3) {
            packed[to] = g[q]! * left + g[q + 1]! * middle + g[q + 2]! * right;
            to += step;
          }
        }
      }
    }
  }
  return packed;
};
