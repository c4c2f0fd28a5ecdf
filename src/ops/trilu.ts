import type { Attributes } from '../graph/graph.js';
import { flag } from './attributes.js';
import { defineOperator, fail, input, rankAtLeast } from './operator.js';

export interface TriluAttributes extends Attributes {
  readonly upper: boolean;
}

/** The upper or lower triangle of each matrix, 0 elsewhere; the diagonal that bounds it is `k` (input 1, else 0) columns off. */
export const trilu = defineOperator<TriluAttributes>({
  name: 'Trilu',
  attributes: { upper: flag(true) },
  inputs: [1, 2],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const k = context.inputs[1];
    if (k && k.dtype !== 'int64') fail(`k must be int64, got ${k.dtype}`);
    if (k?.shape?.some((d) => typeof d === 'number' && d !== 1)) fail(`k must be one number, got shape [${k.shape.join(', ')}]`);
    if (shape) rankAtLeast(shape, 2, 'the input');
    return [{ dtype, shape }];
  },
});
