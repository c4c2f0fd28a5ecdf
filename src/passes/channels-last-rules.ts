import type { Node } from '../graph/graph.js';
import { operatorOf } from '../ops/infer.js';
import { toNumbers } from '../tensor/convert.js';
import { channelsLastAxis, TO_CHANNELS_FIRST } from '../tensor/layout.js';
import type { Tensor } from '../tensor/tensor.js';
import { channelShuffle } from './channel-shuffle.js';
import { type LayoutRule, type LayoutWalk, twinAxes } from './channels-last.js';

const is4d = (walk: LayoutWalk, name: string | undefined): boolean => walk.shape(name)?.length === 4;
const first = (node: Node): string => node.inputs[0] as string;
const follows = (node: Node, walk: LayoutWalk): boolean => walk.hasTwin(first(node)) && is4d(walk, first(node));
const ints = (tensor: Tensor): number[] => [...toNumbers(tensor.type, tensor.data)];

/** The operator's own inputs after the first as they are, and the operands of its epilogue in the twin's order. */
const further = (node: Node, walk: LayoutWalk): string[] => {
  const own = operatorOf(node).inputs[1];
  return node.inputs.slice(1).map((name, i) => (i + 1 < own ? name : walk.twin(name)));
};

/** Operands of an epilogue that can be brought into the other order. */
const operandsMove = (node: Node, walk: LayoutWalk): boolean =>
  node.inputs.slice(operatorOf(node).inputs[1]).every((name) => is4d(walk, name) || (walk.constant(name)?.dims.length ?? 5) <= 4);

/** Input channels up to which a convolution reads channels-first as fast. */
const FEW_CHANNELS = 4;

/** Convolutions begin regions where packed weights serve them: neither fed, nor in groups of several channels. */
const conv: LayoutRule = (node, walk) => {
  const [x, weight] = node.inputs as readonly [string, string];
  const [outputs, groupInputs] = walk.shape(weight) ?? [];
  const { group } = node.attributes;
  const packs = walk.constant(weight) !== undefined && (group === 1 || (group === outputs && groupInputs === 1));
  if (!is4d(walk, x) || !(packs || walk.hasTwin(x)) || !operandsMove(node, walk)) return false;
  const readsChannelsFirst = packs && !walk.hasTwin(x) && (walk.shape(x)?.[1] as number) <= FEW_CHANNELS && group === 1;
  const source = readsChannelsFirst ? walk.plain(x) : walk.twin(x);
  walk.addTwin(node, [source, ...further(node, walk)], { ...node.attributes, channelsLast: true, readsChannelsFirst });
  return true;
};

/** Pooling, normalisation and resizing go on in the order that they find. */
const spatial: LayoutRule = (node, walk) => {
  // The indices of a MaxPool count in the order of x.
  if (!follows(node, walk) || !operandsMove(node, walk) || node.outputs.length > 1) return false;
  walk.addTwin(node, [walk.twin(first(node)), ...further(node, walk)], { ...node.attributes, channelsLast: true });
  return true;
};

const elementwise: LayoutRule = (node, walk) => {
  if (!follows(node, walk)) return false;
  walk.addTwin(node, [walk.twin(first(node))]);
  return true;
};

/** Elementwise with broadcasting: constants and other 4-D inputs take the order of the input that has a twin. */
const broadcasting: LayoutRule = (node, walk) => {
  const movable = (name: string): boolean => is4d(walk, name) || (walk.constant(name)?.dims.length ?? 5) <= 4;
  if (!is4d(walk, node.outputs[0]) || !node.inputs.some((name) => walk.hasTwin(name)) || !node.inputs.every(movable))
    return false;
  walk.addTwin(
    node,
    node.inputs.map((name) => walk.twin(name)),
  );
  return true;
};

const concat: LayoutRule = (node, walk) => {
  const twins = node.inputs.filter((name) => walk.hasTwin(name)).length;
  if (!is4d(walk, node.outputs[0]) || twins * 2 < node.inputs.length) return false;
  walk.addTwin(
    node,
    node.inputs.map((name) => walk.twin(name)),
    { ...node.attributes, axis: twinAxes([node.attributes.axis as number])[0] as number },
  );
  return true;
};

const alongAxis: LayoutRule = (node, walk) => {
  if (!follows(node, walk) || node.attributes.toEnd) return false;
  const axis = twinAxes([node.attributes.axis as number])[0] as number;
  walk.addTwin(node, [walk.twin(first(node)), ...node.inputs.slice(1)], { ...node.attributes, axis });
  return true;
};

/** Scales in blocks have the shape of x. */
const byScale: LayoutRule = (node, walk) => node.attributes.block_size === 0 && alongAxis(node, walk);

/** Pads are given for every axis, or for the axes of a fourth input: as eight numbers in the twin's order. */
const pad: LayoutRule = (node, walk) => {
  const pads = walk.constant(node.inputs[1]);
  const axes = node.inputs[3] ? walk.constant(node.inputs[3]) : undefined;
  if (!follows(node, walk) || !pads || (node.inputs[3] && !axes)) return false;
  const padded = axes ? ints(axes).map((axis) => (axis + 4) % 4) : [0, 1, 2, 3];
  const numbers = ints(pads);
  const all = new Array<number>(8).fill(0);
  padded.forEach((axis, i) => {
    all[channelsLastAxis(axis)] = numbers[i] as number;
    all[4 + channelsLastAxis(axis)] = numbers[padded.length + i] as number;
  });
  const value = node.inputs[2] ? [node.inputs[2]] : [];
  walk.addTwin(node, [walk.twin(first(node)), walk.addInts(`${node.name}.pads`, all), ...value]);
  return true;
};

