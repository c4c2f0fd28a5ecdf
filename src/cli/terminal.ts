import Table from 'cli-table3';
import { Listr, ListrLogger, ProcessOutput } from 'listr2';

/** Where a command writes: results to `out`, remarks and errors to `err`, text without a final line break. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** True where a person looks on: progress is shown. */
  readonly interactive: boolean;
}

/** Columns under a head line; a column whose name ends in '>' is aligned to the right. */
export const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string => {
  const nothing = Object.fromEntries(
    ['top', 'bottom', 'left', 'right', 'mid'].flatMap((part) =>
      [part, `${part}-mid`, `${part}-left`, `${part}-right`, `left-${part}`, `right-${part}`].map((name) => [name, '']),
    ),
  );
  const drawn = new Table({
    head: head.map((name) => name.replace(/>$/, '')),
    colAligns: head.map((name) => (name.endsWith('>') ? 'right' : 'left')),
    chars: { ...nothing, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  drawn.push(...rows.map((row) => row.map(String)));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
};

/** Runs `work` under a title with a spinner and a line of what it reports; silent where nobody looks on. */
export const withProgress = async <T>(
  terminal: Terminal,
  title: string,
  work: (report: (text: string) => void) => Promise<T>,
): Promise<T> => {
  if (!terminal.interactive) return await work(() => undefined);
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
  const task = async (context: { result?: T }, self: { output: string }): Promise<void> => {
    context.result = await work((text) => {
      self.output = text;
    });
  };
  const list = new Listr<{ result?: T }>([{ title, task }], { renderer: 'default', rendererOptions: { logger } });
  const { result } = await list.run({});
  return result as T;
};

/** 1234567 as 1,234,567. */
export const grouped = (value: number): string => value.toLocaleString('en-US');

/** A time with three significant digits. */
export const milliseconds = (ms: number): string => `${ms >= 100 ? Math.round(ms) : Number(ms.toPrecision(3))} ms`;

/** A number that fits a column: at most six significant digits. */
export const short = (value: number): string => String(Number(value.toPrecision(6)));
