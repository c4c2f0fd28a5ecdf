import { basename } from 'node:path';
import type { Command } from 'commander';
import { sharedDevice } from '../device/shared.js';
import { TilewiseError } from '../errors.js';
import { BY_RULES } from '../kernels/choice.js';
import { forgetTables, storedTables } from '../tuner/store.js';
import type { TunedEntry, TuningTable } from '../tuner/table.js';
import { boundModel, msByRules, type TuneProgress, type TuningResult, tuneGraph } from '../tuner/tune.js';
import type { CommandContext } from './context.js';
import { readBytes } from './files.js';
import { dims, positiveNumber } from './options.js';
import { milliseconds, type Terminal, table, withProgress } from './terminal.js';

interface TuneFlags {
  readonly budget: number;
  readonly dims?: ReadonlyMap<string, number>;
  readonly again?: boolean;
  readonly list?: boolean;
  readonly forget?: boolean;
  readonly json?: boolean;
}

const EXAMPLE = `
Examples:
  $ tilewise tune mobilenet.onnx
  $ tilewise tune detector.onnx segmenter.onnx --budget 120 --dims batch=4
  $ tilewise tune --list

Every way to run a convolution or a product of the models is run on random data of its shape, held against the results of
the default one, and timed on this adapter. What is clearly faster is kept on this machine, and run, bench, compare,
profile, serve and worker use it. Programs do with the session option tuning: 'stored'. A later call goes on where the
budget of an earlier one ended.
`;

export const addTune = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('tune')
    .description('measure which kernels run models fastest on this machine, and keep the results')
    .argument('[models...]', 'ONNX files')
    .option('--budget <seconds>', 'time for all measurements; the shapes with most work come first', positiveNumber, 30)
    .option('--dims <name=size>', 'size of a symbolic extent, e.g. batch=4 (default 1, repeatable)', dims)
    .option('--again', 'measure what was measured before as well')
    .option('--list', 'show what was measured on this machine')
    .option('--forget', 'forget all that was measured on this machine')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (models: string[], flags: TuneFlags) => {
      await tuneOrTell(terminal, models, flags);
      finish(0);
    });
};

const tuneOrTell = async (terminal: Terminal, models: readonly string[], flags: TuneFlags): Promise<void> => {
  if (flags.forget && flags.list) throw new TilewiseError('invalid-argument', '--list and --forget exclude each other');
  if (models.length === 0 && !flags.list && !flags.forget) {
    throw new TilewiseError('invalid-argument', 'which model is to be tuned?', { hint: 'tilewise tune MODEL.onnx' });
  }
  if (flags.forget) {
    await forgetTables();
    terminal.err('forgotten: all that was measured on this machine');
  }
  if (models.length > 0) await tuneModels(terminal, models, flags);
  if (flags.list) printStored(terminal, await storedTables(warnOn(terminal)), flags);
};

const warnOn =
  (terminal: Terminal) =>
  (message: string): void =>
    terminal.err(`note: ${message}`);

const tuneModels = async (terminal: Terminal, models: readonly string[], flags: TuneFlags): Promise<void> => {
  const files = await Promise.all(models.map(readBytes));
  const given = Object.fromEntries(flags.dims ?? []);
  const until = performance.now() + 1000 * flags.budget;
  for (const [i, path] of models.entries()) {
    const result = await withProgress(terminal, `Tuning ${basename(path)}`, async (say) => {
      say('opening the GPU');
      const device = await sharedDevice();
      const graph = await boundModel(files[i] as Uint8Array, given);
      return await tuneGraph(graph, device, {
        budgetMs: Math.max(0, until - performance.now()),
        again: flags.again ?? false,
        onProgress: (progress) => say(progressText(progress)),
        onWarning: warnOn(terminal),
      });
    });
    if (flags.json) terminal.out(JSON.stringify({ model: path, ...result }, null, 2));
    else printResult(terminal, path, result);
  }
};

const BAR = 20;

/** The share of the shapes that are done, the share of the budget that is spent, and what is measured now. */
const progressText = ({ done, total, elapsedMs, budgetMs, shapeClass = '' }: TuneProgress): string => {
  const filled = total === 0 ? BAR : Math.round((BAR * done) / total);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
  return `${bar} ${done} of ${total}, ${seconds(elapsedMs)} of ${seconds(budgetMs)} s  ${shapeClass}`;
};

const seconds = (ms: number): string => (ms / 1000).toFixed(0);

const printResult = (terminal: Terminal, path: string, { entries, measured, skipped, savedMs }: TuningResult): void => {
  printEntries(terminal, entries);
  const faster = Object.values(entries).filter(({ choice }) => choice !== BY_RULES).length;
  const known = Object.keys(entries).length - measured.length;
  const parts = [`${measured.length} shapes measured`, ...(known > 0 ? [`${known} known`] : [])];
  terminal.out(
    `${basename(path)}: ${parts.join(', ')}; ${faster} run faster than by the rules, ${milliseconds(savedMs)} a run less`,
  );
  if (skipped.length > 0) {
    terminal.err(`note: the budget did not last for ${skipped.length} shapes; the same command again goes on with them`);
  }
};

const printEntries = (terminal: Terminal, entries: Readonly<Record<string, TunedEntry>>): void => {
  const rows = Object.entries(entries).map(([shapeClass, entry]) => {
    const [byRules, ms] = [msByRules(entry), entry.ms[entry.choice] ?? 0];
    const tried = Object.keys(entry.ms).length;
    const speed = entry.choice === BY_RULES ? '' : `${(byRules / Math.max(ms, 1e-6)).toFixed(2)}x`;
    return [shapeClass, tried, milliseconds(byRules), entry.choice, milliseconds(ms), speed];
  });
  if (rows.length > 0) terminal.out(`${table(['shape', 'tried>', 'by rules>', 'taken', 'ms>', 'speed>'], rows)}\n`);
};

const printStored = (terminal: Terminal, tables: readonly TuningTable[], { json }: TuneFlags): void => {
  if (json) terminal.out(JSON.stringify(tables, null, 2));
  else if (tables.length === 0) terminal.out('nothing was measured on this machine yet: tilewise tune MODEL.onnx');
  else
    for (const { adapter, entries } of tables) {
      terminal.out(`${adapter}\n`);
      printEntries(terminal, entries);
    }
};
