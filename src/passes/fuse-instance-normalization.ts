import type { Graph } from '../graph/graph.js';
import { withDefaults } from '../ops/attributes.js';
import { operators } from '../ops/index.js';
import type { Operator } from '../ops/operator.js';
import { Rewriter } from './rewrite.js';
import { type Normalization, normalizationAt } from './written-out-normalization.js';

/** A normalisation of every channel over its positions that is written out becomes one InstanceNormalization. */
export const fuseInstanceNormalization = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const found = rewriter.isReplaced(node) ? undefined : normalizationAt(rewriter, node);
    const channels = found && channelsOf(rewriter, found);
    if (!found || channels === undefined) continue;
    const { x, last, epsilon } = found;
    const rank = rewriter.value(x)!.shape!.length;
    const scale = perChannel(rewriter, found.scale, channels, rank, 1);
    const bias = perChannel(rewriter, found.bias, channels, rank, 0);
    if (!scale || !bias) continue;
    const dtype = rewriter.value(x)!.dtype;
    const constants = [scale, bias].map((numbers, i) =>
      rewriter.addConstant(`${last.name}.${i === 0 ? 'scale' : 'bias'}`, dtype, numbers, [channels]),
    );
    const { attributes } = operators.get('InstanceNormalization') as Operator;
    const replacement = {
      name: last.name,
      op: 'InstanceNormalization',
      inputs: [x, ...constants],
      outputs: last.outputs,
      attributes: withDefaults(attributes, { epsilon, epilogue: last.attributes.epilogue ?? [] }),
    };
    rewriter.replace(last, [replacement], found.absorbed);
  }
  return rewriter.finish();
};

/**
 * The channels of x, when the means run over all positions of each: x may be seen under a shape that keeps the batch and
 * the channels, and that has as many dimensions, so that the means lie beside x.
 */
const channelsOf = (rewriter: Rewriter, { x, viewed, axes }: Normalization): number | undefined => {
  const [shape, view] = [x, viewed].map((name) => rewriter.value(name)?.shape);
  if (!shape || !view || shape.length < 3 || view.length !== shape.length) return undefined;
  const reduced = new Set(axes.map((axis) => (axis < 0 ? axis + view.length : axis)));
  const covers = view.every((d, axis) => (axis < 2 ? !reduced.has(axis) && d === shape[axis] : d === 1 || reduced.has(axis)));
  const [, channels] = shape;
  return covers && typeof channels === 'number' && channels > 0 ? channels : undefined;
};

/** A number for each channel from a constant of shape [.., channels, 1, 1] or one number; `absent` where there is none. */
const perChannel = (
  rewriter: Rewriter,
  name: string | undefined,
  channels: number,
  rank: number,
  absent: number,
): ArrayLike<number> | undefined => {
  if (!name) return new Float64Array(channels).fill(absent);
  const numbers = rewriter.numbers(name);
  const shape = rewriter.value(name)?.shape;
  if (!numbers || !shape || shape.length > rank) return undefined;
  if (numbers.length === 1) return new Float64Array(channels).fill(numbers[0] as number);
  const fits = shape.every((d, i) => d === (i === shape.length - rank + 1 ? channels : 1));
  return fits ? numbers : undefined;
};
