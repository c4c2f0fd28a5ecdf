import { toDeviceWords } from '../tensor/convert.js';
import type { Tensor } from '../tensor/tensor.js';
import { ceilDiv, type Packed, packOnce } from './kernel.js';

/** Weights of [outputs, inputs, height, width] as the kernels read them: filled element by element from a function. */
const pack = (tensor: Tensor, layout: string, fill: (weight: WeightAt, extents: WeightExtents) => Float32Array): Packed =>
  packOnce(tensor, layout, () => {
    const words = toDeviceWords(tensor.type, tensor.data, layout) as Float32Array;
    const [outputs, inputs, ...window] = tensor.dims as [number, number, ...number[]];
    const [height, width] = [1, ...window].slice(-2) as [number, number];
    const taps = height * width;
    const weight: WeightAt = (o, i, tap) => (o < outputs && i < inputs ? (words[(o * inputs + i) * taps + tap] as number) : 0);
    return fill(weight, { outputs, inputs, taps, width });
  });

/** The weight of an output, an input and a tap (row * width + column); 0 for outputs and inputs beyond the last. */
type WeightAt = (output: number, input: number, tap: number) => number;

interface WeightExtents {
  readonly outputs: number;
  readonly inputs: number;
  readonly taps: number;
  readonly width: number;
}

/** Outputs that the four invocations of a workgroup of the direct kernels compute together. */
export const BLOCK_OUTPUTS = 16;

const quadsOf = (channels: number): number => 4 * ceilDiv(channels, 4);

/** [blocks of 16 outputs, taps, quads of inputs, 4 invocations] matrices: 4 outputs as columns, 4 inputs as rows. */
export const packMatrices = (tensor: Tensor): Packed =>
  pack(tensor, 'conv matrices', (weight, { outputs, inputs, taps }) => {
    const blocks = ceilDiv(outputs, BLOCK_OUTPUTS);
    const packed = new Float32Array(blocks * taps * quadsOf(inputs) * BLOCK_OUTPUTS);
    let at = 0;
    for (let block = 0; block < blocks; block++)
      for (let tap = 0; tap < taps; tap++)
        for (let i = 0; i < inputs; i += 4)
          for (let o = 0; o < BLOCK_OUTPUTS; o++)
            for (let k = 0; k < 4; k++) packed[at++] = weight(block * BLOCK_OUTPUTS + o, i + k, tap);
    return packed;
  });

/** Elements of x that the stem kernel takes at a time. */
export const STEM_ELEMENTS = 3;

/**
 * [blocks of 16 outputs, rows of the window, planes, elements / 3, 4 invocations] matrices: 4 outputs as columns, 3 elements
 * (and a filler) as rows. A plane holds all inputs, or one; the elements of a row are its taps with the inputs of the plane,
 * tap by tap.
 */
export const packStem = (tensor: Tensor, planes: number): Packed =>
  pack(tensor, `conv stem of ${planes}`, (weight, { outputs, inputs, taps, width }) => {
    const blocks = ceilDiv(outputs, BLOCK_OUTPUTS);
    const planeInputs = inputs / planes;
    const span = width * planeInputs;
    const parts = ceilDiv(span, STEM_ELEMENTS);
    const packed = new Float32Array(((blocks * planes * taps) / width) * parts * BLOCK_OUTPUTS * 4);
    let at = 0;
    for (let block = 0; block < blocks; block++)
      for (let row = 0; row < taps; row += width)
        for (let plane = 0; plane < planes; plane++)
          for (let part = 0; part < parts; part++)
            for (let o = 0; o < BLOCK_OUTPUTS; o++, at += 4)
              for (let k = 0; k < STEM_ELEMENTS; k++) {
                const element = part * STEM_ELEMENTS + k;
                const input = plane * planeInputs + (element % planeInputs);
                const tap = row + Math.floor(element / planeInputs);
                if (element < span) packed[at + k] = weight(block * BLOCK_OUTPUTS + o, input, tap);
              }
    return packed;
  });

/** [taps, whole quads of inputs, whole quads of outputs]: the matrix of an implicit matrix product. */
export const packRows = (tensor: Tensor): Packed =>
  pack(tensor, 'conv rows', (weight, { outputs, inputs, taps }) => {
    const [rows, columns] = [quadsOf(inputs), quadsOf(outputs)];
    const packed = new Float32Array(taps * rows * columns);
    let at = 0;
    for (let tap = 0; tap < taps; tap++)
      for (let i = 0; i < rows; i++) for (let o = 0; o < columns; o++) packed[at++] = weight(o, i, tap);
    return packed;
  });

/** [taps, whole quads of channels]: depthwise weights. */
export const packTaps = (tensor: Tensor): Packed =>
  pack(tensor, 'conv taps', (weight, { outputs, taps }) => {
    const columns = quadsOf(outputs);
    return Float32Array.from({ length: taps * columns }, (_, i) => weight(i % columns, 0, Math.floor(i / columns)));
  });
