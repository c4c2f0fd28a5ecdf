import type { RunOptions } from './device/executable.js';
import { TilewiseError } from './errors.js';
import { type Graph, valueNamed } from './graph/graph.js';
import type { DType } from './tensor/dtype.js';
import type { Dim } from './tensor/shape.js';
import { Tensor } from './tensor/tensor.js';

export type Feeds = Readonly<Record<string, Tensor>>;
/** Names of the outputs wanted, as a list or as the keys of an object. */
export type Fetches = readonly string[] | Readonly<Record<string, Tensor | null>>;

export interface ValueMetadata {
  readonly name: string;
  readonly isTensor: true;
  readonly type: DType;
  /** Undefined where only a run can tell. */
  readonly shape: readonly Dim[] | undefined;
}

export const valueMetadata = (graph: Graph, names: readonly string[]): ValueMetadata[] =>
  names.map((name) => {
    const { dtype, shape } = valueNamed(graph, name);
    return { name, isTensor: true, type: dtype, shape };
  });

/** The feeds by input name, checked for presence and type; `bindShapes` checks the shapes. */
export const checkFeeds = (graph: Graph, feeds: Feeds): Map<string, Tensor> => {
  const given = new Map(Object.entries(feeds));
  const inputs = new Map<string, Tensor>();
  for (const name of graph.inputs) {
    const tensor = given.get(name);
    if (!(tensor instanceof Tensor)) {
      throw new TilewiseError('invalid-feed', `input '${name}' ${tensor === undefined ? 'is missing' : 'is not a Tensor'}`, {
        tensor: name,
        hint: `the model's inputs are: ${graph.inputs.join(', ')}`,
      });
    }
    const { dtype } = valueNamed(graph, name);
    if (tensor.type !== dtype) {
      throw new TilewiseError('invalid-feed', `input '${name}' must be ${dtype}, got ${tensor.type}`, { tensor: name });
    }
    if (tensor.location === 'cpu' && tensor.data.length !== tensor.size) {
      throw new TilewiseError('invalid-feed', `the data of input '${name}' is gone: its ArrayBuffer was detached`, {
        tensor: name,
      });
    }
    inputs.set(name, tensor);
    given.delete(name);
  }
  const extra = given.keys().next().value;
  if (extra !== undefined) {
    throw new TilewiseError('invalid-feed', `'${extra}' is not an input of the model`, {
      tensor: extra,
      hint: `the model's inputs are: ${graph.inputs.join(', ')}`,
    });
  }
  return inputs;
};

const OPTIONS: readonly string[] = ['outputLocation', 'signal', 'maxSubmitMs'] satisfies (keyof RunOptions)[];

/** Sorts out run(feeds, fetches?, options?) and run(feeds, options?): fetches are a list, or an object of output names. */
export const fetchNames = (
  graph: Graph,
  fetches: Fetches | RunOptions | undefined,
  options: RunOptions | undefined,
): { names: readonly string[]; options: RunOptions } => {
  if (fetches === undefined) return { names: graph.outputs, options: options ?? {} };
  const names = Array.isArray(fetches) ? (fetches as readonly string[]) : Object.keys(fetches);
  const isOptions =
    !Array.isArray(fetches) &&
    options === undefined &&
    names.every((name) => OPTIONS.includes(name)) &&
    !names.some((name) => graph.outputs.includes(name));
  if (isOptions) return { names: graph.outputs, options: fetches as RunOptions };
  const unknown = names.find((name) => !graph.outputs.includes(name));
  if (unknown !== undefined) {
    throw new TilewiseError('invalid-argument', `'${unknown}' is not an output of the model`, {
      tensor: unknown,
      hint: `the model's outputs are: ${graph.outputs.join(', ')}`,
    });
  }
  return { names, options: options ?? {} };
};
