import { describe, expect, it } from 'vitest';
import { library } from '../shaders/index.js';
import { epilogueLibraries } from '../src/kernels/epilogue.js';
import { packParams, reflect, specialize } from '../src/kernels/specialize.js';
import { operators } from '../src/ops/index.js';
import { shortenWgsl } from '../vite.config.js';
import { testDevice } from './support/device.js';
import { filesUnder, readSource } from './support/imports.js';
import { nullDevice } from './support/null-device.js';

const files = filesUnder('shaders', '.wgsl');
const kernels = files.filter((file) => !file.startsWith('shaders/lib/'));
const libraries = files.filter((file) => file.startsWith('shaders/lib/'));
/** The helpers that an epilogue may call: they take scalars and vectors alike. */
const elementwise = epilogueLibraries([...operators.keys()].map((op) => ({ op, attributes: {} })));
const helpers = elementwise.map((stem) => library[stem]).join('\n');

/** Errors and warnings, with the line of the file that they stand on. */
const messagesOf = async (label: string, code: string): Promise<string[]> => {
  const gpu = /^enable chromium_/m.test(code) ? await nullDevice() : (await testDevice()).gpu;
  gpu.pushErrorScope('validation');
  const info = await gpu.createShaderModule({ label, code }).getCompilationInfo();
  await gpu.popErrorScope();
  return info.messages
    .filter(({ type }) => type !== 'info')
    .map(({ type, lineNum, message }) => `${label}:${lineNum} ${type}: ${message}`);
};

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;
const withoutComments = (wgsl: string): string => wgsl.replace(/\/\/.*/g, '');

/** Size of the uniform struct, as WGSL lays out scalars, vec4s and arrays of vec4s. */
const paramsSize = (wgsl: string): number => {
  const body = /struct Params \{([^}]*)\}/.exec(withoutComments(wgsl))?.[1] ?? '';
  let offset = 0;
  for (const [, type] of body.matchAll(/\w+\s*:\s*([^;\n]+?),?\s*\n/g)) {
    const vectors = /^array<vec4\w, ?(\d+)>$/.exec(type as string)?.[1] ?? (type?.startsWith('vec4') ? '1' : undefined);
    offset = vectors ? Math.ceil(offset / 16) * 16 + 16 * Number(vectors) : offset + 4;
  }
  return Math.ceil(offset / 16) * 16;
};

