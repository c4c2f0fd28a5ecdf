import { TilewiseError } from '../errors.js';
import type { Attributes, Graph } from '../graph/graph.js';
import { sameShape } from '../tensor/shape.js';
import { internal } from './attributes.js';
import { constantNumbers, defineOperator, fail, type Inferred, input, type OpContext } from './operator.js';
import { graphOf, inferGraph } from './subgraph.js';

export interface IfAttributes extends Attributes {
  readonly then_branch: Graph | undefined;
  readonly else_branch: Graph | undefined;
}

const MOST_INPUTS = 2 ** 16;

/**
 * One of two graphs, as a condition (input 0, one bool) tells. The graphs read nothing from outside: what they want of it
 * is the further inputs of the node, first those of `then_branch`, then those of `else_branch`.
 */
export const ifOperator = defineOperator<IfAttributes>({
  name: 'If',
  attributes: { then_branch: internal<Graph | undefined>(undefined), else_branch: internal<Graph | undefined>(undefined) },
  inputs: [1, MOST_INPUTS],
  outputs: [1, MOST_INPUTS],
  hostInputs: [0],
  control: 'choice',
  expand: ({ name, inputs, attributes }, to) => {
    const condition = constantNumbers(to.value(inputs[0]));
    if (!condition) return undefined;
    if (condition.length !== 1) fail(`the condition must be one number, got ${condition.length}`);
    const [first, second] = [graphOf(attributes, 'then_branch'), graphOf(attributes, 'else_branch')];
    const split = 1 + first.inputs.length;
    return condition[0] ? to.inline(name, first, inputs.slice(1, split)) : to.inline(name, second, inputs.slice(split));
  },
  infer: (context) => {
    const condition = input(context as never, 0);
    if (condition.dtype !== 'bool') fail(`the condition must be bool, got ${condition.dtype}`);
    const branches = [branch(context, 'then_branch', 0), branch(context, 'else_branch', 1)];
    const [first, second] = branches.map((one) => ('results' in one ? one.results : undefined));
    const known = first ?? second;
    if (!known) throw (branches[0] as { error: TilewiseError }).error;
    return known.map(({ dtype, shape }, i) => {
      const other = (second ?? known)[i] as Inferred;
      if (other.dtype !== dtype) fail(`output ${i} is ${dtype} in one branch and ${other.dtype} in the other`);
      return { dtype, shape: first && second && shape && other.shape && sameShape(shape, other.shape) ? shape : undefined };
    });
  },
});

/** A branch may be impossible for these inputs: that it is not the one taken is why the condition is there. */
const branch = (
  { attributes, inputs }: OpContext,
  name: string,
  index: 0 | 1,
): { readonly results: Inferred[] } | { readonly error: TilewiseError } => {
  const graph = graphOf(attributes, name);
  const from = index === 0 ? 1 : 1 + graphOf(attributes, 'then_branch').inputs.length;
  try {
    return { results: inferGraph(graph, inputs.slice(from, from + graph.inputs.length)) };
  } catch (error) {
    if (error instanceof TilewiseError) return { error };
    throw error;
  }
};
