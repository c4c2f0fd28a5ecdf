import { existsSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { TilewiseError } from '../errors.js';
import { type Graph, type Value, valueNamed } from '../graph/graph.js';
import { imageToTensor } from '../image.js';
import { defaultPreprocessing, describePreprocessing, type Preprocessing, parsePreprocessing } from '../preprocessing.js';
import { bytesPerElement } from '../tensor/dtype.js';
import { type Shape, sameShape, shapeText, sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { decodePicture } from './decode-picture.js';
import { readBytes, readJson } from './files.js';
import { castTensor, elementsOf, readNpy } from './npy.js';
import { randomTensor } from './random.js';

/** A run's inputs by name, and what to call the run. */
export interface FeedFiles {
  readonly title: string;
  /** A path for each input of the model; no entry: random data. */
  readonly paths: ReadonlyMap<string, string>;
}

/**
 * Sorts out the files of a command line. One input: every file is a run. Several inputs: `name=file` for each, all of
 * one run; without names, one file for each input in the model's order. No files: one run on random data.
 */
export const assignFiles = (graph: Graph, args: readonly string[]): FeedFiles[] => {
  const named = args.map((arg) => splitName(graph, arg));
  if (args.length === 0) return [{ title: 'random data', paths: new Map() }];
  if (graph.inputs.length === 1 && named.every(({ name }) => name === undefined || name === graph.inputs[0])) {
    return named.map(({ path }) => ({ title: path, paths: new Map([[graph.inputs[0] as string, path]]) }));
  }
  const paths = new Map<string, string>();
  for (const [i, { name = graph.inputs[i], path }] of named.entries()) {
    if (name === undefined || paths.has(name)) {
      throw new TilewiseError('invalid-argument', `'${args[i]}' is one input too many`, { hint: inputsHint(graph) });
    }
    paths.set(name, path);
  }
  const missing = graph.inputs.filter((name) => !paths.has(name));
  if (missing.length > 0) {
    throw new TilewiseError('invalid-argument', `no file for input ${missing.map((name) => `'${name}'`).join(', ')}`, {
      hint: inputsHint(graph),
    });
  }
  return [{ title: [...paths.values()].map((path) => basename(path)).join(', '), paths }];
};

const inputsHint = (graph: Graph): string => `the inputs are: ${graph.inputs.join(', ')}; give each as NAME=FILE`;

/** NAME=FILE where NAME is an input of the model; else a path, which may hold '=' itself. */
const splitName = (graph: Graph, arg: string): { name?: string; path: string } => {
  const name = graph.inputs.find((input) => arg.startsWith(`${input}=`));
  if (name !== undefined) return { name, path: arg.slice(name.length + 1) };
  if (arg.includes('=') && !existsSync(arg)) {
    const stated = arg.slice(0, arg.indexOf('='));
    throw new TilewiseError('invalid-argument', `'${stated}' is not an input of the model`, { hint: inputsHint(graph) });
  }
  return { path: arg };
};

/** What loading inputs may need beyond the files. */
export interface LoadContext {
  readonly graph: Graph;
  /** Input shapes with symbols bound by --dims, or to 1. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly preprocessing: Preprocessing | undefined;
  readonly seed: number;
  /** Takes remarks such as "no preprocessing file". */
  readonly note: (text: string) => void;
}

/** The tensors of one run. Pictures become tensors on the GPU, everything else stays on the host. */
export const loadFeeds = async ({ paths }: FeedFiles, context: LoadContext): Promise<Map<string, Tensor>> => {
  const feeds = new Map<string, Tensor>();
  for (const [i, name] of context.graph.inputs.entries()) {
    const value = valueNamed(context.graph, name);
    const shape = context.shapes.get(name) as readonly number[];
    const path = paths.get(name);
    feeds.set(
      name,
      path === undefined ? randomTensor(value.dtype, shape, context.seed + i) : await loadTensor(path, value, shape, context),
    );
  }
  return feeds;
};

const loadTensor = async (path: string, value: Value, shape: readonly number[], context: LoadContext): Promise<Tensor> => {
  const extension = extname(path).toLowerCase();
  if (extension === '.npy') return loadNpy(path, value);
  if (extension === '.bin' || extension === '.raw') return loadRaw(path, value, shape);
  return await loadPicture(path, value, shape, context);
};

const loadNpy = async (path: string, value: Value): Promise<Tensor> => {
  const tensor = readNpy(await readBytes(path));
  const cast = castTensor(tensor, value.dtype);
  if (cast) return cast;
  throw new TilewiseError('invalid-argument', `${path} holds ${tensor.type}, input '${value.name}' wants ${value.dtype}`, {
    hint: `save x.astype('${value.dtype}')`,
  });
};

/** Little-endian elements. Where the model leaves one extent open, the file's size tells it. */
const loadRaw = async (path: string, value: Value, shape: readonly number[]): Promise<Tensor> => {
  const bytes = await readBytes(path);
  const declared = value.shape as Shape;
  const open = declared.flatMap((dim, i) => (typeof dim === 'string' ? [i] : []));
  const dims = [...shape];
  const size = bytes.length / bytesPerElement(value.dtype);
  if (open.length === 1 && size !== sizeOf(dims)) {
    const at = open[0] as number;
    const rest = sizeOf(dims.toSpliced(at, 1));
    if (rest > 0 && size % rest === 0) dims[at] = size / rest;
  }
  try {
    return new Tensor(value.dtype, elementsOf(value.dtype, bytes, sizeOf(dims)), dims);
  } catch (cause) {
    const message = `${path} does not fit input '${value.name}' of shape ${shapeText(dims)}: ${(cause as Error).message}`;
    throw new TilewiseError('invalid-argument', message, { cause });
  }
};

const loadPicture = async (path: string, value: Value, shape: readonly number[], context: LoadContext): Promise<Tensor> => {
  if (value.dtype !== 'float32') {
    throw new TilewiseError('invalid-argument', `a picture cannot be input '${value.name}': it is ${value.dtype}`, {
      hint: 'give the tensor as a .npy or .bin file',
    });
  }
  const preprocessing = context.preprocessing ?? defaultPreprocessing(shape);
  if (!preprocessing) {
    throw new TilewiseError('invalid-argument', `input '${value.name}' of shape ${shapeText(value.shape)} is not a picture's`, {
      hint: 'describe the picture in a file for --preprocessing, or give a .npy or .bin file',
    });
  }
  if (!context.preprocessing) context.note(`no preprocessing file: ${describePreprocessing(preprocessing)}`);
  const tensor = await imageToTensor(await decodePicture(path), preprocessing);
  return fitShape(tensor, value, shape);
};

/** The same elements under the shape of the input, e.g. [1, 784] for [1, 1, 28, 28]. */
const fitShape = (tensor: Tensor, value: Value, shape: readonly number[]): Tensor => {
  if (sameShape(tensor.dims, shape)) return tensor;
  if (tensor.size !== sizeOf(shape)) {
    throw new TilewiseError(
      'invalid-argument',
      `the preprocessing makes ${shapeText(tensor.dims)}, but input '${value.name}' has shape ${shapeText(value.shape)}`,
    );
  }
  return Tensor.fromDevice(tensor.type, shape, {
    buffer: tensor.gpuBuffer,
    read: () => tensor.getData(),
    release: () => tensor.dispose(),
  });
};

/** The preprocessing of --preprocessing FILE, or of model.preprocessing.json beside model.onnx; undefined without either. */
export const loadPreprocessing = async (model: string, path: string | undefined): Promise<Preprocessing | undefined> => {
  const beside = `${model.slice(0, model.length - extname(model).length)}.preprocessing.json`;
  const file = path ?? (existsSync(beside) ? beside : undefined);
  if (file === undefined) return undefined;
  const stated = await readJson(file);
  try {
    return parsePreprocessing(stated);
  } catch (error) {
    if (!(error instanceof TilewiseError)) throw error;
    const details = { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) };
    throw new TilewiseError(error.code, `${file}: ${error.message}`, details);
  }
};
