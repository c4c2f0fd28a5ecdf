import { TilewiseError } from '../errors.js';
import type { Graph, Value } from '../graph/graph.js';
import type { DeviceFacts } from '../kernels/facts.js';
import { VERSION } from '../version.js';
import type { Command, Plan, PlanBuffer } from './plan.js';

/**
 * A session as bytes: plans with packed weights and chosen kernels, ready to be loaded without the model, its importer
 * or any pass. It fits the adapter that it was saved on, and the version of this library.
 *
 * Layout, little-endian: "TILEWISE", u32 length of the JSON, the JSON in UTF-8, zeros up to a multiple of 4, the words
 * of all weights one after the other.
 */
export interface SavedSession {
  /** Inputs, outputs and their values; no nodes. */
  readonly border: Graph;
  /** The inputs that plans are made for by value and not by shape alone. */
  readonly hostInputs: ReadonlySet<string>;
  /** A plan for each combination of input shapes, by the session's key. */
  readonly plans: ReadonlyMap<string, Plan>;
}

const MAGIC = new TextEncoder().encode('TILEWISE');
const HEADER_BYTES = MAGIC.length + 4;

type Words = NonNullable<PlanBuffer['words']>;
const WORDS = { Float32Array, Int32Array, Uint32Array } as const;

/** Where the words of a weight stand in the file. */
interface WordsRange {
  readonly type: keyof typeof WORDS;
  readonly at: number;
  readonly length: number;
}

type StoredBuffer = Omit<PlanBuffer, 'words'> & { readonly words?: number };
type StoredCommand =
  | Exclude<Command, { kind: 'dispatch' }>
  | (Omit<Extract<Command, { kind: 'dispatch' }>, 'params'> & { readonly params: readonly number[] });

interface Header {
  readonly version: string;
  readonly adapter: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly values: readonly Value[];
  readonly hostInputs: readonly string[];
  readonly words: readonly WordsRange[];
  readonly plans: readonly [
    string,
    Omit<Plan, 'buffers' | 'commands'> & { buffers: StoredBuffer[]; commands: StoredCommand[] },
  ][];
}

/** What must be the same for a saved session to run: everything that kernel selection may look at. */
const adapterKey = ({ kind, vendor, architecture, description, features, languageFeatures, limits }: DeviceFacts): string =>
  JSON.stringify([kind, vendor, architecture, description, [...features].sort(), [...languageFeatures].sort(), limits]);

export const isSaved = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte);

export const serialize = ({ border, hostInputs, plans }: SavedSession, facts: DeviceFacts): Uint8Array => {
  const words = new Map<Words, number>();
  const ranges: WordsRange[] = [];
  let total = 0;
  const indexOf = (array: Words): number => {
    const known = words.get(array);
    if (known !== undefined) return known;
    words.set(array, ranges.length);
    ranges.push({ type: typeName(array), at: total, length: array.length });
    total += array.length;
    return ranges.length - 1;
  };
  const header: Header = {
    version: VERSION,
    adapter: adapterKey(facts),
    name: border.name,
    inputs: border.inputs,
    outputs: border.outputs,
    values: [...border.values.values()].map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    hostInputs: [...hostInputs],
    plans: [...plans].map(([key, plan]) => [
      key,
      {
        ...plan,
        buffers: plan.buffers.map(({ words: array, ...buffer }) => ({ ...buffer, ...(array && { words: indexOf(array) }) })),
        commands: plan.commands.map((command) =>
          command.kind === 'dispatch' ? { ...command, params: [...command.params] } : command,
        ),
      },
    ]),
    words: ranges,
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((HEADER_BYTES + json.length) / 4) * 4;
  const bytes = new Uint8Array(start + 4 * total);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint32(MAGIC.length, json.length, true);
  bytes.set(json, HEADER_BYTES);
  for (const [array, index] of words) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), start + 4 * (ranges[index] as WordsRange).at);
  }
  return bytes;
};

const typeName = (array: Words): keyof typeof WORDS =>
  array instanceof Float32Array ? 'Float32Array' : array instanceof Int32Array ? 'Int32Array' : 'Uint32Array';

/**
 * Reads a saved session. Throws `invalid-model` where the bytes are damaged, and `unsupported-model` where they were
 * saved by another version or for another adapter: the model must be loaded again then. The file holds shaders: like a
 * script, it is to be trusted before it is loaded.
 */
export const deserialize = (bytes: Uint8Array, facts: DeviceFacts): SavedSession => {
  const header = readHeader(bytes);
  const hint = 'create the session from the model file again, and save it anew';
  if (header.version !== VERSION) {
    throw new TilewiseError('unsupported-model', `the session was saved by version ${header.version}, this is ${VERSION}`, {
      hint,
    });
  }
  if (header.adapter !== adapterKey(facts)) {
    throw new TilewiseError('unsupported-model', `the session was saved for another adapter than ${facts.description}`, { hint });
  }
  const words = header.words.map((range) => readWords(bytes, range));
  const plans = header.plans.map(([key, stored]): [string, Plan] => [
    key,
    {
      ...stored,
      buffers: stored.buffers.map(({ words: index, ...buffer }) => ({
        ...buffer,
        ...(index !== undefined && { words: words[index] ?? damaged() }),
      })),
      commands: stored.commands.map(
        (command): Command => (command.kind === 'dispatch' ? { ...command, params: Uint8Array.from(command.params) } : command),
      ),
    },
  ]);
  const { name, inputs, outputs } = header;
  const border: Graph = { name, inputs, outputs, nodes: [], values: new Map(header.values.map((value) => [value.name, value])) };
  return { border, hostInputs: new Set(header.hostInputs), plans: new Map(plans) };
};

const damaged = (): never => {
  throw new TilewiseError('invalid-model', 'the saved session is damaged or cut off');
};

const readHeader = (bytes: Uint8Array): Header => {
  if (bytes.length < HEADER_BYTES) return damaged();
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  if (HEADER_BYTES + length > bytes.length) return damaged();
  try {
    const header = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(HEADER_BYTES, HEADER_BYTES + length)),
    ) as Header;
    const start = Math.ceil((HEADER_BYTES + length) / 4) * 4;
    const end = start + 4 * header.words.reduce((sum, range) => sum + range.length, 0);
    if (end !== bytes.length) return damaged();
    return { ...header, words: header.words.map((range) => ({ ...range, at: start + 4 * range.at })) };
  } catch {
    return damaged();
  }
};

const readWords = (bytes: Uint8Array, { type, at, length }: WordsRange): Words => {
  const array = WORDS[type] ?? damaged();
  // A copy: the file's bytes need not be aligned. (Not by slice, which is a view for Node's Buffer.)
  return new array(new Uint8Array(bytes.subarray(at, at + 4 * length)).buffer);
};
