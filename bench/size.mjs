// Prints what the library costs a page: everything that `import 'tilewise'` brings at once, bundled and minified.
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
/** A chunk and all that it imports at once: what the page waits for. */
const closure = (chunk, seen = new Set()) => {
  if (!chunk || seen.has(chunk)) return seen;
  seen.add(chunk);
  for (const name of chunk.imports)
    closure(
      output.find(({ fileName }) => fileName === name),
      seen,
    );
  return seen;
};
const measure = (chunks) => {
  const code = chunks.map((chunk) => chunk.code ?? '').join('');
  return { minified: Buffer.byteLength(code), compressed: gzipSync(code, { level: 9 }).byteLength };
};
const first = closure(output.find((chunk) => chunk.isEntry));
const library = measure([...first]);
const onDemand = measure(output.filter((chunk) => chunk.type === 'chunk' && !first.has(chunk)));
console.log(`size of tilewise: ${library.minified} bytes minified, ${library.compressed} gzipped (budget ${BUDGET})`);
console.log(`operators fetched when a model wants them: ${onDemand.minified} bytes minified, ${onDemand.compressed} gzipped`);
if (library.compressed > BUDGET) process.exitCode = 1;
