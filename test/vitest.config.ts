import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumLaunch } from './support/chromium.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 };

/** The same operator tests run in Node (Dawn) and in Chromium; `#tilewise` is the entry point of each. */
export default defineConfig(async () => ({
  root: here('..'),
  test: {
    projects: [
      {
        resolve: { alias: { '#tilewise': here('../src/node.ts') } },
        test: {
          ...timeouts,
          setupFiles: [here('support/all-operators.ts')],
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**'],
          pool: 'forks' as const,
        },
      },
      {
        resolve: { alias: { '#tilewise': here('../src/index.ts') } },
        // Found during a run, they would reload the page under the tests.
        optimizeDeps: { include: ['pbf', 'wgpu-matrix', 'fast-check'] },
        test: {
          ...timeouts,
          setupFiles: [here('support/all-operators.ts')],
          name: 'chromium',
          include: ['test/ops/**/*.test.ts', 'test/browser/**/*.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: await chromiumLaunch() }),
            instances: [{ browser: 'chromium' as const }],
          },
        },
      },
    ],
  },
}));
