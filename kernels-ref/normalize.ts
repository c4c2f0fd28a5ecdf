import type { Attributes } from '../src/graph/graph.js';
import { broadcastIndex, forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Everything a formula needs to know of the elements that are normalised together. */
interface Statistics {
  readonly center: number;
  readonly factor: number;
}
type Formula = (values: readonly number[], attributes: Attributes) => Statistics;

const meanAndVariance = (values: readonly number[]) => {
  const mean = sum(values) / values.length;
  return { mean, variance: sum(values.map((v) => (v - mean) ** 2)) / values.length };
};

const standard: Formula = (values, { epsilon }) => {
  const { mean, variance } = meanAndVariance(values);
  return { center: mean, factor: 1 / Math.sqrt(variance + (epsilon as number)) };
};

const rootMeanSquare: Formula = (values, { epsilon }) => ({
  center: 0,
  factor: 1 / Math.sqrt(sum(values.map((v) => v * v)) / values.length + (epsilon as number)),
});

const meanVariance: Formula = (values) => {
  const { mean, variance } = meanAndVariance(values);
  return { center: mean, factor: 1 / (Math.sqrt(variance) + 1e-9) };
};

const norm: Formula = (values, { p }) => {
  const length = p === 1 ? sum(values.map(Math.abs)) : Math.sqrt(sum(values.map((v) => v * v)));
  return { center: 0, factor: length === 0 ? 0 : 1 / length };
};

/** For each element of x the statistics of its group, which `groupOf` names by a number. */
const normalizeBy = (
  x: RefTensor,
  groupOf: (index: readonly number[]) => number,
  formula: Formula,
  attributes: Attributes,
): { y: Float64Array; statistics: Map<number, Statistics> } => {
  const members = new Map<number, number[]>();
  forEachIndex(x.shape, (index, at) => {
    const group = groupOf(index);
    const list = members.get(group) ?? [];
    members.set(group, list);
    list.push(x.data[at] as number);
  });
  const statistics = new Map([...members].map(([group, values]) => [group, formula(values, attributes)]));
  const y = new Float64Array(x.data.length);
  forEachIndex(x.shape, (index, at) => {
    const { center, factor } = statistics.get(groupOf(index)) as Statistics;
    y[at] = ((x.data[at] as number) - center) * factor;
  });
  return { y, statistics };
};

/** y * scale + bias, each read at the index that `at` gives. */
const affine = (
  y: Float64Array,
  shape: readonly number[],
  scale: RefTensor | undefined,
  bias: RefTensor | undefined,
  at: (index: readonly number[], tensor: RefTensor) => readonly number[],
): Float64Array => {
  forEachIndex(shape, (index, i) => {
    if (scale) (y[i] as number) *= scale.data[positionOf(at(index, scale), scale.shape)] as number;
    if (bias) (y[i] as number) += bias.data[positionOf(at(index, bias), bias.shape)] as number;
  });
  return y;
};

const fromAxis =
  (formula: Formula): Reference =>
  ([x, scale, bias], attributes) => {
    const axis = ((attributes.axis as number) + x!.shape.length) % x!.shape.length;
    const outer = x!.shape.slice(0, axis);
    const groupOf = (index: readonly number[]): number => positionOf(index.slice(0, axis), outer);
    const { y, statistics } = normalizeBy(x!, groupOf, formula, attributes);
    const rows = Array.from({ length: outer.reduce((a, b) => a * b, 1) }, (_, row) => statistics.get(row));
    return [
      affine(y, x!.shape, scale, bias, (index, tensor) => broadcastIndex(index, tensor.shape)),
      Float64Array.from(rows, (s) => s?.center ?? Number.NaN),
      Float64Array.from(rows, (s) => s?.factor ?? Number.NaN),
    ];
  };

export const layerNormalization = fromAxis(standard);
export const rmsNormalization = fromAxis(rootMeanSquare);

/** An instance normalisation is a group normalisation with one channel a group. */
export const groupNormalization: Reference = ([x, scale, bias], attributes) => {
  const channelAxis = attributes.channelsLast ? x!.shape.length - 1 : 1;
  const channels = x!.shape[channelAxis] as number;
  const groups = (attributes.num_groups as number | undefined) ?? channels;
  const groupOf = (index: readonly number[]): number =>
    (index[0] as number) * groups + Math.floor((index[channelAxis] as number) / (channels / groups));
  const { y } = normalizeBy(x!, groupOf, standard, attributes);
  return [affine(y, x!.shape, scale, bias, (index) => [index[channelAxis] as number])];
};

const alongAxes = (x: RefTensor, axes: readonly number[], formula: Formula, attributes: Attributes): Float64Array => {
  const reduced = axes.map((axis) => (axis + x.shape.length) % x.shape.length);
  const groupOf = (index: readonly number[]): number =>
    positionOf(
      index.map((i, axis) => (reduced.includes(axis) ? 0 : i)),
      x.shape,
    );
  return normalizeBy(x, groupOf, formula, attributes).y;
};

export const lpNormalization: Reference = ([x], attributes) => [alongAxes(x!, [attributes.axis as number], norm, attributes)];

export const meanVarianceNormalization: Reference = ([x], attributes) => [
  alongAxes(x!, (attributes.axes as readonly number[] | undefined) ?? [0, 2, 3], meanVariance, attributes),
];
