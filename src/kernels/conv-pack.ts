import { toDeviceWords } from '../tensor/convert.js';
import type { QuantizedTensor } from '../tensor/quantized-tensor.js';
import type { Tensor } from '../tensor/tensor.js';
import { ceilDiv, type Dispatch, type KernelRequest, type Packed, packOnce } from './kernel.js';

type ReadIntegers = (dispatch: Dispatch, request: KernelRequest) => Dispatch;
let readIntegers: ReadIntegers | undefined;

/** Brings what makes kernels read weights that are kept as integers: the module integer-weights.ts, which few models want. */
export const readIntegersBy = (read: ReadIntegers): void => {
  readIntegers = read;
};

/** The weights as they are kept, where these are integers. */
export const integersOf = (tensor: Tensor | undefined): QuantizedTensor | undefined =>
  (tensor as QuantizedTensor | undefined)?.integers && (tensor as QuantizedTensor);

/** The launch of a kernel of this module's layouts, or of the general one, for weights of either kind. */
export const readWeights: ReadIntegers = (dispatch, request) =>
  integersOf(request.inputs[1]?.tensor) ? (readIntegers as ReadIntegers)(dispatch, request) : dispatch;

/** Weights of [outputs, inputs, height, width] as the kernels read them: filled element by element from a function. */
const pack = (tensor: Tensor, layout: string, fill: (weight: WeightAt, extents: WeightExtents, make: Make) => Elements): Packed =>
  packOnce(tensor, layout, () => {
    const kept = integersOf(tensor);
    const words = kept?.integers.elements ?? toDeviceWords(tensor.type, tensor.data, layout);
    const [outputs, inputs, ...window] = tensor.dims as [number, number, ...number[]];
    const [height, width] = [1, ...window].slice(-2) as [number, number];
    const taps = height * width;
    const weight: WeightAt = (o, i, tap) => (o < outputs && i < inputs ? (words[(o * inputs + i) * taps + tap] as number) : 0);
    const filled = fill(weight, { outputs, inputs, taps, width }, (length) =>
      kept ? new Int8Array(length) : new Float32Array(length),
    );
    return kept ? kept.words(filled as Int8Array) : (filled as Float32Array);
  });

type Elements = Float32Array | Int8Array;
type Make = (length: number) => Elements;

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
  pack(tensor, 'conv matrices', (weight, { outputs, inputs, taps }, make) => {
    const blocks = ceilDiv(outputs, BLOCK_OUTPUTS);
    const packed = make(blocks * taps * quadsOf(inputs) * BLOCK_OUTPUTS);
    let at = 0;
    for (let block = 0; block < blocks; block++)
      for (let tap = 0; tap < taps; tap++)
        for (let i = 0; i < inputs; i += 4)
          for (let o = 0; o < BLOCK_OUTPUTS; o++)
            for (let k = 0; k < 4; k++) packed[at++] = weight(block * BLOCK_OUTPUTS + o, i + k, tap);
    return packed;
  });

/** [quads of outputs, taps, quads of inputs] matrices of the same kind; every quad of outputs is of one group. */
export const packGroups = (tensor: Tensor): Packed =>
  pack(tensor, 'conv groups', (weight, { outputs, inputs, taps }, make) => {
    const packed = make(outputs * taps * quadsOf(inputs));
    let at = 0;
    for (let quad = 0; quad < outputs; quad += 4)
      for (let tap = 0; tap < taps; tap++)
        for (let i = 0; i < inputs; i += 4)
          for (let o = 0; o < 4; o++) for (let k = 0; k < 4; k++) packed[at++] = weight(quad + o, i + k, tap);
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
  pack(tensor, `conv stem of ${planes}`, (weight, { outputs, inputs, taps, width }, make) => {
    const blocks = ceilDiv(outputs, BLOCK_OUTPUTS);
    const planeInputs = inputs / planes;
    const span = width * planeInputs;
    const parts = ceilDiv(span, STEM_ELEMENTS);
    const packed = make(((blocks * planes * taps) / width) * parts * BLOCK_OUTPUTS * 4);
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

/** Outputs of an invocation of the columns kernel. */
export const COLUMNS_OUTPUTS = 8;

/** [blocks of 8 outputs, rows of the window, inputs, columns of the window, 8 outputs]. */
export const packColumns = (tensor: Tensor): Packed =>
  pack(tensor, 'conv columns', (weight, { outputs, inputs, taps, width }, make) => {
    const blocks = ceilDiv(outputs, COLUMNS_OUTPUTS);
    const packed = make(blocks * taps * inputs * COLUMNS_OUTPUTS);
    let at = 0;
    for (let first = 0; first < outputs; first += COLUMNS_OUTPUTS)
      for (let row = 0; row < taps; row += width)
        for (let i = 0; i < inputs; i++)
          for (let tap = row; tap < row + width; tap++)
            for (let o = first; o < first + COLUMNS_OUTPUTS; o++) packed[at++] = weight(o, i, tap);
    return packed;
  });

/** [taps, whole quads of inputs, whole quads of outputs]: the matrix of an implicit matrix product. */
export const packRows = (tensor: Tensor): Packed =>
  pack(tensor, 'conv rows', (weight, { outputs, inputs, taps }, make) => {
    const [rows, columns] = [quadsOf(inputs), quadsOf(outputs)];
    const packed = make(taps * rows * columns);
    let at = 0;
    for (let tap = 0; tap < taps; tap++)
      for (let i = 0; i < rows; i++) for (let o = 0; o < columns; o++) packed[at++] = weight(o, i, tap);
    return packed;
  });

/** [taps, whole quads of channels]: depthwise weights. */
export const packTaps = (tensor: Tensor): Packed =>
  pack(tensor, 'conv taps', (weight, { outputs, taps }, make) => {
    const columns = quadsOf(outputs);
    return make(taps * columns).map((_, i) => weight(i % columns, 0, Math.floor(i / columns)));
  });
