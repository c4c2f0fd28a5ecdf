import type { GraphComparison, TensorComparison } from '../compare.js';
import { barChart, histogram } from '../report/charts.js';
import { plain } from '../report/format.js';
import { escapeHtml, htmlFigure, htmlPage, htmlSection, htmlTable } from '../report/html.js';
import { shapeText } from '../tensor/shape.js';
import type { OnnxRuntimeColumn } from './compare-onnxruntime.js';
import { binText, halfLines, originLines, titleOf } from './compare-print.js';

/** A comparison as plain JSON. */
export const comparisonJson = (
  { nodes, outputs, first, nonFinite, half }: GraphComparison,
  column?: OnnxRuntimeColumn,
): unknown => {
  const json = (one: TensorComparison): unknown => ({
    ...tensorJson(one),
    ...(column && one.node !== undefined && { onnxruntime: column.errors.get(one.tensor) ?? null }),
  });
  return {
    equal: first === undefined,
    first: first ? json(first) : null,
    nonFinite: nonFinite ?? null,
    half,
    ...(column && { onnxruntime: column.version }),
    nodes: nodes.map(json),
    outputs: outputs.map(json),
  };
};

const tensorJson = ({ node, op, tensor, shape, comparison, statistics }: TensorComparison): Record<string, unknown> => ({
  node: node ?? null,
  op: op ?? null,
  tensor,
  shape,
  equal: comparison.equal,
  differing: comparison.differing,
  worst: statistics.worst[0] ?? null,
  elements: statistics.worst,
  histogram: statistics.histogram,
  nonFinite: statistics.nonFinite,
  largest: statistics.largest,
});

/** A comparison as a page in one file. */
export const comparisonPage = (model: string, comparison: GraphComparison, column?: OnnxRuntimeColumn): string => {
  const { nodes, outputs, first } = comparison;
  const verdict = first
    ? `<p class="bad">First difference: ${escapeHtml(titleOf(first))}, ${first.comparison.differing} of ${first.comparison.size} elements.</p>`
    : '<p>All tensors agree.</p>';
  const remarks = [...originLines(comparison), ...halfLines(comparison)].map((line) => `<p>${escapeHtml(line)}.</p>`);
  return htmlPage({
    title: `Comparison of ${model}`,
    body: [
      verdict,
      ...remarks,
      ...(first ? [firstSection(first)] : []),
      errorsSection(comparison),
      nodeTable([...nodes, ...outputs], column),
    ].join('\n'),
  });
};

const firstSection = (first: TensorComparison): string => {
  const { worst, histogram: bins } = first.statistics;
  const rows = worst.map(({ index, actual, expected, error }) => [
    shapeText(index),
    String(actual),
    String(expected),
    error.toExponential(3),
  ]);
  const labelled = bins.map((bin, i) => ({
    ...bin,
    label: i === 0 ? 'exact' : bin.from === 0 ? `<${bin.to.toExponential(0)}` : bin.from.toExponential(0),
  }));
  const svg = histogram({
    title: `Errors of ${first.tensor}`,
    bins: labelled,
    xLabel: 'error / largest magnitude, from',
    yLabel: 'elements',
  });
  return htmlSection(
    'The first that differs',
    htmlFigure(svg, bins.map(({ count }, i) => `${binText(first, i)}: ${count}`).join('; ')),
    htmlTable('The worst elements', ['element', 'GPU>', 'expected>', 'error>'], rows),
  );
};

/** The number of digits that agree tells more than errors over many orders of magnitude. */
const digitsOf = ({ statistics: { worst, largest } }: TensorComparison): number => {
  const error = worst[0]?.error ?? 0;
  if (error === 0 || largest === 0) return error === 0 ? 16 : 0;
  return Math.min(16, Math.max(0, -Math.log10(error / largest)));
};

const MOST_BARS = 60;

const errorsSection = ({ nodes, outputs }: GraphComparison): string => {
  const all = [...nodes, ...outputs];
  const bars = all.slice(0, MOST_BARS).map((one) => ({
    label: one.node ?? one.tensor,
    value: digitsOf(one),
    text: digitsOf(one) === 16 ? 'exact' : plain(digitsOf(one), 2),
    series: one.comparison.equal ? 0 : 1,
    detail: `${one.op ?? 'whole graph'}, worst error ${one.statistics.worst[0]?.error ?? 0}`,
  }));
  const caption = all.length > MOST_BARS ? `The first ${MOST_BARS} of ${all.length}; the table has all.` : '';
  return htmlSection(
    'How many decimal digits agree',
    htmlFigure(barChart({ title: 'Digits, in the order in which nodes run', bars }), caption),
  );
};

const nodeTable = (all: readonly TensorComparison[], column?: OnnxRuntimeColumn): string => {
  const rows = all.map((one) => [
    one.node ?? one.tensor,
    one.op ?? 'whole graph',
    shapeText(one.shape),
    (one.comparison.worst?.error ?? 0).toExponential(2),
    one.statistics.largest.toExponential(2),
    `${one.comparison.differing} of ${one.comparison.size}`,
    one.comparison.equal ? 'equal' : 'differs',
    ...(column ? [(one.node !== undefined && column.errors.get(one.tensor)?.toExponential(2)) || '-'] : []),
  ]);
  const head = ['node', 'op', 'shape', 'largest error>', 'largest value>', 'beyond tolerance>', ''];
  const heads = column ? [...head, 'reference - onnxruntime>'] : head;
  return htmlSection(
    'All tensors',
    htmlTable('In the order in which nodes run', heads, rows, (row) => !all[row]?.comparison.equal),
  );
};
