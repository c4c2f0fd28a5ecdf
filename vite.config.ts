import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumLaunch } from './test/support/chromium.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const external = ['webgpu', 'sharp', 'wgpu-matrix', /^node:/];

export default defineConfig(async ({ mode }) => ({
  build: {
    target: 'es2023',
    lib: { entry: { index: here('src/index.ts'), node: here('src/node.ts') }, formats: ['es' as const] },
    rollupOptions: { external },
  },
  test: {
    projects: [
      {
        resolve: { alias: { '#tilewise': here('src/node.ts') } },
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**'],
          pool: 'forks' as const,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        resolve: { alias: { '#tilewise': here('src/index.ts') } },
        test: {
          name: 'chromium',
          include: ['test/ops/**/*.test.ts', 'test/browser/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: mode === 'test' ? await chromiumLaunch() : {} }),
            instances: [{ browser: 'chromium' as const }],
          },
        },
      },
    ],
  },
}));
