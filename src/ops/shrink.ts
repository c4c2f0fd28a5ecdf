import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { epilogue, float } from './attributes.js';
import { defineOperator, fail, input } from './operator.js';

export interface ShrinkAttributes extends Attributes {
  readonly lambd: number;
  readonly bias: number;
  readonly epilogue: readonly EpilogueStep[];
}

/** x + bias below -lambd, x - bias above lambd, 0 between. */
export const shrink = defineOperator<ShrinkAttributes>({
  name: 'Shrink',
  attributes: { lambd: float(0.5), bias: float(0), epilogue: epilogue() },
  inputs: [1, 1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    if (dtype === 'bool') fail('Shrink is not defined for bool');
    return [{ dtype, shape }];
  },
});
