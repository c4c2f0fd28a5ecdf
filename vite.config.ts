import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig, esmExternalRequirePlugin, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What the application installs; everything else is bundled. */
const peers = [
  'webgpu',
  'sharp',
  '@sparticuz/chromium',
  'wgpu-matrix',
  'fastify',
  'prom-client',
  'bullmq',
  'ioredis',
  'onnxruntime-node',
];
const node = [/^node:/, ...builtinModules];

/** WGSL without comments, blank lines and deep indentation; what stands at column 0 stays there, and nothing else does. */
export const shortenWgsl = (wgsl: string): string =>
  wgsl
    .split('\n')
    .map((line) =>
      line
        .replace(/\/\/.*/, '')
        .trimEnd()
        .replace(/^\s+/, ' '),
    )
    .filter((line) => line !== '')
    .join('\n');

const shortWgsl: Plugin = {
  name: 'short-wgsl',
  enforce: 'pre',
  async load(id) {
    if (!id.endsWith('.wgsl?raw')) return undefined;
    return `export default ${JSON.stringify(shortenWgsl(await readFile(id.slice(0, -'?raw'.length), 'utf8')))};`;
  },
};

/** The commit that is built, with '-dirty' where files were changed since; null outside of a checkout. */
export const commit = (): string | null => {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12', '--exclude', '*'], {
      cwd: here('.'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
};

/** The library build: ES modules for browsers (index) and Node (node, cli). Tests have test/vitest.config.ts. */
export default defineConfig({
  define: { TILEWISE_COMMIT: JSON.stringify(commit()) },
  plugins: [shortWgsl, esmExternalRequirePlugin({ external: node })],
  build: {
    target: 'es2023',
    minify: false,
    lib: {
      entry: {
        index: here('src/index.ts'),
        node: here('src/node.ts'),
        reparameterize: here('src/reparameterize.ts'),
        quantize: here('src/quantize/index.ts'),
        tune: here('src/tuner/index.ts'),
        cli: here('src/cli/main.ts'),
      },
      formats: ['es'],
    },
    rolldownOptions: { external: peers },
  },
});
