import { PbfReader } from 'pbf';
import { TilewiseError } from '../../errors.js';
import type { Field, ListKind, MessageType, ScalarKind } from './proto.js';

/** Limits of what a file may make the reader allocate. */
export interface ReadBudgets {
  /** Most bytes of a file. */
  readonly maxBytes?: number;
  /** Most messages and unpacked list elements of a file. */
  readonly maxItems?: number;
}

const DEFAULTS = { maxBytes: 2 ** 31, maxItems: 1_500_000 };

/** A graph in a node of a graph takes three messages. */
const MAX_DEPTH = 64;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const fail = (message: string): never => {
  throw new TilewiseError('invalid-model', message);
};

/** Reads a whole file as one message. Throws `invalid-model` where any byte does not fit. */
export const readMessage = <T>(type: MessageType<T>, bytes: Uint8Array, budgets: ReadBudgets = {}): T => {
  const { maxBytes, maxItems } = { ...DEFAULTS, ...budgets };
  if (bytes.length > maxBytes)
    throw new TilewiseError('limit-exceeded', `the model has ${bytes.length} bytes, more than ${maxBytes}`);
  return new StrictReader(bytes, maxItems).message(type, bytes.length) as T;
};

/**
 * Reads fields by their tables. pbf's reader trusts lengths and field types; this one checks each value against the
 * end of its message.
 */
class StrictReader {
  readonly #pbf: PbfReader;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #itemsLeft: number;
  #depth = 0;

  constructor(bytes: Uint8Array, maxItems: number) {
    this.#pbf = new PbfReader(bytes);
    this.#itemsLeft = maxItems;
  }

  message(type: MessageType, end: number): unknown {
    const object = emptyObject(type);
    if (++this.#depth > MAX_DEPTH)
      throw new TilewiseError('limit-exceeded', `the model nests more than ${MAX_DEPTH} messages deep`);
    const pbf = this.#pbf;
    while (pbf.pos < end) {
      const tag = this.#varint(end, type.name);
      const number = Math.floor(tag / 8);
      const wireType = tag % 8;
      if (number < 1 || number >= 2 ** 29) fail(`${type.name}: field number ${number} at byte ${pbf.pos} is not possible`);
      const field = type.fields.get(number);
      if (field) this.#field(object, field, wireType, end, `${type.name}.${field.name}`);
      else if (type.closed) fail(`${type.name}: field ${number} at byte ${pbf.pos} is not known`);
      else this.#skip(wireType, end, type.name);
    }
    this.#depth--;
    return object;
  }

  #field(object: Record<string, unknown>, { name, kind }: Field, wireType: number, end: number, what: string): void {
    if (typeof kind === 'object' && 'many' in kind) {
      this.#count(what);
      listIn(object, name).push(this.message(kind.many, this.#end(wireType, end, what)));
    } else if (isList(kind)) {
      this.#count(what);
      this.#list(kind, listIn(object, name), wireType, end, what);
    } else {
      if (object[name] !== undefined) fail(`${what} appears twice`);
      object[name] =
        typeof kind === 'object'
          ? this.message(kind.one, this.#end(wireType, end, what))
          : this.#scalar(kind, wireType, end, what);
    }
  }

  #scalar(kind: ScalarKind, wireType: number, end: number, what: string): unknown {
    if (kind === 'int') return expectType(wireType, VARINT, what) && this.#varint(end, what, true);
    if (kind === 'float') return expectType(wireType, FIXED32, what) && this.#float(end, what);
    const bytes = this.#bytes(this.#end(wireType, end, what));
    return kind === 'bytes' ? bytes : kind === 'present' ? true : this.#string(bytes, what);
  }

  #list(kind: ListKind, list: unknown[], wireType: number, end: number, what: string): void {
    if (kind === 'strings') list.push(this.#string(this.#bytes(this.#end(wireType, end, what)), what));
    else if (kind === 'presents') list.push(this.#bytes(this.#end(wireType, end, what)) && true);
    else if (kind === 'byteStrings') list.push(this.#bytes(this.#end(wireType, end, what)));
    else if (kind === 'words4') this.#words(list, FIXED32, 4, wireType, end, what);
    else if (kind === 'words8') this.#words(list, FIXED64, 8, wireType, end, what);
    else {
      const single = kind === 'floats' ? FIXED32 : VARINT;
      const last = wireType === BYTES ? this.#end(wireType, end, what) : end;
      if (wireType !== BYTES) expectType(wireType, single, what);
      do {
        if (wireType === BYTES && this.#pbf.pos === last) break;
        list.push(
          kind === 'floats'
            ? this.#float(last, what)
            : kind === 'ints'
              ? this.#varint(last, what, true)
              : this.#bigint(last, what),
        );
      } while (wireType === BYTES);
    }
  }

  /** Fixed-size words as the bytes that hold them: packed ones in one piece. */
  #words(list: unknown[], single: number, size: number, wireType: number, end: number, what: string): void {
    if (wireType !== BYTES) expectType(wireType, single, what);
    const last = wireType === BYTES ? this.#end(wireType, end, what) : this.#within(this.#pbf.pos + size, end, what);
    const bytes = this.#bytes(last);
    if (bytes.length % size !== 0) fail(`${what}: ${bytes.length} bytes are not a whole number of elements`);
    list.push(bytes);
  }

  #skip(wireType: number, end: number, what: string): void {
    const pbf = this.#pbf;
    if (wireType === VARINT) this.#varint(end, what);
    else if (wireType === FIXED32) pbf.pos = this.#within(pbf.pos + 4, end, what);
    else if (wireType === FIXED64) pbf.pos = this.#within(pbf.pos + 8, end, what);
    else pbf.pos = this.#end(wireType, end, what);
  }

  #varint(end: number, what: string, signed = false): number {
    try {
      const value = this.#pbf.readVarint(signed);
      this.#within(this.#pbf.pos, end, what);
      return value;
    } catch (cause) {
      if (cause instanceof TilewiseError) throw cause;
      return fail(`${what}: a number at byte ${this.#pbf.pos} is cut off or has more than 10 bytes`);
    }
  }

  #bigint(end: number, what: string): bigint {
    const start = this.#pbf.pos;
    const value = this.#varint(end, what, true);
    if (Number.isSafeInteger(value)) return BigInt(value);
    let exact = 0n;
    for (let i = start; i < this.#pbf.pos; i++) exact |= BigInt((this.#pbf.buf[i] as number) & 0x7f) << BigInt(7 * (i - start));
    return BigInt.asIntN(64, exact);
  }

  #float(end: number, what: string): number {
    this.#within(this.#pbf.pos + 4, end, what);
    return this.#pbf.readFloat();
  }

  /** Where the length-delimited value that begins here ends. */
  #end(wireType: number, end: number, what: string): number {
    expectType(wireType, BYTES, what);
    const length = this.#varint(end, what);
    return this.#within(this.#pbf.pos + length, end, what);
  }

