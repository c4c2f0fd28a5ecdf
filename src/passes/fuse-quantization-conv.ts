import type { Graph } from '../graph/graph.js';
import { toNumbers } from '../tensor/convert.js';
import { bitsPerElement, integerRange } from '../tensor/dtype.js';
import { type Integers, QuantizedTensor } from '../tensor/quantized-tensor.js';
import { isConcrete } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { hasNoEpilogue, Rewriter } from './rewrite.js';

/** Input channels below which kernels take the taps of a row together: these have no tables of scales for groups. */
const FEW_INPUTS = 8;

/**
 * Convolutions of floats whose weights a DequantizeLinear makes of constant integers of 4 or 8 bits read the integers: with
 * one scale for all, one for each output, or one for each group of an output's weights.
 */
export const keepConvolutionWeights = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  const kept = new Map<string, string>();
  for (const node of graph.nodes) {
    const [, weight = ''] = node.inputs;
    if (node.op !== 'Conv' || !rewriter.producer(weight)) continue;
    const known = kept.get(weight);
    const tensor = known === undefined ? quantizedTensor(weight, node.attributes.group === 1, rewriter) : undefined;
    if (known === undefined && !tensor) continue;
    const name = known ?? rewriter.addTensor(`${weight}.integers`, tensor as Tensor);
    kept.set(weight, name);
    rewriter.replace(node, [{ ...node, inputs: node.inputs.with(1, name) }]);
  }
  return rewriter.finish();
};

/** The constants that a value is dequantized from, perhaps in another shape. */
const sourceOf = (name: string, rewriter: Rewriter) => {
  const last = rewriter.producer(name);
  const node = last?.op === 'Reshape' ? rewriter.producer(last.inputs[0]) : last;
  if (node?.op !== 'DequantizeLinear' || !hasNoEpilogue(node)) return undefined;
  const [tensor, scale, zero] = [0, 1, 2].map((i) => rewriter.value(node.inputs[i])?.tensor);
  const isFloat32 = rewriter.value(node.outputs[0])?.dtype === 'float32';
  if (!tensor || !scale || (node.inputs[2] && !zero) || !isFloat32) return undefined;
  const { axis, block_size } = node.attributes as { axis: number; block_size: number };
  return { tensor, scale, zero, axis: (axis + tensor.dims.length) % tensor.dims.length, block: block_size };
};

type Source = NonNullable<ReturnType<typeof sourceOf>>;

const quantizedTensor = (name: string, isDense: boolean, rewriter: Rewriter): QuantizedTensor | undefined => {
  const dims = rewriter.value(name)?.shape;
  const source = sourceOf(name, rewriter);
  if (!dims || !isConcrete(dims) || !source || dims.length > 4) return undefined;
  const [rows, ...rest] = dims as readonly [number, ...number[]];
  const columns = rest.reduce((a, d) => a * d, 1);
  const { tensor } = source;
  const bits = bitsPerElement(tensor.type);
  if (tensor.dims[0] !== rows || tensor.size === 0 || (bits !== 4 && bits !== 8) || !integerRange(tensor.type)) return undefined;
  const group = groupOf(source, columns);
  if (group === undefined || (group < columns && isDense && (rest[0] as number) < FEW_INPUTS)) return undefined;
  return new QuantizedTensor(dims, { ...signed(source, bits, columns, group), bits, group });
};

/** How many neighbours of a row share a scale; undefined where others than neighbours do. */
const groupOf = ({ tensor, scale, axis, block }: Source, columns: number): number | undefined => {
  if (scale.size === 1 || (block === 0 && axis === 0)) return columns;
  return block > 0 && axis === 1 && tensor.dims[1] === columns ? Math.min(block, columns) : undefined;
};

/** The integers without zero points, or as signed ones with zero points where they do not fit so. */
const signed = (
  { tensor, scale, zero }: Source,
  bits: number,
  columns: number,
  group: number,
): Pick<Integers, 'elements' | 'scales' | 'zeros'> => {
  const [rows, groups] = [tensor.size / columns, Math.ceil(columns / group)];
  const spread = (from: Tensor | undefined): Float32Array => {
    const numbers = from ? toNumbers(from.type, from.data) : [0];
    return Float32Array.from({ length: rows * groups }, (_, k) => numbers[numbers.length === 1 ? 0 : k] as number);
  };
  const zeros = spread(zero);
  const data = tensor.data as Int8Array;
  const placeOf = (i: number): number => Math.floor(i / columns) * groups + Math.floor((i % columns) / group);
  const steps = Int16Array.from(data, (q, i) => q - (zeros[placeOf(i)] as number));
  const half = 2 ** (bits - 1);
  const scales = spread(scale);
  if (steps.every((step) => step >= -half && step < half)) return { elements: Int8Array.from(steps), scales, zeros: undefined };
  const middle = integerRange(tensor.type)?.[0] === 0 ? half : 0;
  return { elements: Int8Array.from(data, (q) => q - middle), scales, zeros: zeros.map((z) => z - middle) };
};
