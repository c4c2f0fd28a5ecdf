import { TilewiseError } from '../../errors.js';
import type { RawAttribute } from '../../ops/attributes.js';
import { type AttributeProto, attributeTypes, type NodeProto } from './proto.js';
import { tensorOf } from './tensor.js';

/** The attributes of a node by name. Kinds that no operator here has (graphs, sparse tensors) are refused. */
export const attributesOf = (node: NodeProto): Map<string, RawAttribute> => {
  const attributes = new Map<string, RawAttribute>();
  for (const proto of node.attributes) {
    const name = proto.name ?? '';
    if (attributes.has(name)) throw new TilewiseError('invalid-model', `attribute '${name}' appears twice`);
    attributes.set(name, parse(proto, name));
  }
  return attributes;
};

const parse = (proto: AttributeProto, name: string): RawAttribute => {
  if (proto.refName) throw new TilewiseError('invalid-model', `attribute '${name}' refers to a function's attribute`);
  // proto3 writers leave out a number that is 0.
  switch (proto.type ?? typeOf(proto)) {
    case attributeTypes.float:
      return proto.f ?? 0;
    case attributeTypes.int:
      return proto.i ?? 0;
    case attributeTypes.string:
      return textOf(proto.s ?? new Uint8Array(0), name);
    case attributeTypes.tensor:
      if (!proto.t) throw new TilewiseError('invalid-model', `attribute '${name}' has no tensor`);
      return tensorOf(proto.t, proto.t.name || name);
    case attributeTypes.floats:
      return proto.floats;
    case attributeTypes.ints:
      return proto.ints;
    case attributeTypes.strings:
      return proto.strings.map((bytes) => textOf(bytes, name));
    default:
      throw new TilewiseError('unsupported-model', `attribute '${name}' is of a kind (${proto.type}) that is not supported`);
  }
};

/** Files of IR version 1 state no type: the field that is there tells it. */
const typeOf = (proto: AttributeProto): number | undefined => {
  if (proto.f !== undefined) return attributeTypes.float;
  if (proto.i !== undefined) return attributeTypes.int;
  if (proto.s) return attributeTypes.string;
  if (proto.t) return attributeTypes.tensor;
  if (proto.floats.length > 0) return attributeTypes.floats;
  if (proto.ints.length > 0) return attributeTypes.ints;
  return proto.strings.length > 0 ? attributeTypes.strings : undefined;
};

const textOf = (bytes: Uint8Array, name: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new TilewiseError('invalid-model', `attribute '${name}' is not valid UTF-8`);
  }
};
