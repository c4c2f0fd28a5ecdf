import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { TilewiseError } from '../errors.js';
import { type ModelProto, modelProto } from '../importers/onnx/proto.js';
import { readMessage } from '../importers/onnx/wire.js';
import { readBytes, readJson } from './files.js';

/** One test of an ONNX backend suite: a folder with a model and one or more sets of inputs and outputs. */
export interface SuiteTest {
  /** The folder's path below the suite's, with '/' between the parts. */
  readonly name: string;
  readonly folder: string;
  /** Folders with input_0.pb ... and output_0.pb ... */
  readonly dataSets: readonly string[];
}

/** What a model file states of itself, supported or not. */
export interface Statement {
  /** Operators of the nodes, each once, Constant left out; those of other domains carry theirs. */
  readonly operators: readonly string[];
  /** True where the operators and the types of inputs and outputs are all of the core set. */
  readonly core: boolean;
}

/** The operators and element types (ONNX numbers) that a core test keeps to. */
export interface CoreSet {
  readonly ops: ReadonlySet<string>;
  readonly types: ReadonlySet<number>;
}

const isDataSet = (name: string): boolean => name.startsWith('test_data_set_');

/** The number in "input_12.pb" and "test_data_set_3", which orders them. */
const numberIn = (name: string): number => Number(/(\d+)(\.pb)?$/.exec(name)?.[1] ?? 0);

const byNumber = (names: readonly string[]): string[] => [...names].sort((a, b) => numberIn(a) - numberIn(b));

/** Every test below a folder, by name. */
export const findTests = async (root: string): Promise<SuiteTest[]> => {
  if (!existsSync(root)) throw new TilewiseError('not-found', `there is no folder ${root}`);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const folders = entries.filter((entry) => entry.isFile() && entry.name === 'model.onnx').map(({ parentPath }) => parentPath);
  const tests = await Promise.all(
    folders.map(async (folder): Promise<SuiteTest> => {
      const names = byNumber((await readdir(folder)).filter(isDataSet));
      const name = relative(root, folder).split(sep).join('/');
      return { name, folder, dataSets: names.map((set) => join(folder, set)) };
    }),
  );
  return tests.sort((a, b) => (a.name < b.name ? -1 : 1));
};

/** The TensorProto files of that prefix in a data set, in order. */
export const tensorFiles = async (dataSet: string, prefix: 'input' | 'output'): Promise<string[]> => {
  const names = (await readdir(dataSet)).filter((name) => name.startsWith(`${prefix}_`) && name.endsWith('.pb'));
  return byNumber(names).map((name) => join(dataSet, name));
};

export const readTensorFiles = async (dataSet: string, prefix: 'input' | 'output'): Promise<Uint8Array[]> =>
  await Promise.all((await tensorFiles(dataSet, prefix)).map(readBytes));

export const readCoreSet = async (path: string): Promise<CoreSet> => {
  const { ops, types } = (await readJson(path)) as Record<string, unknown>;
  if (!Array.isArray(ops) || !Array.isArray(types)) {
    throw new TilewiseError('invalid-argument', `${path} must hold the lists 'ops' and 'types'`);
  }
  return { ops: new Set(ops as string[]), types: new Set(types as number[]) };
};

/** What a model's bytes state, read without the importer so that models it refuses are described too. */
export const statementOf = (bytes: Uint8Array, core: CoreSet | undefined): Statement => {
  const { graph }: ModelProto = readMessage(modelProto, bytes);
  const names = new Set<string>();
  for (const { opType = '', domain } of graph?.nodes ?? [])
    names.add(domain && domain !== 'ai.onnx' ? `${domain}.${opType}` : opType);
  const types = [...(graph?.inputs ?? []), ...(graph?.outputs ?? [])].map(({ type }) => type?.tensor?.elementType ?? 0);
  return {
    operators: [...names].filter((name) => name !== 'Constant' || names.size === 1),
    core: core !== undefined && [...names].every((name) => core.ops.has(name)) && types.every((type) => core.types.has(type)),
  };
};
