/** What `reflect` reads from a kernel's text. */
export interface Reflection {
  readonly bindings: readonly Binding[];
  readonly params: readonly ParamField[];
  readonly overrides: ReadonlyMap<string, string>;
}

export interface Binding {
  readonly index: number;
  readonly name: string;
  readonly type: 'uniform' | 'read' | 'read_write' | 'texture' | 'external-texture' | 'sampler';
}

export interface ParamField {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
  /** Byte offset in the struct. */
  readonly offset: number;
  /** 1 for a scalar, 4n for vectors and arrays of vec4. */
  readonly length: number;
}

const BINDING = /^@group\(0\) @binding\((\d+)\) var(?:<(uniform|storage, read|storage, read_write)>)? (\w+) ?: ?([\w<>, ]+);/gm;
const OVERRIDE = /^override (\w+)\s*:\s*(\w+)/gm;
const FIELD = /^\s*(\w+)\s*:\s*(u32|i32|f32|vec4u|vec4i|vec4f|array<vec4([uif]), ?(\d+)>)\s*,?\s*(?:\/\/.*)?$/;

const reflections = new Map<string, Reflection>();

/** Bindings, Params fields and overrides of a kernel: its text is the only place where they are written down. */
export const reflect = (wgsl: string): Reflection => {
  const known = reflections.get(wgsl);
  if (known) return known;
  const bindings = [...wgsl.matchAll(BINDING)].map(
    (m): Binding => ({
      index: Number(m[1]),
      name: m[3] as string,
      type: bindingType(m[2], m[4] as string),
    }),
  );
  const overrides = new Map([...wgsl.matchAll(OVERRIDE)].map((m) => [m[1] as string, m[2] as string]));
  const reflection = { bindings, params: paramFields(wgsl), overrides };
  reflections.set(wgsl, reflection);
  return reflection;
};

const bindingType = (space: string | undefined, type: string): Binding['type'] => {
  if (space === 'uniform') return 'uniform';
  if (space === 'storage, read') return 'read';
  if (space === 'storage, read_write') return 'read_write';
  if (type === 'texture_external') return 'external-texture';
  return type === 'sampler' ? 'sampler' : 'texture';
};

const paramFields = (wgsl: string): ParamField[] => {
  const body = /^struct Params \{\n([\s\S]*?)^\}/m.exec(wgsl)?.[1];
  if (body === undefined) return [];
  const fields: ParamField[] = [];
  let offset = 0;
  for (const line of body.split('\n')) {
    if (!line.trim() || line.trim().startsWith('//')) continue;
    const m = FIELD.exec(line);
    if (!m) throw new Error(`Params field not understood: ${line}`);
    const type = m[2] as string;
    const scalar = (m[3] ?? (type.startsWith('vec4') ? type[4] : type[0])) as 'u' | 'i' | 'f';
    const length = m[4] ? 4 * Number(m[4]) : type.startsWith('vec4') ? 4 : 1;
    if (length > 1) offset = Math.ceil(offset / 16) * 16;
    fields.push({ name: m[1] as string, type: `${scalar}32`, offset, length });
    offset += 4 * length;
  }
  return fields;
};

/** The uniform bytes of a Params struct. Every field must be given, nothing else may be. */
export const packParams = (wgsl: string, values: Readonly<Record<string, number | readonly number[]>>): Uint8Array => {
  const { params } = reflect(wgsl);
  const last = params.at(-1);
  const bytes = new Uint8Array(last ? Math.ceil((last.offset + 4 * last.length) / 16) * 16 : 0);
  const view = new DataView(bytes.buffer);
  const missing = params.filter((f) => !Object.hasOwn(values, f.name)).map((f) => f.name);
  const unknown = Object.keys(values).filter((name) => !params.some((f) => f.name === name));
  if (missing.length || unknown.length) throw new Error(`Params: missing [${missing}], unknown [${unknown}]`);
  for (const { name, type, offset, length } of params) {
    const value = values[name] as number | readonly number[];
    const list = typeof value === 'number' ? [value] : value;
    if (list.length > length) throw new Error(`Params.${name} holds ${length} numbers, got ${list.length}`);
    list.forEach((v, i) => {
      const at = offset + 4 * i;
      if (type === 'f32') view.setFloat32(at, v, true);
      else if (type === 'i32') view.setInt32(at, v, true);
      else view.setUint32(at, v, true);
    });
  }
  return bytes;
};

/**
 * Replaces the right-hand sides of `const NAME = ...;` and `alias NAME = ...;` lines at column 0, and the bodies of
 * one-line functions `fn name(...) -> T { ... }`. Line numbers stay true; an unknown name throws.
 *
 *     specialize(wgsl, { Elem: 'vec4f', ROWS: 8 }, { epilogue: 'return max(v, Elem(0));' })
 */
export const specialize = (
  wgsl: string,
  definitions: Readonly<Record<string, string | number>> = {},
  functions: Readonly<Record<string, string>> = {},
): string => {
  let code = wgsl;
  for (const [name, value] of Object.entries(definitions)) {
    const line = new RegExp(`^(const|alias) ${name}( ?: ?\\w+)? = [^;]+;`, 'm');
    if (!line.test(code)) throw new Error(`no const or alias named ${name} to specialise`);
    code = code.replace(line, (_, keyword: string, type = '') => `${keyword} ${name}${type} = ${value};`);
  }
  for (const [name, body] of Object.entries(functions)) {
    const line = new RegExp(`^(fn ${name}\\([^)]*\\) -> [\\w<>]+) \\{.*\\}$`, 'm');
    if (!line.test(code)) throw new Error(`no one-line function named ${name} to specialise`);
    code = code.replace(line, (_, head: string) => `${head} { ${body} }`);
  }
  return code;
};
