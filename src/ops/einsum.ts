import type { Attributes } from '../graph/graph.js';
import { einsumLabels } from '../tensor/einsum.js';
import type { Dim, Shape } from '../tensor/shape.js';
import type { AttributeField } from './attributes.js';
import { concrete, defineOperator, fail, input } from './operator.js';

export interface EinsumAttributes extends Attributes {
  readonly equation: string;
}

const text: AttributeField<string> = {
  parse: (raw, name) => (typeof raw === 'string' ? raw : fail(`attribute '${name}' must be text`)),
  missing: (name) => fail(`attribute '${name}' is missing`),
};

/** The extent of each label: that of every axis it stands for, but for ones, which broadcast. */
const extentsOf = (labels: readonly (readonly string[])[], shapes: readonly Shape[]): Map<string, Dim> => {
  const extents = new Map<string, Dim>();
  labels.forEach((list, i) =>
    list.forEach((label, axis) => {
      const d = shapes[i]![axis] as Dim;
      const known = extents.get(label) ?? 1;
      if (typeof d === 'number' && typeof known === 'number' && d !== 1 && known !== 1 && d !== known) {
        fail(`label '${label}' stands for extents ${known} and ${d}`);
      }
      if (known === 1 || typeof known === 'string') extents.set(label, d === 1 ? known : d);
    }),
  );
  return extents;
};

/** Sums of products: for every index of the output, over all values of the labels that only the inputs have. */
export const einsum = defineOperator<EinsumAttributes>({
  name: 'Einsum',
  attributes: { equation: text },
  inputs: [1, Number.POSITIVE_INFINITY],
  infer: (context) => {
    const given = context.inputs.map((_, i) => input(context as never, i));
    const { dtype } = given[0]!;
    if (given.some((value) => value.dtype !== dtype))
      fail(`inputs must have one type, got ${given.map((v) => v.dtype).join(', ')}`);
    if (dtype === 'bool') fail('Einsum is not defined for bool');
    const shapes = given.flatMap(({ shape }) => (shape ? [shape] : []));
    if (shapes.length < given.length) return [{ dtype, shape: undefined }];
    const ranks = shapes.map((shape) => shape.length);
    const { inputs, output } = einsumLabels(context.attributes.equation, ranks);
    const extents = extentsOf(inputs, shapes);
    return [{ dtype, shape: output.map((label) => extents.get(label) as Dim) }];
  },
  macs: (context) => {
    const shapes = context.inputs.map((value) => concrete(value?.shape));
    const ranks = shapes.map((shape) => shape.length);
    const { inputs } = einsumLabels(context.attributes.equation, ranks);
    return [...extentsOf(inputs, shapes).values()].reduce<number>((product, d) => product * Number(d), 1);
  },
});
