import { forEachIndex, positionOf, type Reference } from './reference.js';

type Formula = (values: readonly number[]) => number;

const sum: Formula = (values) => values.reduce((a, b) => a + b, 0);

/** Reductions of a list of numbers (ONNX operator definitions). */
export const formulas: Readonly<Record<string, Formula>> = {
  ReduceSum: sum,
  ReduceMean: (values) => sum(values) / values.length,
  ReduceMax: (values) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  ReduceMin: (values) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  ReduceProd: (values) => values.reduce((a, b) => a * b, 1),
  ReduceL1: (values) => sum(values.map(Math.abs)),
  ReduceL2: (values) => Math.sqrt(sum(values.map((v) => v * v))),
  ReduceSumSquare: (values) => sum(values.map((v) => v * v)),
};

/** The elements of x along the given axes, gathered for every index of the other axes. */
export const reduceAlong = (
  x: { shape: readonly number[]; data: Float64Array },
  axes: readonly number[],
  formula: Formula,
): Float64Array => {
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const lists = Array.from({ length: kept.reduce((a, b) => a * b, 1) }, (): number[] => []);
  forEachIndex(x.shape, (index, at) => {
    const to = index.map((i, axis) => (axes.includes(axis) ? 0 : i));
    lists[positionOf(to, kept)]!.push(x.data[at] as number);
  });
  return Float64Array.from(lists, formula);
};

export const reduce =
  (op: string): Reference =>
  ([x, given], { noop_with_empty_axes }) => {
    const rank = x!.shape.length;
    const axes = [...(given?.data ?? [])].map((axis) => (axis < 0 ? axis + rank : axis));
    if (axes.length === 0 && noop_with_empty_axes) return [x!.data];
    return [reduceAlong(x!, axes.length > 0 ? axes : x!.shape.map((_, axis) => axis), formulas[op] as Formula)];
  };
