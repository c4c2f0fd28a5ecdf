import { TilewiseError } from '../errors.js';
import type { Attributes, AttributeValue, EpilogueStep } from '../graph/graph.js';
import type { DType } from '../tensor/dtype.js';
import { Tensor } from '../tensor/tensor.js';
import { dtypeOfOnnx } from './onnx-types.js';

/** Attribute values as a model file states them. */
export type RawAttribute = number | string | readonly number[] | readonly string[] | Tensor;

/** How one attribute is checked and what it is when the model does not state it. */
export interface AttributeField<T extends AttributeValue> {
  /** Turns a stated value into the typed one, or throws `invalid-model`. */
  parse(raw: RawAttribute, name: string): T;
  /** The value when the model states none; throws where the attribute is required. */
  missing(name: string): T;
  /** True where passes set it and model files cannot. */
  readonly internal?: boolean;
}

export type AttributeSchema<A extends Attributes> = { readonly [K in keyof A]: AttributeField<A[K]> };

const bad = (name: string, wanted: string, raw: RawAttribute): never => {
  const shown = raw instanceof Tensor ? 'a tensor' : JSON.stringify(raw);
  throw new TilewiseError('invalid-model', `attribute '${name}' must be ${wanted}, got ${shown}`);
};

const required = (name: string): never => {
  throw new TilewiseError('invalid-model', `attribute '${name}' is missing`);
};

const isNumber = (v: unknown): v is number => typeof v === 'number';

/** An integer, between `least` and `most`. Without a default it is required. */
export const int = (byDefault?: number, least = -(2 ** 31), most = 2 ** 31): AttributeField<number> => ({
  parse: (raw, name) =>
    isNumber(raw) && Number.isInteger(raw) && raw >= least && raw <= most
      ? raw
      : bad(name, `an integer from ${least} to ${most}`, raw),
  missing: (name) => byDefault ?? required(name),
});

/** An integer that may be absent. */
export const optionalInt = (): AttributeField<number | undefined> => ({ parse: int().parse, missing: () => undefined });

/** 0 or 1 in the file, a boolean here. */
export const flag = (byDefault: boolean): AttributeField<boolean> => ({
  parse: (raw, name) => (raw === 0 || raw === 1 ? raw === 1 : bad(name, '0 or 1', raw)),
  missing: () => byDefault,
});

/** A float; NaN is refused, infinities are allowed. */
export const float = (byDefault?: number): AttributeField<number> => ({
  parse: (raw, name) => (isNumber(raw) && !Number.isNaN(raw) ? raw : bad(name, 'a number', raw)),
  missing: (name) => byDefault ?? required(name),
});

/** A list of integers, each at least `least`; absent means undefined unless a default is given. */
export const ints = (least = -(2 ** 31)): AttributeField<readonly number[] | undefined> => ({
  parse: (raw, name) => {
    const list = Array.isArray(raw) ? raw : bad(name, 'a list of integers', raw);
    const good = list.every((v) => isNumber(v) && Number.isInteger(v) && v >= least && v <= 2 ** 31);
    return good ? (list as number[]) : bad(name, `a list of integers of at least ${least}`, raw);
  },
  missing: () => undefined,
});

/** One of a set of words. */
export const word = <W extends string>(words: readonly W[], byDefault: W): AttributeField<W> => ({
  parse: (raw, name) => (words.includes(raw as W) ? (raw as W) : bad(name, `one of ${words.join(', ')}`, raw)),
  missing: () => byDefault,
});

export const tensor = (): AttributeField<Tensor | undefined> => ({
  parse: (raw, name) => (raw instanceof Tensor ? raw : bad(name, 'a tensor', raw)),
  missing: () => undefined,
});

/** An element type: its ONNX number in the file, its name here. Required. */
export const dtype = (): AttributeField<DType> => ({
  parse: (raw, name) => {
    const code = isNumber(raw) && Number.isInteger(raw) ? raw : bad(name, 'the number of an element type', raw);
    return dtypeOfOnnx(code) ?? unsupportedType(name, code);
  },
  missing: required,
});

const unsupportedType = (name: string, code: number): never => {
  throw new TilewiseError('unsupported-model', `attribute '${name}' names element type ${code}, which is not supported`);
};

/** Set by fusion passes: the elementwise steps applied to each result. Model files cannot state it. */
export const epilogue = (): AttributeField<readonly EpilogueStep[]> => ({
  parse: (raw, name) => bad(name, 'absent from model files', raw),
  missing: () => [],
  internal: true,
});

/** Set by importers or passes only, with this value otherwise. */
export const internal = <T extends AttributeValue>(byDefault: T): AttributeField<T> => ({
  parse: (raw, name) => bad(name, 'absent from model files', raw),
  missing: () => byDefault,
  internal: true,
});

/** Checks what a model states against a schema and fills in the defaults. Attributes that the schema lacks are errors. */
export const parseAttributes = <A extends Attributes>(schema: AttributeSchema<A>, raw: ReadonlyMap<string, RawAttribute>): A => {
  const parsed: Record<string, AttributeValue> = {};
  for (const [name, field] of Object.entries(schema) as [string, AttributeField<AttributeValue>][]) {
    const value = raw.get(name);
    parsed[name] = value === undefined ? field.missing(name) : field.parse(value, name);
  }
  for (const name of raw.keys()) {
    if (!Object.hasOwn(schema, name))
      throw new TilewiseError('invalid-model', `attribute '${name}' is not one of this operator's`);
  }
  return parsed as A;
};

/** Attributes for a node that a pass or a test builds: the given ones over the schema's defaults. */
export const withDefaults = <A extends Attributes>(schema: AttributeSchema<A>, given: Partial<A>): A => {
  const parsed: Record<string, AttributeValue> = {};
  for (const [name, field] of Object.entries(schema) as [string, AttributeField<AttributeValue>][]) {
    parsed[name] = Object.hasOwn(given, name) ? given[name as keyof A] : field.missing(name);
  }
  return parsed as A;
};
