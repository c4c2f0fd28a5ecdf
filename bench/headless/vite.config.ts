import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig, esmExternalRequirePlugin, type Plugin } from 'vite';
import { commit } from '../../vite.config.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Tests do nothing but side effects, and package.json says that this package's modules have none. */
const keepTests: Plugin = {
  name: 'keep-tests',
  transform: (code, id) =>
    /\/(test|bench\/headless)\/.*\.ts$/.test(id) ? { code, map: null, moduleSideEffects: true } : undefined,
};

/** Builds what a bare machine runs: the command line, and the kernel tests with the runner of vitest and without the rest. */
export default defineConfig({
  root: here('../..'),
  define: { TILEWISE_COMMIT: JSON.stringify(commit()) },
  plugins: [keepTests, esmExternalRequirePlugin({ external: [/^node:/, ...builtinModules] })],
  resolve: { alias: { vitest: here('vitest.ts'), '#tilewise': here('../../src/node.ts') } },
  build: {
    target: 'es2023',
    minify: false,
    outDir: here('../../build/headless/tilewise-headless/app/dist'),
    emptyOutDir: true,
    lib: { entry: { cli: here('../../src/cli/main.ts'), checks: here('checks.ts') }, formats: ['es'] },
    rolldownOptions: { external: ['webgpu', 'sharp', '@sparticuz/chromium'] },
  },
});
