import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { TilewiseError } from '../errors.js';
import { type CoreSet, findTests, readCoreSet, type SuiteTest } from './conformance-suite.js';
import { type Outcome, runTest, type TestResult } from './conformance-test.js';
import type { CommandContext } from './context.js';
import { readJson, writeAtomically } from './files.js';
import { type Terminal, table, withProgress } from './terminal.js';

interface ConformanceFlags {
  readonly filter?: string;
  readonly core?: string;
  readonly expect?: string;
  readonly update?: boolean;
  readonly reasons?: boolean;
  readonly json?: string;
}

const EXAMPLE = `
Examples:
  $ tilewise conformance backend/test/data --reasons
  $ tilewise conformance backend/test/data --expect passes.json

A test is a folder with model.onnx and test_data_set_*/{input,output}_*.pb, as in the folder onnx/backend/test/data of
the ONNX project and in Debian's package libonnx-testdata. Floats may differ by 1e-7 + 1e-3 |expected|; other values,
types and shapes must be equal. "refused" is a model that the library says it cannot run, before anything ran. The exit
code is 1 where a result is wrong, where a test threw, and where one listed in the file of --expect does not pass.
`;

export const addConformance = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('conformance')
    .description('run folders of ONNX backend tests')
    .argument('<dirs...>', 'folders to search for tests')
    .option('--filter <text>', 'tests whose name contains this')
    .option('--core <file>', 'totals apart for the tests of these operators and types: {"ops": [...], "types": [...]}')
    .option('--expect <file>', 'a list of tests that must pass (JSON)')
    .option('--update', 'write the tests that pass into the file of --expect')
    .option('--reasons', 'list what did not pass by its reason')
    .option('--json <file>', 'write the results as JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (folders: string[], flags: ConformanceFlags) => finish(await conformance(terminal, folders, flags)));
};

const conformance = async (terminal: Terminal, folders: readonly string[], flags: ConformanceFlags): Promise<number> => {
  if (flags.update && (flags.expect === undefined || flags.filter !== undefined)) {
    throw new TilewiseError('invalid-argument', '--update needs --expect FILE, and all tests (no --filter)');
  }
  const core = flags.core === undefined ? undefined : await readCoreSet(flags.core);
  const expected = flags.expect === undefined || flags.update ? [] : await readList(flags.expect);
  const tests = await chosenTests(folders, flags.filter);
  const results = await runAll(terminal, tests, core);
  const groups = byOperator(results);
  terminal.out(operatorTable(groups));
  if (flags.reasons) terminal.out(`\n${reasonTable(results)}`);
  terminal.out(`\n${totalsLines('all', results)}`);
  const ofCore = results.filter((result) => result.core);
  if (core) terminal.out(totalsLines('core', ofCore));
  const passed = results.filter(({ outcome }) => outcome === 'passed').map(({ name }) => name);
  if (flags.json !== undefined) await writeAtomically(flags.json, reportJson(results, groups, core));
  if (flags.update && flags.expect !== undefined) {
    await writeAtomically(flags.expect, `${JSON.stringify([...passed].sort(), null, 2)}\n`);
  }
  const lost = expected.filter((name) => name.includes(flags.filter ?? '') && !passed.includes(name));
  const broken = results.filter(({ outcome }) => outcome === 'wrong' || outcome === 'threw');
  for (const { name, outcome, reason } of broken) terminal.err(`${outcome}: ${name}: ${reason}`);
  for (const name of lost) terminal.err(`no longer passes: ${name}${whyNot(results, name)}`);
  return broken.length + lost.length > 0 ? 1 : 0;
};

/** With several folders the name of each is put before those of its tests. */
const chosenTests = async (folders: readonly string[], filter = ''): Promise<SuiteTest[]> => {
  const tests: SuiteTest[] = [];
  for (const folder of folders) {
    const prefix = folders.length > 1 ? `${basename(resolve(folder))}/` : '';
    for (const test of await findTests(folder)) tests.push({ ...test, name: `${prefix}${test.name}` });
  }
  const chosen = tests.filter(({ name }) => name.includes(filter));
  if (chosen.length > 0) return chosen;
  throw new TilewiseError('not-found', `no tests ${filter ? `with '${filter}' in their names ` : ''}in ${folders.join(', ')}`, {
    hint: 'a test is a folder with model.onnx and test_data_set_0',
  });
};

