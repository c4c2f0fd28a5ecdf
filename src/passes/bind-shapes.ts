import { TilewiseError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import type { Budgets } from '../tensor/budgets.js';
import { type Shape, shapeText } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { foldConstants } from './fold-constants.js';
import { removeDeadNodes } from './remove-dead-nodes.js';

/** What a plan is made for: the shape of each input of the graph, or its data where that decides shapes (`hostInputs`). */
export type Bindings = ReadonlyMap<string, readonly number[] | Tensor>;

/**
 * The graph with inputs of these shapes: symbols take the numbers they stand for, inputs given as tensors become
 * constants, shapes are inferred again and shape arithmetic is folded. Throws `invalid-feed` where a shape does not fit
 * what the model declares.
 */
export const bindShapes = (graph: Graph, bindings: Bindings, budgets?: Budgets): Graph => {
  const symbols = new Map<string, number>();
  const values = new Map(graph.values);
  for (const name of graph.inputs) {
    const value = values.get(name);
    const binding = bindings.get(name);
    if (!value || !binding) throw new TilewiseError('invalid-feed', `input '${name}' was not given`, { tensor: name });
    const tensor = binding instanceof Tensor ? binding : undefined;
    const shape = binding instanceof Tensor ? binding.dims : binding;
    matchShape(name, value.shape, shape, symbols);
    values.set(name, { ...value, shape, ...(tensor && { tensor }) });
  }
  // Declared shapes of inner values may name other extents than the ones bound: inference says them again.
  for (const node of graph.nodes) {
    for (const name of node.outputs) {
      const value = values.get(name);
      if (value) values.set(name, { ...value, shape: undefined });
    }
  }
  const inputs = graph.inputs.filter((name) => !values.get(name)?.tensor);
  return removeDeadNodes(foldConstants({ ...graph, inputs, values }, budgets));
};

/** Checks the shape given for an input against the declared one, and notes what its symbols stand for. */
export const matchShape = (
  name: string,
  declared: Shape | undefined,
  shape: readonly number[],
  symbols: Map<string, number>,
): void => {
  const refuse = (why: string): never => {
    throw new TilewiseError(
      'invalid-feed',
      `input '${name}' must have shape ${shapeText(declared)}, got ${shapeText(shape)}: ${why}`,
      { tensor: name, ...(isOneSample(declared, shape) && { hint: "create the session with the option batch: 'dynamic'" }) },
    );
  };
  if (!declared) return;
  if (declared.length !== shape.length) refuse(`${declared.length} dimensions are wanted`);
  declared.forEach((dim, i) => {
    const extent = shape[i] as number;
    const expected = typeof dim === 'number' ? dim : (symbols.get(dim) ?? extent);
    if (extent !== expected) refuse(typeof dim === 'number' ? `dimension ${i} is fixed` : `'${dim}' is ${expected} elsewhere`);
    if (typeof dim === 'string') symbols.set(dim, extent);
  });
};

/** True where a model for one sample is given several. */
const isOneSample = (declared: Shape | undefined, shape: readonly number[]): boolean =>
  declared?.[0] === 1 && declared.length === shape.length && shape[0] !== 1;
