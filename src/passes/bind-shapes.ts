import { TilewiseError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { type Shape, shapeText } from '../tensor/shape.js';
import { foldConstants } from './fold-constants.js';
import { removeDeadNodes } from './remove-dead-nodes.js';

/**
 * The graph with inputs of these shapes: symbols take the numbers they stand for, shapes are inferred again and shape
 * arithmetic is folded. Throws `invalid-feed` where a shape does not fit what the model declares.
 */
export const bindShapes = (graph: Graph, shapes: ReadonlyMap<string, readonly number[]>): Graph => {
  const symbols = new Map<string, number>();
  const values = new Map(graph.values);
  for (const name of graph.inputs) {
    const value = values.get(name);
    const shape = shapes.get(name);
    if (!value || !shape) throw new TilewiseError('invalid-feed', `input '${name}' was not given`, { tensor: name });
    matchShape(name, value.shape, shape, symbols);
    values.set(name, { ...value, shape });
  }
  // Declared shapes of inner values may name other extents than the ones bound: inference says them again.
  for (const node of graph.nodes) {
    for (const name of node.outputs) {
      const value = values.get(name);
      if (value) values.set(name, { ...value, shape: undefined });
    }
  }
  return removeDeadNodes(foldConstants({ ...graph, values }));
};

const matchShape = (name: string, declared: Shape | undefined, shape: readonly number[], symbols: Map<string, number>): void => {
  const refuse = (why: string): never => {
    throw new TilewiseError(
      'invalid-feed',
      `input '${name}' must have shape ${shapeText(declared)}, got ${shapeText(shape)}: ${why}`,
      { tensor: name },
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
