import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Bundles the scripts of this folder to run in Node. */
export default defineConfig({
  root: here('..'),
  build: {
    ssr: true,
    rollupOptions: { input: [here('train-lenet5.ts'), here('draw-digits.ts')] },
    outDir: here('../build/train'),
    emptyOutDir: true,
    target: 'es2023',
  },
});
