// What the kernel tests import from 'vitest', made of its own parts: @vitest/runner and @vitest/expect. Neither needs the
// rest of vitest, which is larger than everything else that a bare machine is given.
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  customMatchers,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect';
import { getCurrentTest } from '@vitest/runner';

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, onTestFinished, test } from '@vitest/runner';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

type Matching = Record<string | symbol, unknown>;

const assertion = (value: unknown, message?: string): unknown => {
  const made = chai.expect(value, message) as unknown as { withTest(test: unknown): unknown };
  const running = getCurrentTest();
  return running ? made.withTest(running) : made;
};

export const expect = Object.assign(
  assertion,
  chai.expect,
  (globalThis as Matching)[ASYMMETRIC_MATCHERS_OBJECT],
) as unknown as Matching;
setState({ assertionCalls: 0 }, expect as never);
(globalThis as Matching)[GLOBAL_EXPECT] = expect;
(chai.expect as unknown as { extend(expect: unknown, matchers: unknown): void }).extend(expect, customMatchers);
