import { expect, it } from 'vitest';
import { readSource } from './support/imports.js';

const body = (text: string, from: string): string => {
  const start = text.indexOf(from);
  expect(start, `'${from}' is not there`).toBeGreaterThan(0);
  return text.slice(start, text.indexOf('\n}', start));
};

it("RECIPE.md's own operator is the one that test/register-op.test.ts runs", () => {
  const first = "name: 'my.domain.Mish2',";
  expect(body(readSource('RECIPE.md'), first)).toBe(body(readSource('test/support/mish2.ts'), first));
});
