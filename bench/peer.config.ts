import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Builds build/peer/bench-peer.mjs: one file that a benchmark harness loads in a page or in Node. */
export default defineConfig({
  build: {
    target: 'es2023',
    outDir: fileURLToPath(new URL('../build/peer', import.meta.url)),
    emptyOutDir: true,
    lib: { entry: fileURLToPath(new URL('bench-peer.ts', import.meta.url)), formats: ['es'], fileName: () => 'bench-peer.mjs' },
  },
});
