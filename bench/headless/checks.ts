import '../../src/node.js';
import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type File, startTests, type Task, type VitestRunner } from '@vitest/runner';
import { writeAtomically } from '../../src/cli/files.js';
import { sharedDevice } from '../../src/device/shared.js';
import { COMMIT } from '../commit.js';
import './vitest.js';
import '../../test/support/all-operators.js';

const modules = import.meta.glob(['../../test/ops/*.test.ts', '../../test/bench/core.test.ts']);
/** The tests by the names of their files, e.g. `matmul`. */
const files = new Map(Object.entries(modules).map(([path, load]) => [basename(path, '.test.ts'), load]));

const TIMEOUT_MS = 120_000;

const runner: VitestRunner = {
  config: {
    root: '',
    setupFiles: [],
    name: undefined,
    passWithNoTests: false,
    testNamePattern: undefined,
    allowOnly: false,
    sequence: { seed: 1, hooks: 'stack', setupFiles: 'list' },
    chaiConfig: undefined,
    maxConcurrency: 1,
    testTimeout: TIMEOUT_MS,
    hookTimeout: TIMEOUT_MS,
    retry: 0,
    includeTaskLocation: false,
    tags: [],
    tagsFilter: undefined,
    strictTags: false,
  },
  importFile: (name) => files.get(basename(name))?.(),
};

/** What a file's tests came to. */
interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failures: readonly { readonly test: string; readonly error: string }[];
}

const testsOf = (task: Task): Task[] => ('tasks' in task ? task.tasks.flatMap(testsOf) : [task]);

const resultOf = (name: string, file: File | undefined): FileResult => {
  const tests = file ? testsOf(file) : [];
  const failed = tests.filter(({ result }) => result?.state !== 'pass');
  const own = file?.result?.errors?.map(({ message }) => ({ test: name, error: message })) ?? [];
  const failures = failed.map(({ name: test, result }) => ({ test, error: result?.errors?.[0]?.message ?? 'did not run' }));
  return { file: name, passed: tests.length - failed.length, failures: [...own, ...failures] };
};

/** Marks the line of a child's output that holds its result. */
const MARK = '@result ';

const runOne = async (name: string): Promise<void> => {
  const [file] = await startTests([name], runner);
  process.stdout.write(`\n${MARK}${JSON.stringify(resultOf(name, file))}\n`, () => process.exit(0));
};

/** Each file in a process of its own, so that a crash of the driver ends one of them. */
const runInChild = (name: string): FileResult => {
  const { stdout, stderr, signal, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--file', name], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const line = stdout.split('\n').find((text) => text.startsWith(MARK));
  if (line) return JSON.parse(line.slice(MARK.length)) as FileResult;
  const error = `the process ended with ${signal ?? `exit code ${status}`}: ${stderr.trim().split('\n').at(-1) ?? ''}`;
  return { file: name, passed: 0, failures: [{ test: name, error }] };
};

const runAll = async (only: string, json: string | undefined, machine: string): Promise<number> => {
  const names = [...files.keys()].filter((name) => name.includes(only)).sort();
  if (names.length === 0) throw new Error(`no tests are named '${only}'; there are: ${[...files.keys()].join(', ')}`);
  const { facts } = await sharedDevice();
  console.log(`tests of ${names.length} files on ${facts.description} (${facts.kind})`);
  const results: FileResult[] = [];
  for (const [i, name] of names.entries()) {
    const result = runInChild(name);
    results.push(result);
    console.log(`${i + 1}/${names.length} ${name}: ${result.passed} passed, ${result.failures.length} failed`);
    for (const { test, error } of result.failures) console.log(`  FAILED ${test}: ${error}`);
  }
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failures.length, 0);
  console.log(`${passed} passed, ${failed} failed`);
  const { description, vendor, architecture, kind, features } = facts;
  const report = {
    machine,
    adapter: { description, vendor, architecture, kind },
    features,
    versions: { node: process.versions.node },
    commit: COMMIT,
    date: new Date().toISOString(),
    passed,
    failed,
    files: results,
  };
  if (json !== undefined) await writeAtomically(json, `${JSON.stringify(report, null, 2)}\n`);
  return failed > 0 ? 1 : 0;
};

const { values } = parseArgs({
  options: {
    file: { type: 'string' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    machine: { type: 'string', default: hostname() },
  },
});

if (values.file !== undefined) await runOne(values.file);
else process.exit(await runAll(values.only, values.json, values.machine));
