import { TilewiseError } from '../../errors.js';
import type { Attributes } from '../../graph/graph.js';
import type { RawAttribute } from '../../ops/attributes.js';
import { fromNumbers, toNumbers } from '../../tensor/convert.js';
import type { DType } from '../../tensor/dtype.js';
import { Tensor } from '../../tensor/tensor.js';
import type { Draft } from './draft.js';

/** A node between the file and the graph: attributes are as the file states them. */
export interface OnnxNode {
  readonly name: string;
  /** Contrib operators carry their domain ("com.microsoft.QGemm"). */
  readonly op: string;
  /** '' where an optional one is absent; none at the end. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, RawAttribute>;
  /** Values of internal attributes, which no file can state. */
  readonly internal?: Attributes;
}

/** Brings one node to the newest form of its operator, perhaps as several nodes. */
export type Upgrade = (node: OnnxNode, draft: Draft) => OnnxNode | readonly OnnxNode[];

export const unsupported = (message: string): never => {
  throw new TilewiseError('unsupported-model', message);
};

export const invalid = (message: string): never => {
  throw new TilewiseError('invalid-model', message);
};

/** The node without these attributes. */
export const without = (node: OnnxNode, ...names: readonly string[]): OnnxNode => ({
  ...node,
  attributes: new Map([...node.attributes].filter(([name]) => !names.includes(name))),
});

/** The node with these attributes, which replace any of the same name. */
export const withAttributes = (node: OnnxNode, given: Readonly<Record<string, RawAttribute>>): OnnxNode => ({
  ...node,
  attributes: new Map([...node.attributes, ...Object.entries(given)]),
});

/** The node with that input; places before it that the node lacks are absent inputs. */
export const withInput = (node: OnnxNode, index: number, name: string): OnnxNode => {
  const inputs = Array.from({ length: Math.max(node.inputs.length, index + 1) }, (_, i) => node.inputs[i] ?? '');
  if (inputs[index]) invalid(`input ${index} and the attribute that it replaces are both there`);
  inputs[index] = name;
  return { ...node, inputs };
};

/** Turns an attribute of numbers, where the node has it, into a constant input: a vector, or a scalar for one number. */
export const attributeToInput = (
  node: OnnxNode,
  attribute: string,
  index: number,
  draft: Draft,
  dtype: DType = 'int64',
): OnnxNode => {
  const raw = node.attributes.get(attribute);
  if (raw === undefined) return node;
  const list = typeof raw === 'number' ? [raw] : raw;
  if (!Array.isArray(list) || !list.every((v) => typeof v === 'number'))
    return invalid(`attribute '${attribute}' must be numbers`);
  const tensor = new Tensor(dtype, fromNumbers(dtype, list), typeof raw === 'number' ? [] : [list.length]);
  return withInput(without(node, attribute), index, draft.addConstant(`${node.name}.${attribute}`, tensor));
};

/** The one number of a constant input; undefined where the input is absent. */
export const scalarInput = (node: OnnxNode, index: number, draft: Draft, what: string): number | undefined => {
  const name = node.inputs[index];
  if (!name) return undefined;
  const tensor = draft.constant(name);
  if (!tensor) return unsupported(`${what} must be a constant, but '${name}' is computed`);
  const [value] = toNumbers(tensor.type, tensor.data);
  return value === undefined || tensor.size !== 1 ? invalid(`${what} must be one number`) : value;
};

/** The node with its first output alone; the others must not be read. */
export const firstOutputOnly = (node: OnnxNode, draft: Draft): OnnxNode => {
  const read = node.outputs.slice(1).find((name) => name && draft.isRead(name));
  if (read) unsupported(`output '${read}' is not supported, only the first one is`);
  return { ...node, outputs: node.outputs.slice(0, 1) };
};
