import { plain } from '../../src/report/format.js';
import type { Change } from '../changes.js';
import type { BenchResult } from '../results.js';

/** A line of the table: a result, and how it stands beside a saved one. */
export interface Row {
  readonly result: BenchResult;
  readonly change?: Change | undefined;
}

export interface Column {
  readonly id: string;
  readonly title: string;
  readonly text: (row: Row) => string;
  /** What it is sorted by; nothing sorts last. */
  readonly key: (row: Row) => number | string | undefined;
}

const positive = (value: number): string => (value > 0 ? plain(value) : '');
const number = (id: string, title: string, of: (row: Row) => number | null | undefined, text = positive): Column => ({
  id,
  title,
  key: (row) => of(row) ?? undefined,
  text: (row) => {
    const value = of(row);
    return value === null || value === undefined ? '' : text(value);
  },
});

export const columns: readonly Column[] = [
  { id: 'name', title: 'Case', text: ({ result }) => result.name, key: ({ result }) => result.name },
  number('median', 'Median, ms', ({ result }) => result.ms.median),
  number('p95', 'p95, ms', ({ result }) => result.ms.p95),
  number('gflops', 'GFLOP/s', ({ result }) => result.gflops),
  number('gbs', 'GB/s', ({ result }) => result.gbs),
  number('roof', '% of roof', ({ result }) => result.roofPercent),
  number('images', 'Images/s', ({ result }) => result.imagesPerSecond),
  number('error', 'Error', ({ result }) => result.agreement?.error, plain),
  {
    id: 'kernels',
    title: 'Kernels',
    text: ({ result: { kernels } }) => (kernels.length > 2 ? `${kernels.length} kernels` : kernels.join(', ')),
    key: ({ result }) => result.kernels.join(),
  },
];

/** Beside a saved report: how many times as fast, with a mark where that is more than noise. */
export const changeColumn: Column = {
  id: 'change',
  title: 'Speed',
  text: ({ change }) =>
    change ? `${change.speedup.toFixed(2)}x${change.moved ? (change.speedup > 1 ? ' faster' : ' slower') : ''}` : 'new',
  key: ({ change }) => change?.speedup,
};

export interface Order {
  readonly column: string;
  readonly descending: boolean;
}

/** Sorted by a column, in the order given where equal. */
export const sorted = (rows: readonly Row[], all: readonly Column[], order: Order | undefined): Row[] => {
  const column = all.find(({ id }) => id === order?.column);
  if (!column || !order) return [...rows];
  const compare = (a: Row, b: Row): number => {
    const [x, y] = [column.key(a), column.key(b)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    const ascending =
      typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), 'en', { numeric: true });
    return order.descending ? -ascending : ascending;
  };
  return [...rows].sort(compare);
};

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The table as Markdown, with a line on the adapter above it. */
export const toMarkdown = (rows: readonly Row[], all: readonly Column[], head: string): string => {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const isText = (id: string): boolean => id === 'name' || id === 'kernels';
  return [
    head,
    '',
    line(all.map(({ title }) => title)),
    line(all.map(({ id }) => (isText(id) ? '---' : '---:'))),
    ...rows.map((row) => line(all.map(({ text }) => text(row)))),
    '',
  ].join('\n');
};
