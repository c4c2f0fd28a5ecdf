import { TilewiseError } from '../errors.js';
import type { Attributes, Graph, Value } from '../graph/graph.js';
import { inferShapes } from './infer.js';
import type { Inferred } from './operator.js';

/** The graph of a node's attribute; importers always set it. */
export const graphOf = (attributes: Attributes, name: string): Graph => {
  const graph = attributes[name];
  if (graph && typeof graph === 'object' && 'nodes' in graph) return graph;
  throw new TilewiseError('invalid-model', `attribute '${name}' must be a graph`);
};

/** Types and shapes of a graph's outputs, given what is known of its inputs. */
export const inferGraph = (graph: Graph, inputs: readonly (Omit<Value, 'name'> | undefined)[]): Inferred[] => {
  const values = new Map(graph.values);
  graph.inputs.forEach((name, i) => {
    const { dtype, shape, tensor } = inputs[i] ?? { dtype: 'float32' as const, shape: undefined };
    values.set(name, { name, dtype, shape, ...(tensor && { tensor }) });
  });
  const inferred = inferShapes({ ...graph, values }).values;
  return graph.outputs.map((name) => {
    const { dtype, shape } = inferred.get(name) as Value;
    return { dtype, shape };
  });
};