describe.each(kernels)('%s', (file) => {
  const wgsl = readSource(file);
  const code = withoutComments(wgsl);

  it('compiles as it stands, with no warning', async () => {
    expect(await messagesOf(file, wgsl)).toEqual([]);
  });

  it('compiles shortened, as in the build', async () => {
    expect(await messagesOf(file, shortenWgsl(wgsl))).toEqual([]);
    expect({ ...reflect(shortenWgsl(wgsl)) }).toEqual({ ...reflect(wgsl) });
  });

  it('declares only what reflect understands', () => {
    const { bindings, overrides, params } = reflect(wgsl);
    expect(bindings, 'a binding is not written as reflect wants it').toHaveLength(count(code, /@binding/g));
    expect(bindings.map(({ index }) => index)).toEqual(bindings.map((_, i) => i));
    expect(overrides.size, 'an override is not at column 0 with a type').toBe(count(code, /\boverride\s/g));
    expect(count(code, /@group\(0\)/g), 'a binding outside group 0').toBe(count(code, /@group/g));
    const zeros = Object.fromEntries(params.map(({ name }) => [name, 0]));
    expect(packParams(wgsl, zeros).byteLength).toBe(paramsSize(wgsl));
    expect(bindings.some(({ type }) => type === 'uniform')).toBe(params.length > 0);
  });

  it('begins with its formula and has one entry point, main', () => {
    expect(wgsl.split('\n')[0]).toMatch(/^\/\/ .*(=|<-)/);
    expect(wgsl.split('\n')[1], 'the second line tells the layout of the tensors').toMatch(/^\/\/ /);
    expect(count(code, /@compute/g)).toBe(1);
    expect(count(code, /^fn main\(/gm)).toBe(1);
  });

  it('keeps the conventions for names', () => {
    const named = (pattern: RegExp): string[] => [...code.matchAll(pattern)].map((m) => m[1] as string);
    const lower = [...named(/\bfn (\w+)/g), ...named(/\b(?:let|var)(?:<\w+>)? (\w+)/g)].filter(
      (name) => !/^[a-z][a-z0-9_]*$/.test(name),
    );
    const upper = [...named(/^override (\w+)/gm), ...named(/^const (\w+)/gm)].filter((name) => !/^[A-Z][A-Z0-9_]*$/.test(name));
    const types = [...named(/^struct (\w+)/gm), ...named(/^alias (\w+)/gm)].filter((name) => !/^[A-Z][A-Za-z0-9]*$/.test(name));
    expect({ lower, upper, types }).toEqual({ lower: [], upper: [], types: [] });
  });
});

describe('kernels with an epilogue', () => {
  const fusing = kernels.filter((file) => /^fn epilogue/m.test(readSource(file)));

  it.each(fusing)('%s compiles with every helper that an epilogue may call', async (file) => {
    const wgsl = readSource(file);
    const float = /^alias Elem = (f32|vec4f);/m.test(wgsl) ? wgsl : specialize(wgsl, { Elem: 'f32' });
    const all = `${float}\n${helpers}`;
    expect(await messagesOf(file, all)).toEqual([]);
    expect(await messagesOf(file, shortenWgsl(all))).toEqual([]);
  });
});

describe.each(libraries)('%s', (file) => {
  const wgsl = readSource(file);

  const compiledWith = (elem: string): Promise<string[]> =>
    messagesOf(file, `${wgsl}\nalias Elem = ${elem};\nalias B = ${elem};`);

  it('compiles for the element types that its kernels have', async () => {
    if (elementwise.includes(file.replace(/^.*\/(.*)\.wgsl$/, '$1'))) {
      expect([...(await compiledWith('f32')), ...(await compiledWith('vec4f'))]).toEqual([]);
    } else {
      const results = await Promise.all(['f32', 'i32', 'u32'].map(compiledWith));
      expect(results, 'none of f32, i32 and u32 compiles').toContainEqual([]);
    }
  });

  it('begins with a formula, and has no binding and no entry point', () => {
    expect(wgsl.split('\n')[0]).toMatch(/^\/\/ /);
    expect(withoutComments(wgsl)).not.toMatch(/@binding|@compute|@group|^override/m);
  });
});

describe('the checks themselves', () => {
  it('see an error and a warning', async () => {
    expect(await messagesOf('wrong.wgsl', 'fn main() { let x = ; }')).toEqual([expect.stringMatching(/^wrong\.wgsl:1 error/)]);
    const unreachable = 'fn f() -> u32 {\n  return 1u;\n  return 2u;\n}';
    expect(await messagesOf('odd.wgsl', unreachable)).toEqual([expect.stringMatching(/^odd\.wgsl:3 warning/)]);
  });

  it('shorten keeps the code specialisable', () => {
    const wgsl =
      '// y = x\nalias Elem = f32; // or vec4f\n\nfn epilogue(v: Elem) -> Elem { return v; }\nfn f() -> u32 {\n    const N = 3u; // inner\n  return N;\n}\n';
    const short = shortenWgsl(wgsl);
    expect(short).toBe(
      'alias Elem = f32;\nfn epilogue(v: Elem) -> Elem { return v; }\nfn f() -> u32 {\n const N = 3u;\n return N;\n}',
    );
    expect(() => specialize(short, { N: 4 })).toThrow('no const or alias named N');
    expect(specialize(short, { Elem: 'vec4f' }, { epilogue: 'return -v;' })).toContain(
      'fn epilogue(v: Elem) -> Elem { return -v; }',
    );
  });
});
