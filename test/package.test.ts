import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../src/version.js';
import { ROOT } from './support/imports.js';

const OUT = join(ROOT, 'build/package');
const run = promisify(execFile);
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string;
  exports: Record<string, { default: string }>;
  bin: Record<string, string>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
};
const entry = (path: string): string => join(OUT, path.replace(/^(\.\/)?dist\//, ''));

/** The files that an entry of the built package imports, and the packages and Node modules among them. */
const importsOfBuilt = (file: string, seen = new Set<string>()): Set<string> => {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const atOnce = [...text.matchAll(/^(?:import|export)\b[^'"\n]*["']([^"']+)["'];?$/gm)];
  // Comments of bundled packages have imports of files that are not here.
  const onDemand = [...text.matchAll(/\bimport\(["'](\.[^"']+)["']\)/g)].filter(([, path]) =>
    existsSync(join(OUT, path as string)),
  );
  for (const [, specifier] of [...atOnce, ...onDemand]) {
    if (specifier?.startsWith('.')) importsOfBuilt(join(OUT, specifier), seen);
    else seen.add(specifier as string);
  }
  return seen;
};

describe('the built package', () => {
  beforeAll(async () => {
    await build({
      configFile: join(ROOT, 'vite.config.ts'),
      root: ROOT,
      mode: 'production',
      logLevel: 'warn',
      build: { outDir: OUT, emptyOutDir: true },
    });
  });

  it('has the version of package.json', () => {
    expect(VERSION).toBe(manifest.version);
  });

  it('has what package.json points at', () => {
    const paths = [...Object.values(manifest.exports).flatMap((e) => e.default ?? []), ...Object.values(manifest.bin)];
    expect(paths).toHaveLength(6);
    for (const path of paths) expect(statSync(entry(path)).isFile(), path).toBe(true);
    expect(readFileSync(entry('dist/cli.js'), 'utf8').startsWith('#!/usr/bin/env node\n')).toBe(true);
  });

  it('brings no Node module and no dependency but its own to a browser', () => {
    const outside = [...importsOfBuilt(entry('dist/index.js'))].filter((name) => !name.startsWith(OUT));
    expect(outside).toEqual(Object.keys(manifest.dependencies));
    expect(readFileSync(entry('dist/index.js'), 'utf8')).not.toMatch(/\bprocess\.|\brequire\(/);
  });

  it('asks of Node only its own modules and the declared packages', () => {
    const declared = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
    const texts = readdirSync(OUT)
      .filter((file) => file.endsWith('.js'))
      .map((file) => readFileSync(join(OUT, file), 'utf8'));
    const lazy = texts.flatMap((text) => [...text.matchAll(/\bimport\(["']([^."'][^"']*)["']\)/g)].map((m) => m[1] as string));
    const outside = ['dist/node.js', 'dist/cli.js']
      .flatMap((path) => [...importsOfBuilt(entry(path))])
      .filter((name) => !name.startsWith(OUT));
    const unknown = [...lazy, ...outside].filter(
      (name) => !declared.includes(name) && !builtinModules.includes(name.replace(/^node:/, '')),
    );
    expect(unknown).toEqual([]);
  });

  it('holds no comment of a shader', () => {
    const text = readdirSync(OUT)
      .map((file) => (file.endsWith('.js') ? readFileSync(join(OUT, file), 'utf8') : ''))
      .join('\n');
    expect(text).toContain('@compute');
    expect(text).not.toContain('// y[i] = epilogue(x[i])');
  });

  it('runs a model in plain Node', async () => {
    const script = `
      const { InferenceSession, Tensor } = await import(${JSON.stringify(entry('dist/node.js'))});
      const session = await InferenceSession.create('models/lenet5.onnx');
      const { logits } = await session.run({ input: new Tensor('float32', new Float32Array(784), [1, 1, 28, 28]) });
      console.log(JSON.stringify([logits.dims, [...logits.data].every(Number.isFinite)]));
      process.exit(0);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT });
    expect(JSON.parse(stdout)).toEqual([[1, 10], true]);
  });

  it('has a command line that knows its version', async () => {
    const { stdout } = await run(process.execPath, [entry('dist/cli.js'), '--version'], { cwd: ROOT });
    expect(stdout.trim()).toBe(manifest.version);
  });
});
