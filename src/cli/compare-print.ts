import type { GraphComparison, TensorComparison } from '../compare.js';
import { plain } from '../report/format.js';
import type { OnnxRuntimeColumn } from './compare-onnxruntime.js';
import { type Terminal, table } from './terminal.js';

export const printComparison = (terminal: Terminal, comparison: GraphComparison, column?: OnnxRuntimeColumn): void => {
  const { nodes, outputs, first } = comparison;
  const rows = [...nodes, ...outputs].map(({ node, op, tensor, comparison: found }) => [
    node ?? tensor,
    op ?? 'whole graph',
    found.worst ? found.worst.error.toExponential(2) : '0',
    `${found.differing} of ${found.size}`,
    found.equal ? 'equal' : 'DIFFERS',
    ...(column ? [(node !== undefined && column.errors.get(tensor)?.toExponential(2)) || '-'] : []),
  ]);
  const further = column ? ['reference - onnxruntime>'] : [];
  terminal.out(table(['node', 'op', 'largest error>', 'beyond tolerance>', '', ...further], rows));
  terminal.out('');
  if (column) terminal.out(`onnxruntime ${column.version} on the CPU: largest error over largest magnitude\n`);
  for (const line of [...originLines(comparison), ...halfLines(comparison)]) terminal.out(line);
  if (first) for (const line of firstLines(first)) terminal.out(line);
  else
    terminal.out(
      `the GPU agrees with ${nodes.length > 0 ? 'the reference on' : 'what is expected of'} all ${nodes.length || outputs.length} tensors of the graph`,
    );
};

export const titleOf = ({ node, op, tensor }: TensorComparison): string =>
  node === undefined ? `output '${tensor}' of the whole graph` : `${op} '${node}'`;

const firstLines = (first: TensorComparison): string[] => {
  const { differing, size } = first.comparison;
  const { worst, histogram } = first.statistics;
  const element = worst[0];
  const at = element ? `; worst at [${element.index.join(', ')}]: GPU ${element.actual}, reference ${element.expected}` : '';
  const rows = worst.map(({ index, actual, expected, error }) => [
    `[${index.join(', ')}]`,
    actual,
    expected,
    error.toExponential(2),
  ]);
  const most = Math.max(...histogram.map(({ count }) => count), 1);
  const bars = histogram.map(({ count }, i) => [binText(first, i), count, '#'.repeat(Math.ceil((40 * count) / most))]);
  return [
    table(['element', 'GPU>', 'expected>', 'error>'], rows),
    '',
    table(['error / largest magnitude', 'elements>', ''], bars),
    '',
    `first difference: ${titleOf(first)}, ${differing} of ${size} elements${at}`,
  ];
};

/** What errors a bin of the histogram holds, in words. */
export const binText = ({ statistics }: TensorComparison, i: number): string => {
  const { from, to } = statistics.histogram[i] as { from: number; to: number };
  if (i === 0) return 'exact';
  if (from === 0) return `up to ${to.toExponential(0)}`;
  return Number.isFinite(to)
    ? `${from.toExponential(0)} to ${to.toExponential(0)}`
    : `${from.toExponential(0)} and more, or not finite`;
};

/** What is to be said about NaN and infinity. */
export const originLines = ({ nonFinite }: GraphComparison): string[] => {
  if (!nonFinite) return [];
  const { kind, op, node, expected } = nonFinite;
  return [
    `${kind} comes from ${op} '${node}', whose inputs are finite${expected ? ', as is expected: the model does it' : ': its kernel does it'}`,
  ];
};

/** What is to be said about float16. */
export const halfLines = ({ half }: GraphComparison): string[] => {
  if (half.overflowing.length === 0) {
    return half.headroom === Number.POSITIVE_INFINITY
      ? []
      : [`float16 could hold all values of this run; the largest could be ${plain(half.headroom)} times as large`];
  }
  const tensors = half.overflowing.map(
    ({ tensor, overflows, size, largest }) => `'${tensor}' (${overflows} of ${size}, up to ${plain(largest)})`,
  );
  return [`float16 would overflow in ${tensors.join(', ')}`, `nodes that must stay float32: ${half.keepFloat32.join(', ')}`];
};
