import type { Device } from '../device/device.js';
import { deviceOf } from '../device/shared.js';
import { TilewiseError, throwIfAborted } from '../errors.js';
import { type Graph, valueNamed } from '../graph/graph.js';
import { loadCpuKernels } from '../kernels/cpu-family.js';
import { bytesOf, loadModel, type ModelSource } from '../load-model.js';
import type { Bindings } from '../passes/bind-shapes.js';
import { shapeSources } from '../passes/host-inputs.js';
import { bind, bindOpen, layOut } from '../passes/index.js';
import { splitGraph } from '../passes/split-stages.js';
import { deviceTimer, measureTask, type Timer } from './measure.js';
import { storedTables, storeTable, type Warn } from './store.js';
import { adapterOf, type TunedEntry, type TuningTable, validEntries } from './table.js';
import { type TuningTask, tasksOf } from './tasks.js';

export interface TuneProgress {
  /** Shape classes that are done, of `total`. */
  readonly done: number;
  readonly total: number;
  /** The one that is measured now; undefined at the end. */
  readonly shapeClass: string | undefined;
  readonly elapsedMs: number;
  readonly budgetMs: number;
}

export interface TuneOptions {
  /** Milliseconds after which no further shape class is begun; 30,000 where absent. The classes with most work come first. */
  readonly budgetMs?: number;
  readonly onProgress?: (progress: TuneProgress) => void;
  readonly signal?: AbortSignal;
  /** The application's own device; without it one is opened and shared with all sessions. */
  readonly device?: GPUDevice;
  /** Sizes of symbolic extents of the model's inputs; 1 where absent. */
  readonly dims?: Readonly<Record<string, number>>;
  /** False leaves the results in the hands of the caller: nothing is read from or added to what this machine keeps. */
  readonly persist?: boolean;
  /** True measures again what is stored. */
  readonly again?: boolean;
  /** Told what went wrong and does no harm; `console.warn` where absent. */
  readonly onWarning?: Warn;
}

/** What was measured, and what was found already; sessions take it as their option `tuning`. */
export interface TuningResult extends TuningTable {
  /** Shape classes for which the budget did not last. */
  readonly skipped: readonly string[];
  /** Shape classes that were measured now. */
  readonly measured: readonly string[];
  /** Milliseconds that one run of the model takes less, by the sum over its nodes; only of what `entries` has. */
  readonly savedMs: number;
}

/**
 * Measures which kernels run a model fastest on this adapter. Every way to run a node that has several is tried on random
 * data of its shape, held against the results of the default one, and timed. Results are kept on this machine (a file in
 * Node, IndexedDB in browsers) for sessions with the option `tuning: 'stored'`.
 *
 * Rejects with `aborted` when the signal fires; what was measured until then is kept.
 */
export const tune = async (source: ModelSource, options: TuneOptions = {}): Promise<TuningResult> => {
  budgetOf(options);
  throwIfAborted(options.signal);
  const bytes = await bytesOf(source);
  const graph = await boundModel(bytes, options.dims ?? {});
  return await tuneGraph(graph, await deviceOf(options.device), options);
};

const DEFAULT_BUDGET_MS = 30_000;

const budgetOf = ({ budgetMs = DEFAULT_BUDGET_MS }: TuneOptions): number => {
  if (budgetMs >= 0) return budgetMs;
  throw new TilewiseError('invalid-argument', `budgetMs must be a number of at least 0, got ${budgetMs}`);
};

/** The model as it is planned for inputs of these sizes; where shapes depend on data, what of it comes before. */
export const boundModel = async (bytes: Uint8Array, dims: Readonly<Record<string, number>>): Promise<Graph> => {
  const [graph] = await Promise.all([loadModel(bytes), loadCpuKernels()]);
  const { open, hostInputs } = shapeSources(graph);
  const bindings = bindingsFor(graph, dims);
  return open.length + hostInputs.size > 0 ? layOut(splitGraph(bindOpen(graph, bindings)).now) : bind(graph, bindings);
};

const bindingsFor = (graph: Graph, dims: Readonly<Record<string, number>>): Bindings => {
  const unknown = new Set(Object.keys(dims));
  const shapes = graph.inputs.map((name) => {
    const { shape } = valueNamed(graph, name);
    if (!shape) throw new TilewiseError('unsupported-model', `the shape of input '${name}' is not declared`, { tensor: name });
    const bound = shape.map((dim) => {
      if (typeof dim === 'number') return dim;
      unknown.delete(dim);
      return dims[dim] ?? 1;
    });
    return [name, bound] as const;
  });
  const [first] = unknown;
  if (first === undefined) return new Map(shapes);
  throw new TilewiseError('invalid-argument', `no input of the model has an extent named '${first}'`);
};

/** The same for a graph of concrete shapes, and with another clock. */
export const tuneGraph = async (
  graph: Graph,
  device: Device,
  options: TuneOptions = {},
  timer: Timer = deviceTimer(device),
): Promise<TuningResult> => {
  const { persist = true, again = false, signal, onWarning } = options;
  const warn = onWarning ?? ((message) => console.warn(`tilewise: ${message}`));
  const budgetMs = budgetOf(options);
  const tasks = tasksOf(graph, device.facts);
  const known = persist && !again ? await knownEntries(device, warn) : {};
  const entries: Record<string, TunedEntry> = {};
  const measured: string[] = [];
  const skipped: string[] = [];
  const started = performance.now();
  const tell = (done: number, shapeClass?: string): void =>
    options.onProgress?.({ done, total: tasks.length, shapeClass, elapsedMs: performance.now() - started, budgetMs });
  try {
    for (const [i, task] of tasks.entries()) {
      throwIfAborted(signal);
      const { shapeClass } = task;
      const found = known[shapeClass];
      if (found) entries[shapeClass] = found;
      else if (performance.now() - started >= budgetMs) skipped.push(shapeClass);
      else {
        tell(i, shapeClass);
        const wrong = (name: string): void => warn(`'${name}' computes something else for ${shapeClass} and is not used`);
        entries[shapeClass] = await measureTask(task, device, timer, { signal, wrong });
        measured.push(shapeClass);
      }
    }
    tell(tasks.length - skipped.length);
  } finally {
    if (persist && measured.length > 0) await storeTable(tableOf(device, entries), warn);
  }
  return { ...tableOf(device, entries), measured, skipped, savedMs: savedBy(tasks, entries) };
};

const tableOf = (device: Device, entries: Record<string, TunedEntry>): TuningTable => ({
  adapter: adapterOf(device.facts),
  entries,
});

const knownEntries = async ({ facts }: Device, warn: Warn): Promise<Record<string, TunedEntry>> => {
  const tables = await storedTables(warn);
  return Object.assign({}, ...tables.map((table) => validEntries(table, facts))) as Record<string, TunedEntry>;
};

const savedBy = (tasks: readonly TuningTask[], entries: Readonly<Record<string, TunedEntry>>): number =>
  tasks.reduce((sum, { shapeClass, nodes }) => {
    const entry = entries[shapeClass];
    return entry ? sum + nodes * (msByRules(entry) - (entry.ms[entry.choice] as number)) : sum;
  }, 0);

/** What the rules' choice took. */
export const msByRules = ({ ms }: TunedEntry): number => ms['by-rules'] ?? 0;
