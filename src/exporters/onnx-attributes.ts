import { TilewiseError } from '../errors.js';
import type { Attributes, AttributeValue, Value } from '../graph/graph.js';
import { type AttributeProto, attributeTypes } from '../importers/onnx/proto.js';
import type { AttributeField, RawAttribute } from '../ops/attributes.js';
import { onnxOfDtype } from '../ops/onnx-types.js';
import type { Operator } from '../ops/operator.js';
import { isDType } from '../tensor/dtype.js';
import { Tensor } from '../tensor/tensor.js';
import { tensorProtoOf } from './onnx-tensor.js';

type AnyField = AttributeField<AttributeValue>;

/** The attributes of a node as the file states them: those that differ from their defaults. `x` is the first input. */
export const attributeProtos = (operator: Operator, attributes: Attributes, x: Value | undefined): AttributeProto[] =>
  Object.entries(attributes).flatMap(([name, value]) => {
    const field = operator.attributes[name] as AnyField | undefined;
    if (value === undefined || !field || same(value, defaultOf(field, name)) || isNeutral(name, value)) return [];
    if (!field.internal) return [attributeProto(field, name, value)];
    // The last axis is the only one from it to the end.
    const rank = x?.shape?.length;
    if (name === 'toEnd' && (attributes.axis === -1 || attributes.axis === (rank ?? 0) - 1)) return [];
    throw new TilewiseError('unsupported-model', `attribute '${name}' was set by a pass or importer and has no place in ONNX`, {
      hint: 'export the graph before optimizing it',
    });
  });

/** Lists that say of every axis what is meant where they are missing. */
const NEUTRAL: Readonly<Record<string, number>> = { strides: 1, dilations: 1, pads: 0 };

const isNeutral = (name: string, value: AttributeValue): boolean =>
  name in NEUTRAL && Array.isArray(value) && value.every((item) => item === NEUTRAL[name]);

const defaultOf = (field: AnyField, name: string): AttributeValue => {
  try {
    return field.missing(name);
  } catch {
    return undefined; // required
  }
};

/** What a field made of a stated value, or undefined where it refuses it. */
const parsed = (field: AnyField, raw: RawAttribute): AttributeValue => {
  try {
    return field.parse(raw, '');
  } catch {
    return undefined;
  }
};

/** The stated value from which the field makes this one: flags are 0 or 1, element types their numbers. */
const rawOf = (field: AnyField, name: string, value: AttributeValue): RawAttribute => {
  const candidates: RawAttribute[] = typeof value === 'boolean' ? [value ? 1 : 0] : [value as RawAttribute];
  if (typeof value === 'string' && isDType(value)) candidates.push(onnxOfDtype(value));
  const raw = candidates.find((candidate) => same(parsed(field, candidate), value));
  if (raw !== undefined) return raw;
  throw new TilewiseError('unsupported-model', `attribute '${name}' has a value that ONNX cannot state`);
};

const empty = { floats: [], ints: [], strings: [], tensors: [], graphs: [] };

const attributeProto = (field: AnyField, name: string, value: AttributeValue): AttributeProto => {
  const raw = rawOf(field, name, value);
  const text = (s: string): Uint8Array => new TextEncoder().encode(s);
  // Whether a number is an integer by type shows in what the field accepts.
  if (typeof raw === 'number') {
    const isFloat = parsed(field, 0.5) !== undefined;
    return isFloat
      ? { ...empty, name, type: attributeTypes.float, f: raw }
      : { ...empty, name, type: attributeTypes.int, i: raw };
  }
  if (typeof raw === 'string') return { ...empty, name, type: attributeTypes.string, s: text(raw) };
  if (raw instanceof Tensor) return { ...empty, name, type: attributeTypes.tensor, t: tensorProtoOf(raw, name) };
  if (raw.some((item) => typeof item === 'string')) {
    return { ...empty, name, type: attributeTypes.strings, strings: (raw as readonly string[]).map(text) };
  }
  const list = raw as readonly number[];
  const areFloats =
    parsed(
      field,
      list.map(() => 0.5),
    ) !== undefined && list.length > 0;
  return areFloats
    ? { ...empty, name, type: attributeTypes.floats, floats: list }
    : { ...empty, name, type: attributeTypes.ints, ints: list };
};

const same = (a: AttributeValue, b: AttributeValue): boolean => {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => item === b[i]);
  return Object.is(a, b);
};
