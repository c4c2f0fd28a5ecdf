// What the test reports say:
//     node .ci/tests.mjs files REPORT                       the files with failures, a line each
//     node .ci/tests.mjs summary REPORT AGAIN FAILED_STEPS  every failure, and the counts; exits with 1 where there is one
import { existsSync, readFileSync } from 'node:fs';

const resultsOf = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).testResults : []);
const failuresOf = ({ name, status, message, assertionResults }) => {
  const failed = assertionResults.filter((test) => test.status === 'failed');
  // A file whose set-up fails has no failing tests, or no tests.
  if (failed.length === 0) return status === 'failed' ? [`${name}: ${message}`] : [];
  return failed.map((test) => `${name}: ${test.fullName}\n${test.failureMessages.join('\n')}`);
};

const [task, report, again, steps = ''] = process.argv.slice(2);
if (task === 'files') {
  const files = new Set(resultsOf(report).flatMap((file) => (failuresOf(file).length > 0 ? [file.name] : [])));
  console.log([...files].join('\n'));
} else {
  const second = resultsOf(again);
  const repeated = new Set(second.map(({ name }) => name));
  const first = resultsOf(report).filter(({ name }) => !repeated.has(name));
  for (const file of resultsOf(report))
    if (repeated.has(file.name)) for (const text of failuresOf(file)) console.log(`UNSTEADY ${text}`);
  const results = [...first, ...second];
  const failures = results.flatMap(failuresOf);
  for (const text of failures) console.log(`FAILED ${text}`);
  const failedSteps = steps.split(';').filter(Boolean);
  if (failedSteps.length > 0) console.log(`failed steps: ${failedSteps.join(', ')}`);
  const passed = results.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'passed').length;
  // A failed step counts as a failure even where none of its tests ran.
  const failed = Math.max(failures.length, failedSteps.length);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