const slice: LayoutRule = (node, walk) => {
  const [, starts, , axesName] = node.inputs;
  const count = walk.shape(starts)?.[0];
  const axes = axesName ? walk.constant(axesName) : undefined;
  if (!follows(node, walk) || count === undefined || (axesName && !axes)) return false;
  const moved = twinAxes(axes ? ints(axes) : Array.from({ length: count }, (_, i) => i));
  const inputs = [
    walk.twin(first(node)),
    node.inputs[1] as string,
    node.inputs[2] as string,
    walk.addInts(`${node.name}.axes`, moved),
  ];
  walk.addTwin(node, [...inputs, ...node.inputs.slice(4)]);
  return true;
};

const reduce: LayoutRule = (node, walk) => {
  const axes = node.inputs[1] ? walk.constant(node.inputs[1]) : undefined;
  if (!follows(node, walk) || !axes || axes.size === 0) return false;
  const moved = twinAxes(ints(axes));
  const inputs = [walk.twin(first(node)), walk.addInts(`${node.name}.axes`, moved)];
  if (node.attributes.keepdims) walk.addTwin(node, inputs);
  // Without the reduced axes, what is left must stand in the same order on both sides.
  else if (!moved.includes(3) && moved.filter((axis) => axis === 1 || axis === 2).length < 2) return false;
  else walk.addPlain(node, inputs);
  return true;
};

/** The order of the elements does not show in the result. */
const orderless: LayoutRule = (node, walk) => {
  if (!follows(node, walk)) return false;
  walk.addPlain(node, [walk.twin(first(node))]);
  return true;
};

/** A Transpose of the file's own composes with the change of order, and often cancels it. */
const transpose: LayoutRule = (node, walk) => {
  const perm = node.attributes.perm as readonly number[] | undefined;
  if (perm?.length !== 4) return false;
  if (walk.hasTwin(first(node))) {
    const composed = perm.map(channelsLastAxis);
    if (composed.every((axis, i) => axis === i)) {
      walk.addPlain({ ...node, op: 'Identity' }, [walk.twin(first(node))], {});
    } else {
      walk.addPlain(node, [walk.twin(first(node))], { ...node.attributes, perm: composed });
    }
    return true;
  }
  if (!TO_CHANNELS_FIRST.every((axis, i) => axis === perm[i])) return false;
  walk.setTwin(node.outputs[0] as string, walk.plain(first(node)));
  return true;
};

/** A change of shape reads the twin as it stands where both orders are the same in memory. */
const reshape: LayoutRule = (node, walk) => {
  const shape = walk.shape(first(node));
  const target = walk.shape(node.outputs[0]);
  if (!follows(node, walk) || !shape || !target) return false;
  const [, channels, height, width] = shape as readonly [number, number, number, number];
  if (channels !== 1 && height * width !== 1) return false;
  const dims = walk.addInts(`${node.name}.shape`, target);
  walk.addPlain({ ...node, op: 'Reshape' }, [walk.twin(first(node)), dims], { allowzero: true });
  return true;
};

const named = (names: readonly string[], rule: LayoutRule): [string, LayoutRule][] => names.map((name) => [name, rule]);

/** What single operators do inside a channels-last region. */
const rules: ReadonlyMap<string, LayoutRule> = new Map([
  ['Conv', conv],
  ['Concat', concat],
  ['Pad', pad],
  ['Slice', slice],
  ['Transpose', transpose],
  ...named(['Split', 'Softmax', 'LogSoftmax'], alongAxis),
  ...named(['QuantizeLinear', 'DequantizeLinear'], byScale),
  ['Reshape', (node, walk) => channelShuffle(node, walk) || reshape(node, walk)],
  ...named(['Flatten', 'Squeeze', 'Unsqueeze'], reshape),
  ...named(['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL2'], reduce),
  ['tilewise.Histogram', orderless],
  ...named(['Cast', 'Identity'], elementwise),
]);

/** Those of the passes that only some models want (see `loadPasses`): tried before the others. */
const moreRules = new Map<string, LayoutRule>();

export const addLayoutRules = (added: readonly (readonly [string, LayoutRule])[]): void => {
  for (const [op, rule] of added) moreRules.set(op, rule);
};

/** The rule of an operator: its own, or that of its kind; undefined where it leaves the region. */
export const layoutRuleOf = (node: Node): LayoutRule | undefined => {
  const operator = operatorOf(node);
  const ofKind = operator.elementwise
    ? elementwise
    : operator.broadcasts
      ? broadcasting
      : Object.hasOwn(operator.attributes, 'channelsLast')
        ? spatial
        : undefined;
  const own = rules.get(node.op) ?? ofKind;
  const more = moreRules.get(node.op);
  return more ? (given, walk) => more(given, walk) || (own?.(given, walk) ?? false) : own;
};
