import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import { TilewiseError } from '../errors.js';
import { valueNamed } from '../graph/graph.js';
import type { LabelledSample } from '../quantize/accuracy.js';
import type { Sample } from '../quantize/runtime.js';
import { toNumbers } from '../tensor/convert.js';
import { sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { readBytes, readJson } from './files.js';
import { type LoadContext, loadFeeds } from './inputs.js';
import { loadLabels } from './labels.js';
import { castTensor, readNpy } from './npy.js';

const PICTURES = ['.png', '.jpg', '.jpeg', '.webp', '.avif', '.gif', '.tif', '.tiff', '.svg'];
const READABLE = new Set([...PICTURES, '.npy', '.bin', '.raw']);

const bad = (message: string, hint?: string): never => {
  throw new TilewiseError('invalid-argument', message, hint === undefined ? {} : { hint });
};

/** One file of samples, or one row of a file that holds many. */
interface Item {
  readonly path: string;
  readonly row: number | undefined;
}

export interface ReadOptions {
  /** Most samples that are read; they are taken evenly from all. */
  readonly most: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Inputs for a model of one input: the pictures, .npy and .bin files of a folder and of the folders in it, or one .npy
 * file of many rows.
 */
export const readSamples = async (source: string, context: LoadContext, options: ReadOptions): Promise<Sample[]> => {
  const items = evenly(await itemsOf(source, context), options.most);
  return loadItems(items, context, options);
};

/**
 * The same with the class of each. A folder says it by folders of its own, named by the number of a class (or its name,
 * where `labels` names a file of names), by `labels.json` or `index.json` ({"file": class} or [{"file", "label"}], paths
 * from there), or by `labels.npy` beside one .npy file of many rows.
 */
export const readLabelled = async (
  folder: string,
  context: LoadContext,
  options: ReadOptions & { readonly labels?: string | undefined },
): Promise<LabelledSample[]> => {
  const names = options.labels === undefined ? undefined : await loadLabels(options.labels);
  const all = await labelledItems(folder, context, names);
  if (all.length === 0) bad(`${folder} holds no labelled data`);
  const used = evenly(all, options.most);
  const samples = await loadItems(
    used.map(({ item }) => item),
    context,
    options,
  );
  return samples.map((sample, i) => ({ sample, label: (used[i] as LabelledItem).label }));
};

interface LabelledItem {
  readonly item: Item;
  readonly label: number;
}

const labelledItems = async (
  folder: string,
  context: LoadContext,
  names: readonly string[] | undefined,
): Promise<LabelledItem[]> => {
  const index = ['labels.json', 'index.json'].map((file) => join(folder, file)).find((path) => existsSync(path));
  if (index !== undefined) return indexedItems(index);
  if (existsSync(join(folder, 'labels.npy'))) return rowItems(folder, context);
  const items = await itemsOf(folder, context);
  return items.map((item) => ({ item, label: classNamed(relative(folder, dirname(item.path)), names, item.path) }));
};

/** The class that a folder stands for. */
const classNamed = (folder: string, names: readonly string[] | undefined, path: string): number => {
  const named = names?.indexOf(folder) ?? -1;
  if (named >= 0) return named;
  if (/^\d+$/.test(folder)) return Number(folder);
  return bad(
    `${path}: '${folder || '.'}' is the number of no class`,
    'name folders by class numbers, or give the names with --labels',
  );
};

const indexedItems = async (path: string): Promise<LabelledItem[]> => {
  const stated = await readJson(path);
  const entries: unknown[] = Array.isArray(stated)
    ? stated
    : Object.entries(stated as object).map(([file, label]) => ({ file, label: label as unknown }));
  return entries.map((entry) => {
    const { file, label } = (entry ?? {}) as { file?: unknown; label?: unknown };
    if (typeof file !== 'string' || !Number.isInteger(label)) return bad(`${path}: an entry must have a 'file' and a 'label'`);
    const beside = join(dirname(path), file);
    // Some keep the files in a folder beside the index.
    const within = existsSync(beside) ? beside : join(dirname(path), 'jpg', file);
    return { item: { path: within, row: undefined }, label: label as number };
  });
};

const rowItems = async (folder: string, context: LoadContext): Promise<LabelledItem[]> => {
  const labels = readNpy(await readBytes(join(folder, 'labels.npy')));
  const items = (await itemsOf(folder, context)).filter(({ path }) => basename(path) !== 'labels.npy');
  if (items.length !== labels.size) bad(`${folder}: ${labels.size} labels for ${items.length} samples`);
  const numbers = toNumbers(labels.type, labels.data);
  return items.map((item, i) => ({ item, label: numbers[i] as number }));
};

/** Every sample of a file or folder, by name. */
const itemsOf = async (source: string, context: LoadContext): Promise<Item[]> => {
  if (context.graph.inputs.length !== 1) {
    bad(
      `the model has ${context.graph.inputs.length} inputs, and files hold one`,
      'use the library: quantize(model, { samples })',
    );
  }
  const info = await stat(source).catch(() => bad(`there is no file or folder ${source}`));
  const paths = info.isDirectory() ? await filesIn(source) : [source];
  if (paths.length === 0) bad(`${source} holds no pictures, .npy or .bin files`);
  return (await Promise.all(paths.map((path) => rowsOf(path, context)))).flat();
};

const filesIn = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const lists = entries.map(async (entry): Promise<string[]> => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return entry.isFile() && READABLE.has(extname(path).toLowerCase()) ? [path] : [];
  });
  return (await Promise.all(lists)).flat();
};