const runAll = async (terminal: Terminal, tests: readonly SuiteTest[], core: CoreSet | undefined): Promise<TestResult[]> =>
  await withProgress(terminal, `Running ${tests.length} tests`, async (report) => {
    const results: TestResult[] = [];
    for (const [i, test] of tests.entries()) {
      report(`${i + 1} of ${tests.length}: ${test.name}`);
      results.push(await runTest(test, core));
    }
    return results;
  });

const readList = async (path: string): Promise<string[]> => {
  const list = await readJson(path);
  if (Array.isArray(list) && list.every((name) => typeof name === 'string')) return list;
  throw new TilewiseError('invalid-argument', `${path} must be a list of names of tests`, { hint: '--update writes it' });
};

const whyNot = (results: readonly TestResult[], name: string): string => {
  const result = results.find((one) => one.name === name);
  return result ? ` (${result.outcome}: ${result.reason})` : ' (there is no such test)';
};

/** The results of one operator's tests. A model of several operators stands under "several operators". */
type Groups = ReadonlyMap<string, readonly TestResult[]>;

const groupBy = (results: readonly TestResult[], key: (result: TestResult) => string): Groups => {
  const groups = new Map<string, TestResult[]>();
  for (const result of results) {
    const group = groups.get(key(result));
    if (group) group.push(result);
    else groups.set(key(result), [result]);
  }
  return groups;
};

const byOperator = (results: readonly TestResult[]): Groups => {
  const groups = groupBy(results, ({ operators }) => (operators.length === 1 ? (operators[0] as string) : 'several operators'));
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const OUTCOMES: readonly Outcome[] = ['passed', 'wrong', 'refused', 'threw'];

const counts = (results: readonly TestResult[]): Record<Outcome, number> => {
  const all: Record<Outcome, number> = { passed: 0, wrong: 0, refused: 0, threw: 0 };
  for (const { outcome } of results) all[outcome]++;
  return all;
};

const operatorTable = (groups: Groups): string =>
  table(
    ['operator', 'tests>', ...OUTCOMES.map((outcome) => `${outcome}>`)],
    [...groups].map(([op, results]) => {
      const all = counts(results);
      return [op, results.length, ...OUTCOMES.map((outcome) => all[outcome] || '')];
    }),
  );

/** Reasons that differ in names and numbers alone are one. */
const reasonTable = (results: readonly TestResult[]): string => {
  const failed = results.filter(({ reason }) => reason !== undefined);
  const general = ({ outcome, reason }: TestResult): string =>
    `${outcome}: ${reason?.replace(/'[^']*'/g, "'…'").replace(/\([^)]*\)/g, '(…)')}`;
  const groups = [...groupBy(failed, general)].sort(([, a], [, b]) => b.length - a.length);
  const rows = groups.map(([reason, group]) => [group.length, reason, group[0]?.name ?? '']);
  return table(['tests>', 'reason', 'for example'], rows);
};

/** A line for all of them and, where the names begin with several folders, one for each. */
const totalsLines = (what: string, results: readonly TestResult[]): string => {
  const folders = groupBy(results, ({ name }) => (name.includes('/') ? (name.split('/')[0] as string) : '.'));
  const parts = folders.size > 1 ? [...folders].map(([folder, group]) => totalsText(`${what} of ${folder}`, group)) : [];
  return [totalsText(what, results), ...parts].join('\n');
};

const totalsText = (what: string, results: readonly TestResult[]): string => {
  const all = counts(results);
  const parts = OUTCOMES.map((outcome) => `${all[outcome]} ${outcome}`);
  return `${what}: ${results.length} tests, ${parts.join(', ')}`;
};

const reportJson = (results: readonly TestResult[], groups: Groups, core: CoreSet | undefined): string => {
  const report = {
    totals: counts(results),
    ...(core && { core: counts(results.filter((result) => result.core)) }),
    operators: Object.fromEntries([...groups].map(([op, group]) => [op, counts(group)])),
    tests: results,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
};
