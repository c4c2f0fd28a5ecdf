// Prints what the library costs a page: everything that `import 'tilewise'` brings, bundled and minified.
// Fails above the budget. Run `npm run build` first.
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const BUDGET = 100 * 1024;

const { output } = await build({
  configFile: false,
  logLevel: 'warn',
  build: {
    write: false,
    modulePreload: false,
    rolldownOptions: {
      input: fileURLToPath(new URL('../dist/index.js', import.meta.url)),
      preserveEntrySignatures: 'strict',
    },
  },
});
const code = output.map((part) => part.code ?? '').join('');
const minified = Buffer.byteLength(code);
const compressed = gzipSync(code, { level: 9 }).byteLength;
console.log(`size of tilewise: ${minified} bytes minified, ${compressed} gzipped (budget ${BUDGET})`);
if (compressed > BUDGET) process.exitCode = 1;
