import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Bundles quantization.ts to run in Node. */
export default defineConfig({
  root: here('..'),
  build: {
    ssr: true,
    rollupOptions: { input: [here('quantization.ts')] },
    outDir: here('../build/quantization'),
    emptyOutDir: true,
    target: 'es2023',
  },
});
