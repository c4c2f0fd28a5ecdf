// Makes build/headless/tilewise-headless.tar.gz: Node, Dawn, the command line with its benchmarks, the kernel tests and a
// software Vulkan adapter, for a bare Linux machine (x86-64). Beside it lies run.sh, which unpacks and runs it.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { build } from 'vite';

const LIMIT = 64e6;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const target = here('../../build/headless');
const folder = join(target, 'tilewise-headless');
const packageFolder = (name) => dirname(createRequire(import.meta.url).resolve(`${name}`));

rmSync(target, { recursive: true, force: true });
console.log('building the command line and the tests');
await build({ configFile: here('vite.config.ts'), logLevel: 'error' });

console.log('copying Node, Dawn and SwiftShader');
const dawn = packageFolder('webgpu');
const app = (path) => join(folder, 'app', path);
mkdirSync(join(folder, 'bin'), { recursive: true });
cpSync(process.execPath, join(folder, 'bin/node'), { dereference: true });
for (const file of ['index.js', 'package.json', 'LICENSE.md', 'dist/linux-x64/dawn.node']) {
  cpSync(join(dawn, file), app(`node_modules/webgpu/${file}`));
}
for (const path of ['package.json', 'LICENSE', 'models/lenet5.onnx', 'models/lenet5.preprocessing.json', 'models/digits']) {
  cpSync(here(`../../${path}`), app(path), { recursive: true });
}
cpSync(here('run.sh'), join(folder, 'run.sh'));
chmodSync(join(folder, 'run.sh'), 0o755);

const vulkan = join(folder, 'vulkan');
mkdirSync(vulkan);
const archive = readFileSync(join(packageFolder('@sparticuz/chromium'), '../../bin/swiftshader.tar.br'));
execFileSync('tar', ['-x', '-C', vulkan, 'libvulkan.so.1', 'libvk_swiftshader.so', 'vk_swiftshader_icd.json'], {
  input: brotliDecompressSync(archive),
});

console.log('packing');
const packed = join(target, 'tilewise-headless.tar.gz');
execFileSync('tar', ['-c', '--use-compress-program=gzip -9', '-f', packed, '-C', target, 'tilewise-headless']);
rmSync(folder, { recursive: true });
cpSync(here('run.sh'), join(target, 'run.sh'));
const { size } = statSync(packed);
console.log(`${packed}: ${(size / 1e6).toFixed(1)} MB (limit ${LIMIT / 1e6} MB)`);
if (size > LIMIT) process.exitCode = 1;
