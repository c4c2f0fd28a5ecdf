import type { Node, Value } from '../graph/graph.js';
import { fromNumbers } from '../tensor/convert.js';
import type { QuantizedTensor } from '../tensor/quantized-tensor.js';
import { Tensor } from '../tensor/tensor.js';
import { hasNoEpilogue, type Rewriter } from './rewrite.js';

/** y = x * scale + shift for every output channel. */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** Axis of the output channels in the weights, for operators that are linear in constant weights. */
const outputAxis = (node: Node): number | undefined => {
  if (node.op === 'Conv') return 0;
  if (node.op === 'ConvTranspose' && node.attributes.group === 1) return 1;
  return node.op === 'Gemm' && node.attributes.alpha === 1 && node.attributes.beta === 1
    ? node.attributes.transB
      ? 0
      : 1
    : undefined;
};

/** The weights and bias of a convolution or Gemm as numbers; undefined where they are not constant or not simple. */
export const linearWeights = (
  rewriter: Rewriter,
  node: Node,
): { weight: Float64Array; dims: readonly number[]; bias: Float64Array; axis: number } | undefined => {
  const axis = outputAxis(node);
  const weight = rewriter.numbers(node.inputs[1]);
  const dims = rewriter.value(node.inputs[1])?.tensor?.dims;
  if (axis === undefined || !weight || !dims) return undefined;
  const channels = dims[axis] as number;
  const bias = node.inputs[2] ? rewriter.numbers(node.inputs[2]) : new Float64Array(channels);
  if (!bias) return undefined;
  if (bias.length === channels) return { weight, dims, bias, axis };
  return bias.length === 1 ? { weight, dims, bias: new Float64Array(channels).fill(bias[0] as number), axis } : undefined;
};

/**
 * Folds an affine map per channel, which `node` applies to the result of a convolution or Gemm, into the weights of the
 * latter. `node` must be the only reader of that result. Returns false where it cannot be done.
 */
export const foldAfter = (rewriter: Rewriter, node: Node, affine: Affine, input = 0): boolean => {
  const linear = rewriter.producer(node.inputs[input]);
  if (!linear || !hasNoEpilogue(linear) || !rewriter.readOnce(node.inputs[input] as string)) return false;
  const weights = linearWeights(rewriter, linear);
  const channels = weights?.dims[weights.axis];
  if (!weights || channels === undefined || affine.scale.length !== channels) return false;
  const { weight, dims, bias, axis } = weights;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const { tensor, dtype } = rewriter.value(linear.inputs[1]) as Value;
  const scaled = (): Tensor => {
    const folded = weight.map((w, i) => w * (affine.scale[Math.floor(i / inner) % channels] as number));
    return new Tensor(dtype, fromNumbers(dtype, folded), dims);
  };
  // Weights that are kept as integers stay integers.
  const integers = axis === 0 ? (tensor as QuantizedTensor) : undefined;
  const shifted = bias.map((b, channel) => b * (affine.scale[channel] as number) + (affine.shift[channel] as number));
  const newWeight = affine.scale.every((s) => s === 1)
    ? (linear.inputs[1] as string)
    : rewriter.addTensor(`${linear.inputs[1]}.folded`, integers?.scaleRows?.(affine.scale) ?? scaled());
  const newBias = rewriter.addConstant(`${linear.name}.bias`, dtype, shifted, [channels]);
  const attributes = { ...linear.attributes, ...(node.attributes.epilogue ? { epilogue: node.attributes.epilogue } : {}) };
  const inputs = [linear.inputs[0] as string, newWeight, newBias];
  rewriter.replace(node, [{ ...linear, inputs, outputs: node.outputs.slice(0, 1), attributes }], [linear]);
  return true;
};
