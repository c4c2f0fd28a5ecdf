import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { commit } from '../vite.config.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What a host should send with the page; it works without. */
const headers = {
  // An isolated page has a clock of 5 us; another one's is too coarse for what a dispatch costs.
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  // The worker may import another library, on request; nothing may evaluate text.
  'Content-Security-Policy': "script-src 'self' https: 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'",
};

/** The page of the benchmarks and the examples: a server for development, and a static build with relative URLs. */
export default defineConfig({
  root: here('.'),
  base: './',
  cacheDir: here('../build/vite-bench'),
  define: { TILEWISE_COMMIT: JSON.stringify(commit()) },
  // Found during a run, they would reload the page under the benchmarks.
  optimizeDeps: { include: ['pbf', 'wgpu-matrix', 'uplot'] },
  server: { headers },
  preview: { headers },
  worker: { format: 'es' },
  build: {
    target: 'es2023',
    outDir: here('../build/page'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ['index.html', 'examples/digit.html', 'examples/photo.html', 'examples/camera.html'].map(here),
    },
  },
});
