import type { Attributes } from '../graph/graph.js';
import { addDims, type Dim, type Shape } from '../tensor/shape.js';
import { int } from './attributes.js';
import { axisOf, defineOperator, expectDim, fail, input } from './operator.js';

export interface ConcatAttributes extends Attributes {
  readonly axis: number;
}

const joined = (shapes: readonly Shape[], axis: number): Shape => {
  const [first = [], ...others] = shapes;
  const out: Dim[] = [...first];
  for (const shape of others) {
    if (shape.length !== first.length) fail(`inputs have ranks ${first.length} and ${shape.length}`);
    shape.forEach((d, i) => {
      if (i === axis) out[i] = addDims(out[i] as Dim, d);
      else {
        expectDim(d, out[i], `dimension ${i} of every input`);
        if (typeof d === 'number') out[i] = d;
      }
    });
  }
  return out;
};

/** The inputs one after the other along `axis`. */
export const concat = defineOperator<ConcatAttributes>({
  name: 'Concat',
  attributes: { axis: int() },
  inputs: [1, Number.POSITIVE_INFINITY],
  infer: (context) => {
    const inputs = context.inputs.map((_, i) => input(context as never, i));
    const { dtype, shape } = inputs[0]!;
    for (const x of inputs) if (x.dtype !== dtype) fail(`inputs must have one type, got ${dtype} and ${x.dtype}`);
    const shapes = inputs.flatMap((x) => (x.shape ? [x.shape] : []));
    if (!shape || shapes.length < inputs.length) return [{ dtype, shape: undefined }];
    return [{ dtype, shape: joined(shapes, axisOf(context.attributes.axis, shape.length)) }];
  },
});
