import { TilewiseError } from '../../errors.js';
import { stack } from './control-flow.js';
import { attributeNamed, type Inline, type Inliner, intAttribute, intsAttribute, type Scope } from './inline.js';
import { unsupported } from './onnx-node.js';
import type { NodeProto } from './proto.js';

/** A position in a sequence, counted from the end where it is negative; `most` is the largest that is possible. */
const positionOf = (inliner: Inliner, scope: Scope, name: string, length: number, most: number): number => {
  const given = inliner.number(inliner.value(scope, name), 'a position in a sequence');
  const position = given < 0 ? given + length : given;
  if (position >= 0 && position <= most) return position;
  throw new TilewiseError('invalid-model', `position ${given} is not in a sequence of ${length}`);
};

const construct: Inline = (node, scope, inliner) => {
  const elements = node.inputs.map((name) => inliner.value(scope, name));
  scope.set(node.outputs[0] ?? '', elements);
};

const at: Inline = (node, scope, inliner) => {
  const elements = inliner.sequence(scope, node.inputs[0]);
  const position = positionOf(inliner, scope, node.inputs[1] ?? '', elements.length, elements.length - 1);
  inliner.bind(scope, node.outputs[0], elements[position] as string);
};

const insert: Inline = (node, scope, inliner) => {
  const elements = inliner.sequence(scope, node.inputs[0]);
  const [, , position] = node.inputs;
  const where = position ? positionOf(inliner, scope, position, elements.length, elements.length) : elements.length;
  inliner.count();
  scope.set(node.outputs[0] ?? '', elements.toSpliced(where, 0, inliner.value(scope, node.inputs[1])));
};

const erase: Inline = (node, scope, inliner) => {
  const elements = inliner.sequence(scope, node.inputs[0]);
  const last = elements.length - 1;
  if (last < 0) throw new TilewiseError('invalid-model', 'nothing can be erased from an empty sequence');
  const where = node.inputs[1] ? positionOf(inliner, scope, node.inputs[1], elements.length, last) : last;
  scope.set(node.outputs[0] ?? '', elements.toSpliced(where, 1));
};

const length: Inline = (node, scope, inliner) => {
  const [name = ''] = node.outputs;
  inliner.bind(scope, name, inliner.addConstant(`${name}/length`, inliner.sequence(scope, node.inputs[0]).length));
};

const concat: Inline = (node, scope, inliner) => {
  const elements = inliner.sequence(scope, node.inputs[0]);
  const [name = ''] = node.outputs;
  const axis = attributeNamed(node, 'axis')?.i ?? 0;
  if (elements.length === 0) throw new TilewiseError('invalid-model', 'an empty sequence cannot be concatenated');
  const stacks = attributeNamed(node, 'new_axis')?.i === 1;
  const result = stacks
    ? stack(inliner, name, elements, axis)
    : inliner.add(`${name}/concatenated`, 'Concat', elements, [intAttribute('axis', axis)]);
  inliner.bind(scope, name, result);
};

const split: Inline = (node, scope, inliner) => {
  const value = inliner.value(scope, node.inputs[0]);
  const [name = ''] = node.outputs;
  const axis = attributeNamed(node, 'axis')?.i ?? 0;
  const lengths = lengthsOf(node, value, axis, scope, inliner);
  if (lengths.length === 0) throw new TilewiseError('invalid-model', 'a split into no parts is not possible');
  const axisAttribute = intAttribute('axis', axis);
  const parts =
    inliner.opset < 13
      ? inliner.addMany(`${name}/part`, 'Split', [value], [axisAttribute, intsAttribute('split', lengths)], lengths.length)
      : inliner.addMany(
          `${name}/part`,
          'Split',
          [value, inliner.addConstant(`${name}/lengths`, lengths)],
          [axisAttribute],
          lengths.length,
        );
  const squeezes = !node.inputs[1] && attributeNamed(node, 'keepdims')?.i === 0;
  const squeeze = (part: string): string =>
    inliner.opset < 13
      ? inliner.add(`${part}/squeezed`, 'Squeeze', [part], [intsAttribute('axes', [axis])])
      : inliner.add(`${part}/squeezed`, 'Squeeze', [part, inliner.addConstant(`${name}/axes`, [axis])]);
  scope.set(name, squeezes ? parts.map(squeeze) : parts);
};

/** Most parts that one value is split into. */
const MAX_PARTS = 4096;

/** The extents of the parts: as given, of one given size, or 1 each. */
const lengthsOf = (node: NodeProto, value: string, axis: number, scope: Scope, inliner: Inliner): readonly number[] => {
  const [, sizes] = node.inputs;
  const flat = sizes ? inliner.value(scope, sizes) : '';
  const given = flat ? (inliner.numbers(flat) ?? unsupported(`the split must be a constant, but '${flat}' is computed`)) : [1];
  if (flat && inliner.shape(flat)?.length === 1) return given;
  const extent =
    inliner.shape(value)?.at(axis) ?? unsupported(`dimension ${axis} of '${value}', which is split, is not declared`);
  const size = given[0] ?? 0;
  if (given.length !== 1 || size < 1) throw new TilewiseError('invalid-model', 'the split must be numbers of at least 1');
  const parts = Math.ceil(extent / size);
  if (parts > MAX_PARTS) unsupported(`a split into ${parts} parts is not supported (at most ${MAX_PARTS})`);
  return Array.from({ length: parts }, (_, i) => Math.min(size, extent - i * size));
};

/** Operators on sequences, whose elements are values that are known by name while importing. */
export const sequenceOperators: ReadonlyMap<string, Inline> = new Map([
  ['ConcatFromSequence', concat],
  ['SequenceAt', at],
  ['SequenceConstruct', construct],
  ['SequenceEmpty', (node, scope) => scope.set(node.outputs[0] ?? '', [])],
  ['SequenceErase', erase],
  ['SequenceInsert', insert],
  ['SequenceLength', length],
  ['SplitToSequence', split],
]);