  #within(position: number, end: number, what: string): number {
    return position <= end
      ? position
      : fail(`${what} at byte ${this.#pbf.pos} runs past its end: the model is cut off or damaged`);
  }

  #bytes(end: number): Uint8Array {
    const bytes = this.#pbf.buf.subarray(this.#pbf.pos, end);
    this.#pbf.pos = end;
    return bytes;
  }

  #string(bytes: Uint8Array, what: string): string {
    try {
      return this.#utf8.decode(bytes);
    } catch {
      return fail(`${what} at byte ${this.#pbf.pos} is not valid UTF-8`);
    }
  }

  #count(what: string): void {
    if (--this.#itemsLeft < 0) throw new TilewiseError('limit-exceeded', `the model has too many parts (at ${what})`);
  }
}

const listKinds: ReadonlySet<unknown> = new Set<ListKind>([
  'ints',
  'bigints',
  'floats',
  'strings',
  'words4',
  'words8',
  'byteStrings',
  'presents',
]);

const isList = (kind: Field['kind']): kind is ListKind => listKinds.has(kind);

/** Stands for every list without elements: most lists of most messages have none. */
const EMPTY: readonly unknown[] = Object.freeze([]);

const listIn = (object: Record<string, unknown>, name: string): unknown[] => {
  if (object[name] === EMPTY) object[name] = [];
  return object[name] as unknown[];
};

const emptyObjects = new WeakMap<MessageType, Record<string, unknown>>();

const emptyObject = (type: MessageType): Record<string, unknown> => {
  let empty = emptyObjects.get(type);
  if (!empty) {
    const entries = [...type.fields.values()].map(({ name, kind }) => {
      return [name, isList(kind) || (typeof kind === 'object' && 'many' in kind) ? EMPTY : undefined];
    });
    empty = Object.fromEntries(entries) as Record<string, unknown>;
    emptyObjects.set(type, empty);
  }
  return { ...empty };
};

const expectType = (actual: number, expected: number, what: string): true =>
  actual === expected || fail(`${what} has wire type ${actual}, not ${expected}`);
