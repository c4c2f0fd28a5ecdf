import type { Node, Value } from '../graph/graph.js';
import { isByte } from '../ops/quantization.js';
import { toNumbers } from '../tensor/convert.js';
import { type DType, integerRange } from '../tensor/dtype.js';
import { roundHalfEven } from '../tensor/float16.js';
import type { Tensor } from '../tensor/tensor.js';

const f32 = Math.fround;

/** A value of 8-bit integers, and the one scale and zero point that say what they stand for. */
export interface Quantized {
  readonly name: string;
  readonly dtype: DType;
  /** Names of constants; the zero point may be '' for 0. */
  readonly scale: string;
  readonly zero: string;
  readonly scaleNumber: number;
  readonly zeroNumber: number;
}

/** Constant weights of 8-bit integers with their scales and zero points: one, or one for each index of an axis. */
export interface QuantizedWeights {
  readonly name: string;
  readonly tensor: Tensor;
  readonly scale: string;
  readonly zero: string;
  readonly scales: readonly number[];
}

type FindValue = (name: string | undefined) => Value | undefined;

const numbersOf = (value: Value | undefined): readonly number[] | undefined =>
  value?.tensor && [...toNumbers(value.tensor.type, value.tensor.data)];

/** What a QuantizeLinear makes, or a DequantizeLinear takes, where one scale of known numbers serves the whole tensor. */
export const quantizedBy = (node: Node | undefined, find: FindValue): Quantized | undefined => {
  if (node?.op !== 'QuantizeLinear' && node?.op !== 'DequantizeLinear') return undefined;
  const [x, scale = '', zero = ''] = node.inputs;
  const name = (node.op === 'QuantizeLinear' ? node.outputs[0] : x) as string;
  const dtype = find(name)?.dtype;
  const [scales, zeros] = [numbersOf(find(scale)), zero ? numbersOf(find(zero)) : [0]];
  const float = find(node.op === 'QuantizeLinear' ? x : node.outputs[0])?.dtype;
  if (!dtype || !isByte(dtype) || float !== 'float32' || scales?.length !== 1 || zeros?.length !== 1) return undefined;
  return { name, dtype, scale, zero, scaleNumber: scales[0] as number, zeroNumber: zeros[0] as number };
};

/** The weights that a DequantizeLinear takes: of bytes, with one scale or one for each index of the axis. */
export const quantizedWeights = (node: Node | undefined, axis: number, find: FindValue): QuantizedWeights | undefined => {
  if (node?.op !== 'DequantizeLinear' || node.attributes.block_size !== 0) return undefined;
  const [name = '', scale = '', zero = ''] = node.inputs;
  const tensor = find(name)?.tensor;
  const scales = numbersOf(find(scale));
  const along = node.attributes.axis as number;
  if (!tensor || !isByte(tensor.type) || !scales || (zero && !find(zero)?.tensor)) return undefined;
  if (scales.length !== 1 && (along < 0 ? along + tensor.dims.length : along) !== axis) return undefined;
  return { name, tensor, scale, zero, scales };
};

/** The numbers of a float constant, or of one that a DequantizeLinear of a constant computes. */
export const floatConstant = (name: string | undefined, producer: Node | undefined, find: FindValue): number[] | undefined => {
  const known = numbersOf(find(name));
  if (known) return [...known];
  if (producer?.op !== 'DequantizeLinear' || producer.attributes.block_size !== 0) return undefined;
  const [steps, scales, zeros] = producer.inputs.map((input) => numbersOf(find(input)));
  if (!steps || !scales || (producer.inputs[2] && !zeros)) return undefined;
  return steps.map((v, i) =>
    f32((v - (zeros?.[zeros.length === 1 ? 0 : i] ?? 0)) * (scales[scales.length === 1 ? 0 : i] as number)),
  );
};

/** saturate(round(v / scale) + zero), as QuantizeLinear computes it. */
export const quantizeNumber = (v: number, { dtype, scaleNumber, zeroNumber }: Quantized): number => {
  const [low, high] = integerRange(dtype) as readonly [number, number];
  const steps = f32(f32(v) / scaleNumber);
  const whole = Number.isNaN(steps) ? 0 : Number.isFinite(steps) ? roundHalfEven(steps) : steps;
  return Math.min(high, Math.max(low, whole + zeroNumber));
};

export const dequantizeNumber = (steps: number, { scaleNumber, zeroNumber }: Quantized): number =>
  f32((steps - zeroNumber) * scaleNumber);

/** The value that each of the 256 bytes stands for. */
export const bytesOf = (dtype: DType): number[] =>
  Array.from({ length: 256 }, (_, byte) => (dtype === 'int8' ? (byte << 24) >> 24 : byte));
