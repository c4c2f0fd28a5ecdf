import { TilewiseError } from '../src/errors.js';
import type { Graph, Node } from '../src/graph/graph.js';
import { graphOf } from '../src/ops/subgraph.js';
import { fromNumbers, toNumbers } from '../src/tensor/convert.js';
import { Tensor } from '../src/tensor/tensor.js';

type Inputs = readonly (Tensor | undefined)[];
/** Interprets a graph: its outputs, given its inputs in order. */
export type RunGraph = (graph: Graph, inputs: readonly Tensor[]) => Tensor[];
/** A node that holds graphs, on the CPU. */
export type ControlReference = (node: Node, inputs: Inputs, run: RunGraph) => Tensor[];

const scalar = (dtype: 'int64' | 'bool', value: number): Tensor => new Tensor(dtype, fromNumbers(dtype, [value]), []);
const numberOf = (tensor: Tensor): number => toNumbers(tensor.type, tensor.data)[0] as number;

const ifReference: ControlReference = ({ attributes }, [condition, ...captured], run) => {
  const [first, second] = [graphOf(attributes, 'then_branch'), graphOf(attributes, 'else_branch')];
  const tensors = captured as Tensor[];
  return numberOf(condition as Tensor) !== 0
    ? run(first, tensors.slice(0, first.inputs.length))
    : run(second, tensors.slice(first.inputs.length));
};

const loop: ControlReference = ({ attributes, outputs }, [trips, condition, ...rest], run) => {
  const body = graphOf(attributes, 'body');
  const count = attributes.carried as number;
  const most = trips ? numberOf(trips) : Number.POSITIVE_INFINITY;
  const captured = rest.slice(count) as Tensor[];
  let carried = rest.slice(0, count) as Tensor[];
  let goesOn = condition ? numberOf(condition) !== 0 : true;
  const collected: Tensor[][] = outputs.slice(count).map(() => []);
  for (let turn = 0; goesOn && turn < most; turn++) {
    const results = run(body, [scalar('int64', turn), scalar('bool', 1), ...carried, ...captured]);
    goesOn = numberOf(results[0] as Tensor) !== 0;
    carried = results.slice(1, 1 + count);
    for (const [i, result] of results.slice(1 + count).entries()) collected[i]?.push(result);
  }
  return [...carried, ...collected.map(stacked)];
};

const stacked = (turns: readonly Tensor[]): Tensor => {
  const [first] = turns;
  if (!first) throw new TilewiseError('unsupported-model', 'the shape of the results of no turn is not known');
  const numbers = turns.flatMap(({ type, data }) => [...toNumbers(type, data)]);
  return new Tensor(first.type, fromNumbers(first.type, numbers), [turns.length, ...first.dims]);
};

export const controlReferences: ReadonlyMap<string, ControlReference> = new Map([
  ['If', ifReference],
  ['Loop', loop],
]);
