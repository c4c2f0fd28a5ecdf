import * as cpuTexts from '../../shaders/cpu.js';
import * as commonTexts from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import type { DeviceFacts } from '../kernels/facts.js';

/** What was measured for one shape class. */
export interface TunedEntry {
  /** The fastest candidate; 'by-rules' where none is faster than the choice of the rules. */
  readonly choice: string;
  /** Milliseconds of GPU time of each candidate that gave the right results. */
  readonly ms: Readonly<Record<string, number>>;
  /** The kernels of all candidates, sorted, and a hash of their texts: of other texts the entry says nothing. */
  readonly kernels: readonly string[];
  readonly sources: string;
}

/** What was measured on one adapter, by shape class: plain data, to be kept as JSON. */
export interface TuningTable {
  /** The adapter (see `adapterOf`). */
  readonly adapter: string;
  readonly entries: Readonly<Record<string, TunedEntry>>;
}

/** Adapters of the same name are taken to be equally fast; features decide which kernels they have. */
export const adapterOf = ({ kind, vendor, architecture, description, features, subgroupSize }: DeviceFacts): string => {
  const subgroups = features.includes('subgroups') ? ` subgroups ${subgroupSize ?? 'of any size'}` : '';
  return `${[kind, vendor, architecture, description].join(' | ')}${subgroups}`;
};

const texts: Readonly<Record<string, unknown>> = { ...commonTexts, ...cpuTexts };

/** Kernels by the stem of their file: 'matmul-quads' is exported as matmulQuads. */
const textOf = (kernel: string): string | undefined => {
  const name = kernel.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const text: unknown = Object.hasOwn(texts, name) ? texts[name] : undefined;
  return typeof text === 'string' ? text : undefined;
};

/**
 * A hash of the texts of these kernels without comments and indentation, which the build removes (FNV-1a of 32 bits);
 * undefined where one of them is unknown.
 */
export const sourcesOf = (
  kernels: readonly string[],
  text: (kernel: string) => string | undefined = textOf,
): string | undefined => {
  let hash = 0x811c9dc5;
  for (const kernel of kernels) {
    const wgsl = text(kernel);
    if (wgsl === undefined) return undefined;
    for (const char of `${kernel}\n${wgsl
      .replace(/\/\/.*/g, '')
      .replace(/\s+/g, ' ')
      .trim()}\n`) {
      hash = Math.imul(hash ^ (char.codePointAt(0) as number), 0x01000193);
    }
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
};

/** The entries that hold for this adapter and the kernels of this version. */
export const validEntries = (table: TuningTable, facts: DeviceFacts): Record<string, TunedEntry> => {
  if (table.adapter !== adapterOf(facts)) return {};
  return Object.fromEntries(Object.entries(table.entries).filter(([, entry]) => sourcesOf(entry.kernels) === entry.sources));
};

/** What kernel selection reads: the candidate for each shape class; later tables go before earlier ones. */
export const choicesOf = (tables: readonly TuningTable[], facts: DeviceFacts): Record<string, string> =>
  Object.fromEntries(
    tables.flatMap((table) => Object.entries(validEntries(table, facts)).map(([shapeClass, { choice }]) => [shapeClass, choice])),
  );

/** The entries of both tables of one adapter; those of `newer` go before. */
export const merged = (older: TuningTable | undefined, newer: TuningTable): TuningTable => ({
  adapter: newer.adapter,
  entries: { ...older?.entries, ...newer.entries },
});

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isEntry = (value: unknown): value is TunedEntry =>
  isRecord(value) &&
  typeof value.choice === 'string' &&
  typeof value.sources === 'string' &&
  Array.isArray(value.kernels) &&
  value.kernels.every((kernel) => typeof kernel === 'string') &&
  isRecord(value.ms) &&
  Object.values(value.ms).every((ms) => typeof ms === 'number' && ms >= 0);

/** Checks what came from outside. Throws `invalid-argument` where it is no table. */
export const checkedTable = (value: unknown): TuningTable => {
  if (isRecord(value) && typeof value.adapter === 'string' && isRecord(value.entries)) {
    const bad = Object.entries(value.entries).find(([, entry]) => !isEntry(entry));
    if (!bad) return { adapter: value.adapter, entries: value.entries as Record<string, TunedEntry> };
    throw new TilewiseError('invalid-argument', `the tuning table's entry '${bad[0]}' is malformed`);
  }
  throw new TilewiseError('invalid-argument', 'this is no tuning table: it needs "adapter" and "entries"', {
    hint: "use what tune() of 'tilewise/tune' returned",
  });
};
