import type { Attributes, Graph, Value } from '../graph/graph.js';
import { isConcrete } from '../tensor/shape.js';
import { internal } from './attributes.js';
import { constantNumbers, defineOperator, type Expansion, fail, type Inferred } from './operator.js';
import { graphOf, inferGraph } from './subgraph.js';

export interface LoopAttributes extends Attributes {
  /** Inputs: the number of the turn, the condition, the carried values, what is captured. */
  readonly body: Graph | undefined;
  /** How many values are carried from turn to turn. */
  readonly carried: number;
}

/** Most turns of a loop that stand one after the other in the graph. */
const MAX_TURNS = 256;
const MOST_INPUTS = 2 ** 16;

/** The one number of a value: undefined while it is not known, `absent` where there is no value. */
const numberOf = (value: Value | undefined, name: string | undefined, absent: number, what: string): number | undefined => {
  if (!name) return absent;
  const numbers = constantNumbers(value);
  if (numbers && numbers.length !== 1) fail(`${what} must be one number, got ${numbers.length}`);
  return numbers?.[0];
};

/**
 * Turns of a graph: at most as many as input 0 says (any number where it is absent), as long as a condition holds (input
 * 1 before the first turn, true where it is absent; then output 0 of the graph). The further inputs are the values that
 * are carried from turn to turn, which are also the first outputs, and what the graph reads from outside. The other
 * outputs are what each turn gave, along a new first axis.
 */
export const loop = defineOperator<LoopAttributes>({
  name: 'Loop',
  attributes: { body: internal<Graph | undefined>(undefined), carried: internal<number>(0) },
  inputs: [1, MOST_INPUTS],
  outputs: [1, MOST_INPUTS],
  hostInputs: [0, 1],
  control: 'turns',
  expand: ({ name, inputs, outputs, attributes }, to) => {
    const most = numberOf(to.value(inputs[0]), inputs[0], Number.POSITIVE_INFINITY, 'the number of turns');
    const condition = numberOf(to.value(inputs[1]), inputs[1], 1, 'the condition');
    if (most === undefined || condition === undefined || (Number.isFinite(most) && most > MAX_TURNS && condition))
      return undefined;
    const body = graphOf(attributes, 'body');
    const count = attributes.carried as number;
    const captured = inputs.slice(2 + count);
    let carried = inputs.slice(2, 2 + count);
    let goesOn = condition !== 0;
    const collected: string[][] = outputs.slice(count).map(() => []);
    for (let turn = 0; goesOn && turn < most; turn++) {
      if (turn >= MAX_TURNS || to.nodesLeft < body.nodes.length + 2) return undefined;
      const state = [to.constant(`${name}/turn`, 'int64', [turn], []), to.constant(`${name}/goes on`, 'bool', [1], [])];
      const [next, ...results] = to.inline(`${name}/${turn}`, body, [...state, ...carried, ...captured]);
      const decided = numberOf(to.value(next), next, 1, 'the condition of the body');
      if (decided === undefined) return undefined;
      goesOn = decided !== 0;
      carried = results.slice(0, count);
      for (const [i, result] of results.slice(count).entries()) collected[i]?.push(result);
    }
    const empty =
      collected[0]?.length === 0
        ? emptyResults(
            body,
            inputs.map((input) => to.value(input)),
            count,
          )
        : [];
    const gathered = collected.map((values, i) => (outputs[count + i] ? gather(name, values, empty[i], to) : ''));
    return [...carried, ...gathered];
  },
  infer: ({ attributes, inputs }) => {
    const count = attributes.carried;
    const results = inferGraph(graphOf(attributes, 'body'), [
      { dtype: 'int64', shape: [] },
      { dtype: 'bool', shape: [] },
      ...inputs.slice(2, 2 + count).map((value) => value && { dtype: value.dtype, shape: undefined }),
      ...inputs.slice(2 + count),
    ]);
    // What is carried may change its shape from turn to turn, and there may be no turn at all.
    const carried = results.slice(1, 1 + count).map(({ dtype }, i) => {
      const given = inputs[2 + i]?.dtype;
      return given === undefined || given === dtype
        ? dtype
        : fail(`carried value ${i} is ${given} before a turn and ${dtype} after`);
    });
    const others = results.slice(1 + count).map(({ dtype }) => dtype);
    return [...carried, ...others].map((dtype) => ({ dtype, shape: undefined }));
  },
});

/** What a loop of no turns collects: as many axes as a turn's results and one more, without elements. */
const emptyResults = (body: Graph, inputs: readonly (Value | undefined)[], count: number): Inferred[] =>
  inferGraph(body, [{ dtype: 'int64', shape: [] }, { dtype: 'bool', shape: [] }, ...inputs.slice(2)]).slice(1 + count);

const gather = (name: string, values: readonly string[], empty: Inferred | undefined, to: Expansion): string => {
  if (values.length === 0) {
    const { dtype, shape } = empty as Inferred;
    if (!shape || !isConcrete(shape)) return fail('it collects the results of no turn, whose shape is not known');
    return to.constant(`${name}/none`, dtype, [], [0, ...shape]);
  }
  const axes = to.constant(`${name}/axis`, 'int64', [0]);
  const rows = values.map((value) => to.add(`${name}/row`, 'Unsqueeze', [value, axes])[0] as string);
  return to.add(`${name}/rows`, 'Concat', rows, { axis: 0 })[0] as string;
};
