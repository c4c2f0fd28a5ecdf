import type { Attributes } from '../graph/graph.js';
import { flag, int } from './attributes.js';
import { axisOf, defineOperator, elements, fail, input, type Operator } from './operator.js';

export interface ArgMaxAttributes extends Attributes {
  readonly axis: number;
  readonly keepdims: boolean;
  readonly select_last_index: boolean;
}

/** Where along `axis` the extreme stands: the first place, or the last. NaN is more extreme than any number. */
const argExtreme = (name: string): Operator =>
  defineOperator<ArgMaxAttributes>({
    name,
    attributes: { axis: int(0), keepdims: flag(true), select_last_index: flag(false) },
    inputs: [1, 1],
    infer: (context) => {
      const x = input(context as never, 0);
      const { axis: given, keepdims } = context.attributes;
      if (x.dtype === 'bool') fail(`${name} is not defined for bool`);
      if (!x.shape) return [{ dtype: 'int64', shape: undefined }];
      const axis = axisOf(given, x.shape.length);
      if (x.shape[axis] === 0) fail(`axis ${axis} has no elements`);
      return [{ dtype: 'int64', shape: keepdims ? x.shape.with(axis, 1) : x.shape.toSpliced(axis, 1) }];
    },
    macs: (context) => elements(input(context as never, 0).shape),
  });

export const argMax = argExtreme('ArgMax');
export const argMin = argExtreme('ArgMin');
