import type { DeviceFacts } from '../kernels/facts.js';
import { loadTunedLowerings } from '../kernels/select.js';
import { platform, type TextStore } from '../platform.js';
import { shippedTables } from './defaults.js';
import { adapterOf, checkedTable, choicesOf, merged, type TuningTable } from './table.js';

/** The file, or the key of the database, in which the tables of all adapters are. */
export const STORE_NAME = 'tuning.json';
const FORMAT = 1;

export type Warn = (message: string) => void;
const toConsole: Warn = (message) => console.warn(`tilewise: ${message}`);

/** What was measured on this machine, a table for each adapter; empty where this surrounding keeps nothing. */
export const storedTables = async (warn: Warn = toConsole): Promise<TuningTable[]> => {
  const store = await storeAtHand(warn);
  return store ? await readTables(store, warn) : [];
};

const storeAtHand = async (warn: Warn): Promise<TextStore | undefined> => {
  try {
    return await platform().store?.();
  } catch (error) {
    warn(`measurements cannot be kept here: ${(error as Error).message}`);
    return undefined;
  }
};

/** Whatever is wrong with the store costs speed, and no run: it is told, and read as empty. */
const readTables = async (store: TextStore, warn: Warn): Promise<TuningTable[]> => {
  try {
    const text = await store.read(STORE_NAME);
    return text === undefined ? [] : parseTables(text);
  } catch (error) {
    warn(`the stored measurements are ignored: ${(error as Error).message}`);
    return [];
  }
};

export const parseTables = (text: string): TuningTable[] => {
  const { format, tables } = (JSON.parse(text) ?? {}) as { format?: unknown; tables?: unknown };
  if (format !== FORMAT || !Array.isArray(tables)) throw new Error(`they are not of format ${FORMAT}`);
  return tables.map(checkedTable);
};

export const printTables = (tables: readonly TuningTable[]): string => `${JSON.stringify({ format: FORMAT, tables }, null, 1)}\n`;

/** Adds a table to those that are kept; its entries replace earlier ones of the same adapter and class. */
export const storeTable = async (table: TuningTable, warn: Warn = toConsole): Promise<void> => {
  const store = await storeAtHand(warn);
  if (!store) return;
  const tables = await readTables(store, warn);
  const others = tables.filter(({ adapter }) => adapter !== table.adapter);
  const own = merged(
    tables.find(({ adapter }) => adapter === table.adapter),
    table,
  );
  try {
    await store.write(STORE_NAME, printTables([...others, own]));
  } catch (error) {
    warn(`the measurements cannot be kept: ${(error as Error).message}`);
  }
};

/** Forgets everything that was measured on this machine. */
export const forgetTables = async (): Promise<void> => {
  await (await platform().store?.())?.remove(STORE_NAME);
};

/**
 * The facts of a device with what is known to be faster there than the choice of the rules: a given table, or what is
 * stored over what comes with the library.
 */
export const tunedFacts = async (facts: DeviceFacts, tuning: 'stored' | TuningTable, warn?: Warn): Promise<DeviceFacts> => {
  const tables = tuning === 'stored' ? [...shippedTables, ...(await storedTables(warn))] : [checkedTable(tuning)];
  if (tuning !== 'stored' && tables[0]?.adapter !== adapterOf(facts)) {
    (warn ?? toConsole)(`the tuning table is of another adapter (${tables[0]?.adapter}) and is not used`);
  }
  await loadTunedLowerings();
  return { ...facts, tuning: choicesOf(tables, facts) };
};
