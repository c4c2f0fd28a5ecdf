import { PbfWriter } from 'pbf';
import type { Field, ListKind, MessageType, ScalarKind } from '../importers/onnx/proto.js';

/** The bytes of a message. Absent fields and empty lists are left out. */
export const writeMessage = <T extends object>(type: MessageType<T>, object: Partial<T>): Uint8Array => {
  const writer = new PbfWriter();
  writeFields({ type, object: object as Record<string, unknown> }, writer);
  return writer.finish();
};

interface Message {
  readonly type: MessageType;
  readonly object: Record<string, unknown>;
}

const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;

const writeFields = ({ type, object }: Message, writer: PbfWriter): void => {
  for (const [tag, field] of type.fields) {
    const value = object[field.name];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) writeField(tag, field, value, writer);
  }
};

const writeField = (tag: number, { kind, name }: Field, value: unknown, writer: PbfWriter): void => {
  if (typeof kind !== 'object') {
    const write = writers.get(kind);
    if (!write) throw new TypeError(`the field '${name}' is never written`);
    write(tag, value, writer);
    return;
  }
  const many = 'many' in kind;
  for (const object of many ? (value as readonly unknown[]) : [value]) {
    writer.writeMessage(tag, writeFields, { type: many ? kind.many : kind.one, object: object as Record<string, unknown> });
  }
};

const writeText = (tag: number, text: string, writer: PbfWriter): void => {
  writer.writeTag(tag, BYTES);
  writer.writeString(text);
};

const packedVarints = (list: readonly bigint[]): Uint8Array => {
  const bytes: number[] = [];
  for (const value of list) {
    let rest = BigInt.asUintN(64, value);
    for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
  }
  return Uint8Array.from(bytes);
};

const writeInt = (tag: number, value: number, writer: PbfWriter): void => {
  writer.writeTag(tag, VARINT);
  writer.writeVarint(value);
};

const writeFloat = (tag: number, value: number, writer: PbfWriter): void => {
  writer.writeTag(tag, FIXED32);
  writer.writeFloat(value);
};

const writeBytes = (tag: number, bytes: Uint8Array, writer: PbfWriter): void => {
  writer.writeTag(tag, BYTES);
  writer.writeBytes(bytes);
};

type Write = (tag: number, value: unknown, writer: PbfWriter) => void;

const each =
  <T>(write: (tag: number, value: T, writer: PbfWriter) => void): Write =>
  (tag, list, writer) => {
    for (const value of list as readonly T[]) write(tag, value, writer);
  };

/** How each kind of field is written; kinds that are only noted to be there have no content to write. */
const writers: ReadonlyMap<ScalarKind | ListKind, Write> = new Map<ScalarKind | ListKind, Write>([
  ['int', writeInt as Write],
  ['float', writeFloat as Write],
  ['string', writeText as Write],
  ['bytes', writeBytes as Write],
  ['strings', each(writeText)],
  ['byteStrings', each(writeBytes)],
  ['words4', each(writeBytes)],
  ['words8', each(writeBytes)],
  ['ints', (tag, list, writer) => writer.writePackedVarint(tag, list as number[])],
  ['floats', (tag, list, writer) => writer.writePackedFloat(tag, list as number[])],
  ['bigints', (tag, list, writer) => writeBytes(tag, packedVarints(list as readonly bigint[]), writer)],
]);
