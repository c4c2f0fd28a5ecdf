import { integerRange } from '../tensor/dtype.js';
import { PER_WORD, packedWords } from '../tensor/layout.js';
import type { Tensor } from '../tensor/tensor.js';
import { BLOCK_OUTPUTS } from './conv-pack.js';
import { ceilDiv, type Packed, packOnce } from './kernel.js';

/** A constant of 8-bit integers seen as weights: the element of an output, an input and a tap is at their strides. */
export interface ByteWeights {
  readonly tensor: Tensor;
  readonly outputs: number;
  /** Of one group. */
  readonly inputs: number;
  readonly taps: number;
  readonly strides: { readonly output: number; readonly input: number; readonly tap: number };
}

/** What makes an element signed when it is taken from it: 128 for uint8. */
export const signedOffset = ({ type }: Pick<Tensor, 'type'>): number => (integerRange(type)?.[0] === 0 ? 128 : 0);

const elementAt = ({ tensor, strides }: ByteWeights): ((output: number, input: number, tap: number) => number) => {
  const data = tensor.data as Int8Array;
  const offset = signedOffset(tensor);
  return (o, i, t) => (data[o * strides.output + i * strides.input + t * strides.tap] as number) - offset;
};

const layoutOf = ({ outputs, inputs, taps, strides }: ByteWeights): string =>
  `of ${outputs} outputs, ${inputs} inputs, ${taps} taps${strides.input === 1 ? ', inputs innermost' : ''}`;

/** [blocks of 16 outputs, taps, words of inputs, 16 outputs] words of four signed inputs; 0 beyond the last. */
export const packByteWeights = (weights: ByteWeights): Packed =>
  packOnce(weights.tensor, `bytes ${layoutOf(weights)}`, () => {
    const { outputs, inputs, taps } = weights;
    const element = elementAt(weights);
    const words = packedWords(inputs);
    const bytes = new Int8Array(ceilDiv(outputs, BLOCK_OUTPUTS) * taps * words * BLOCK_OUTPUTS * PER_WORD);
    for (let o = 0; o < outputs; o++) {
      const block = Math.floor(o / BLOCK_OUTPUTS) * taps * words;
      for (let tap = 0; tap < taps; tap++) {
        for (let i = 0; i < inputs; i++) {
          const word = (block + tap * words + Math.floor(i / PER_WORD)) * BLOCK_OUTPUTS + (o % BLOCK_OUTPUTS);
          bytes[word * PER_WORD + (i % PER_WORD)] = element(o, i, tap);
        }
      }
    }
    return new Uint32Array(bytes.buffer);
  });

/** What stands for the weights of each output in its sum, or in the bound of its sum. */
const sumWeights = (weights: ByteWeights, layout: string, term: (weight: number) => number): Int32Array =>
  packOnce(weights.tensor, `${layout} ${layoutOf(weights)}`, () => {
    const element = elementAt(weights);
    return Int32Array.from({ length: weights.outputs }, (_, o) => {
      let sum = 0;
      for (let tap = 0; tap < weights.taps; tap++) for (let i = 0; i < weights.inputs; i++) sum += term(element(o, i, tap));
      return sum;
    });
  }).words as Int32Array;

/** The sum of the signed weights of each output. */
export const sumByteWeights = (weights: ByteWeights): Int32Array => sumWeights(weights, 'sums', (weight) => weight);

/** The largest magnitude that a sum of products of the weights of one output and signed bytes can have, in part or whole. */
export const largestByteSum = (weights: ByteWeights): number =>
  128 * sumWeights(weights, 'magnitudes', Math.abs).reduce((a, b) => Math.max(a, b), 0);

/** [taps, words of channels]: depthwise weights as they stand; 0 beyond the last. */
export const packByteTaps = (weights: ByteWeights): Packed =>
  packOnce(weights.tensor, `byte taps ${layoutOf(weights)}`, () => {
    const { tensor, outputs, taps, strides } = weights;
    const data = tensor.data as Int8Array;
    const row = packedWords(outputs) * PER_WORD;
    const bytes = new Int8Array(taps * row);
    for (let tap = 0; tap < taps; tap++)
      for (let o = 0; o < outputs; o++) bytes[tap * row + o] = data[o * strides.output + tap * strides.tap] as number;
    return new Uint32Array(bytes.buffer);
  });

/** The numbers by fours: the element of an index, or the one that all share; `beyond` the last. */
export const perOutput = (numbers: readonly number[], outputs: number, beyond = 0): number[] =>
  Array.from({ length: packedWords(outputs) * PER_WORD }, (_, o) =>
    o < outputs ? (numbers[numbers.length === 1 ? 0 : o] ?? 0) : beyond,
  );
