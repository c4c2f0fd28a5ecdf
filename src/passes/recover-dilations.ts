import type { Graph } from '../graph/graph.js';
import { greatestCommonDivisor, stridesOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { gathered } from './permuted.js';
import { Rewriter } from './rewrite.js';

/**
 * Converters write a dilated convolution as one whose kernel has zeros between its taps: constant weights that are zero
 * but at every n-th tap of an axis lose those zeros, and the convolution is dilated by n instead.
 */
export const recoverDilations = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const [x = '', weight = '', ...rest] = node.inputs;
    const tensor = node.op === 'Conv' ? rewriter.value(weight)?.tensor : undefined;
    const steps = tensor && stepsOf(tensor);
    if (!steps?.some((step) => step > 1)) continue;
    const thin = thinned(tensor as Tensor, steps);
    const given = node.attributes.dilations as readonly number[] | undefined;
    const attributes = {
      ...node.attributes,
      kernel_shape: thin.dims.slice(2),
      dilations: steps.map((step, i) => step * (given?.[i] ?? 1)),
    };
    rewriter.replace(node, [{ ...node, inputs: [x, rewriter.addTensor(`${weight}.thin`, thin), ...rest], attributes }]);
  }
  return rewriter.finish();
};

/** How far taps that are not zero lie apart along each spatial axis: all are at multiples of it, the last one too. */
const stepsOf = (tensor: Tensor): number[] => {
  const kernel = tensor.dims.slice(2);
  const steps = kernel.map((extent) => extent - 1);
  if (!steps.some((step) => step > 1)) return steps;
  const { data } = tensor;
  for (let at = 0; at < data.length && steps.some((step) => step > 1); at++) {
    if (!data[at]) continue;
    let rest = at;
    for (let axis = kernel.length - 1; axis >= 0; axis--) {
      const extent = kernel[axis] as number;
      steps[axis] = greatestCommonDivisor(steps[axis] as number, rest % extent);
      rest = Math.floor(rest / extent);
    }
  }
  return steps.map((step) => Math.max(1, step));
};

const thinned = (tensor: Tensor, steps: readonly number[]): Tensor => {
  const every = [1, 1, ...steps];
  const target = tensor.dims.map((extent, axis) => Math.ceil(extent / (every[axis] as number)));
  const strides = stridesOf(tensor.dims).map((stride, axis) => stride * (every[axis] as number));
  return gathered(tensor, target, strides);
};
