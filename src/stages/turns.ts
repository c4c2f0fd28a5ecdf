import { TilewiseError } from '../errors.js';
import { type Graph, type Node, type Value, valueNamed } from '../graph/graph.js';
import { graphOf, inferGraph } from '../ops/subgraph.js';
import { hostInputs } from '../passes/host-inputs.js';
import { optimize } from '../passes/index.js';
import type { Budgets } from '../tensor/budgets.js';
import { toNumbers } from '../tensor/convert.js';
import { isConcrete } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { Stage } from './stage.js';

/** A loop to be run turn by turn. */
export interface Turns {
  readonly node: Node;
  readonly body: Stage;
  /** How many values are carried from turn to turn. */
  readonly carried: number;
  /** The outputs of the body: the condition, what is carried, what is collected. */
  readonly results: readonly string[];
  /** Names in the body of what is carried, and of what else it reads of the graph around it (by the names there). */
  readonly state: readonly string[];
  readonly captured: ReadonlyMap<string, string>;
  readonly turn: string;
}

export const tooManyTurns = ({ op, name, outputs: [tensor] }: Node, most: number): TilewiseError =>
  new TilewiseError('limit-exceeded', `${op} '${name}': more than ${most} turns`, {
    node: name,
    ...(tensor && { tensor }),
    hint: 'raise maxTripCount where so many are meant',
  });

const isTrue = new Tensor('bool', [true], []);

/** The loop in a graph whose shapes are known. Its body is planned for the shapes it meets, once for each. */
export const turnsOf = (node: Node, graph: Graph, key: string, most: number, budgets: Budgets): Turns => {
  const body = graphOf(node.attributes, 'body');
  const carried = node.attributes.carried as number;
  const [turn = '', condition = '', ...others] = body.inputs;
  const values = new Map(body.values);
  values.set(condition, { name: condition, dtype: 'bool', shape: [], tensor: isTrue });
  values.set(turn, { name: turn, dtype: 'int64', shape: [] });
  const captured = new Map<string, string>();
  others.forEach((name, i) => {
    const outer = node.inputs[2 + i] as string;
    const { dtype, tensor } = valueNamed(graph, outer);
    const isConstant = i >= carried && tensor;
    values.set(name, { name, dtype, shape: isConstant ? tensor.dims : undefined, ...(isConstant && { tensor }) });
    if (i >= carried && !tensor) captured.set(name, outer);
  });
  const state = others.slice(0, carried);
  const inputs = [turn, ...state, ...captured.keys()];
  const inner = optimize({ ...body, inputs, values, outputs: [...new Set(body.outputs)] }, undefined, budgets);
  const trips = numberOf(graph.values.get(node.inputs[0] ?? ''));
  const goesOn = numberOf(inner.values.get(body.outputs[0] as string));
  if (trips !== undefined && trips > most && goesOn === 1) throw tooManyTurns(node, most);
  const stage = { key: `${key}/${node.name}`, graph: inner, host: hostInputs(inner) };
  return { node, body: stage, carried, results: body.outputs, state, captured, turn };
};

const numberOf = (value: Value | undefined): number | undefined =>
  value?.tensor && toNumbers(value.tensor.type, value.tensor.data)[0];

/** What a loop without turns collects: an axis more than a turn gives, without elements. */
export const noTurns = ({ node, carried }: Turns, index: number, inputs: readonly (Tensor | undefined)[]): Tensor => {
  const given = inputs.map((tensor) => tensor && { dtype: tensor.type, shape: tensor.dims });
  const scalar = [
    { dtype: 'int64', shape: [] },
    { dtype: 'bool', shape: [] },
  ] as const;
  const { dtype, shape } = inferGraph(graphOf(node.attributes, 'body'), [...scalar, ...given.slice(2)])[1 + carried + index]!;
  if (shape && isConcrete(shape)) return new Tensor(dtype, [], [0, ...shape]);
  throw new TilewiseError(
    'unsupported-model',
    `${node.op} '${node.name}' collects the results of no turn, whose shape is not known`,
    {
      node: node.name,
    },
  );
};