/** The rows of an .npy file whose first extent is a number of samples that the model does not take at once. */
const rowsOf = async (path: string, context: LoadContext): Promise<Item[]> => {
  const one: Item[] = [{ path, row: undefined }];
  if (extname(path).toLowerCase() !== '.npy' || basename(path) === 'labels.npy') return one;
  const { dims } = readNpy(await readBytes(path));
  const shape = inputShape(context);
  const rest = sizeOf(shape) / (shape[0] || 1);
  const count = dims[0] ?? 0;
  if (shape[0] !== 1 || count <= 1 || sizeOf(dims) !== count * rest) return one;
  return Array.from({ length: count }, (_, row) => ({ path, row }));
};

const inputShape = ({ graph, shapes }: LoadContext): readonly number[] =>
  shapes.get(graph.inputs[0] as string) as readonly number[];

const evenly = <T>(items: readonly T[], most: number): T[] => {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / most)] as T);
};

const loadItems = async (items: readonly Item[], context: LoadContext, { onProgress }: ReadOptions): Promise<Sample[]> => {
  const name = context.graph.inputs[0] as string;
  const files = new Map<string, Tensor>();
  const samples: Sample[] = [];
  for (const { path, row } of items) {
    samples.push({ [name]: row === undefined ? await loadOne(path, name, context) : await loadRow(path, row, context, files) });
    onProgress?.(samples.length, items.length);
  }
  return samples;
};

/** A file as a tensor on the host: many would fill the GPU. */
const loadOne = async (path: string, name: string, context: LoadContext): Promise<Tensor> => {
  const feeds = await loadFeeds({ title: path, paths: new Map([[name, path]]) }, context);
  const tensor = feeds.get(name) as Tensor;
  const data = await tensor.getData();
  const { type, dims, location } = tensor;
  if (location === 'gpu') tensor.dispose();
  return new Tensor(type, data, dims);
};

const loadRow = async (path: string, row: number, context: LoadContext, files: Map<string, Tensor>): Promise<Tensor> => {
  const shape = inputShape(context);
  const { dtype } = valueNamed(context.graph, context.graph.inputs[0] as string);
  let whole = files.get(path);
  if (!whole) {
    const read = readNpy(await readBytes(path));
    whole = castTensor(read, dtype) ?? bad(`${path} holds ${read.type}, the model wants ${dtype}`);
    files.set(path, whole);
  }
  const size = sizeOf(shape);
  return new Tensor(dtype, whole.data.slice(row * size, (row + 1) * size), shape);
};
