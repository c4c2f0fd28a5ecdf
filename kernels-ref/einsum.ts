import { einsumLabels } from '../src/tensor/einsum.js';
import { forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

/** Every combination of values of all labels adds the product of the inputs there to one element of the output. */
export const einsum: Reference = (given, { equation }, [result]) => {
  const tensors = given as readonly RefTensor[];
  const ranks = tensors.map((x) => x.shape.length);
  const { inputs, output } = einsumLabels(equation as string, ranks);
  const labels = [...new Set(inputs.flat())];
  const extents = labels.map((label) =>
    Math.min(
      ...tensors.flatMap((x, i) => x.shape.filter((d, axis) => inputs[i]![axis] === label && d !== 1)),
      ...(tensors.every((x, i) => x.shape.every((d, axis) => inputs[i]![axis] !== label || d === 1)) ? [1] : []),
    ),
  );
  const y = new Float64Array(result!.shape.reduce((a, b) => a * b, 1));
  forEachIndex(extents, (values) => {
    const indexAlong = (label: string): number => values[labels.indexOf(label)] as number;
    const product = tensors.reduce((soFar, x, i) => {
      const index = inputs[i]!.map((label, axis) => (x.shape[axis] === 1 ? 0 : indexAlong(label)));
      return soFar * (x.data[positionOf(index, x.shape)] as number);
    }, 1);
    (y[positionOf(output.map(indexAlong), result!.shape)] as number) += product;
  });
  return [y];
};
