import { onnxOfDtype } from '../../ops/onnx-types.js';
import { type DType, isDType } from '../../tensor/dtype.js';
import { Tensor } from '../../tensor/tensor.js';
import type { Draft } from './draft.js';
import {
  attributeToInput,
  invalid,
  type OnnxNode,
  scalarInput,
  type Upgrade,
  unsupported,
  withAttributes,
  without,
} from './onnx-node.js';

const rankOf = (name: string | undefined, draft: Draft): number =>
  draft.values.get(name ?? '')?.shape?.length ?? unsupported(`the rank of '${name}' must be declared at this opset version`);

/** The node with extents of 1 after those of input 1, so that these stand from `axis` on among `rank`. */
const alignSecond = (node: OnnxNode, axis: number, rank: number, draft: Draft): readonly OnnxNode[] => {
  const [a = '', b = ''] = node.inputs;
  const own = rankOf(b, draft);
  const first = axis < 0 ? axis + rank : axis;
  const after = rank - first - own;
  if (first < 0 || after < 0) return invalid(`axis ${axis} does not fit ranks ${rank} and ${own}`);
  if (after === 0) return [node];
  const axes = BigInt64Array.from({ length: after }, (_, i) => BigInt(own + i));
  const aligned = draft.addValue(`${node.name}.aligned`, b);
  const unsqueeze: OnnxNode = {
    name: `${node.name}.aligned`,
    op: 'Unsqueeze',
    inputs: [b, draft.addConstant(`${node.name}.axes`, new Tensor('int64', axes, [after]))],
    outputs: [aligned],
    attributes: new Map(),
  };
  return [unsqueeze, { ...node, inputs: [a, aligned] }];
};

/** Input 1 was broadcast from a stated axis of input 0 on; without an axis, as today. */
const broadcast: Upgrade = (node, draft) => {
  const axis = node.attributes.get('axis');
  const plain = without(node, 'axis', 'broadcast');
  if (typeof axis !== 'number' || node.attributes.get('broadcast') !== 1) return plain;
  return alignSecond(plain, axis, rankOf(node.inputs[0], draft), draft);
};

/** A vector of slopes was one for each channel. */
const prelu: Upgrade = (node, draft) => {
  const slope = draft.values.get(node.inputs[1] ?? '')?.shape;
  return slope?.length === 1 && slope[0] !== 1 ? alignSecond(node, 1, rankOf(node.inputs[0], draft), draft) : node;
};

/** The type was a name. */
const cast: Upgrade = (node) => {
  const to = node.attributes.get('to');
  if (typeof to !== 'string') return node;
  const known: Readonly<Record<string, DType>> = { float: 'float32', double: 'float64' };
  const name = to.toLowerCase();
  const dtype = known[name] ?? (isDType(name) ? name : unsupported(`casts to ${to} are not supported`));
  return withAttributes(node, { to: onnxOfDtype(dtype) });
};

const pad: Upgrade = (node) => {
  const paddings = node.attributes.get('paddings');
  return paddings === undefined ? node : withAttributes(without(node, 'paddings'), { pads: paddings });
};

const upsample: Upgrade = (node) => {
  const { height_scale, width_scale } = Object.fromEntries(node.attributes);
  if (typeof height_scale !== 'number' || typeof width_scale !== 'number') return node;
  return withAttributes(without(node, 'height_scale', 'width_scale'), { scales: [1, 1, height_scale, width_scale] });
};

/** One axis and how often to repeat along it. */
const tile: Upgrade = (node, draft) => {
  const [x = '', , third] = node.inputs;
  if (!third) return node;
  const times = scalarInput(node, 1, draft, 'the number of tiles');
  const axis = scalarInput(node, 2, draft, 'the axis') ?? 0;
  const repeats = new Array<bigint>(rankOf(x, draft)).fill(1n);
  if (axis < 0 || axis >= repeats.length) invalid(`axis ${axis} is out of range for rank ${repeats.length}`);
  repeats[axis] = BigInt(times ?? 1);
  const tensor = new Tensor('int64', BigInt64Array.from(repeats), [repeats.length]);
  return { ...node, inputs: [x, draft.addConstant(`${node.name}.repeats`, tensor)] };
};

const upgrades: ReadonlyMap<string, Upgrade> = new Map<string, Upgrade>([
  ...['Add', 'And', 'Div', 'Equal', 'Greater', 'Less', 'Mul', 'Or', 'Pow', 'Sub', 'Xor'].map((op): [string, Upgrade] => [
    op,
    broadcast,
  ]),
  ['Cast', cast],
  ['Concat', (node) => (node.attributes.has('axis') ? node : withAttributes(node, { axis: 1 }))],
  ['Dropout', (node) => without(node, 'is_test')],
  ['Gemm', (node) => without(node, 'broadcast')],
  ['Pad', pad],
  ['PRelu', prelu],
  ['Reshape', (node, draft) => attributeToInput(node, 'shape', 1, draft)],
  ['Tile', tile],
  ['Upsample', upsample],
]);

/**
 * Brings a node of opset 1 to 6 to the form of opset 7: the last of the nodes returned is still the given operator, in
 * a form that later upgrades know.
 */
export const toOpset7 = (given: OnnxNode, draft: Draft): readonly OnnxNode[] => {
  const node = without(given, 'consumed_inputs');
  return [upgrades.get(node.op)?.(node, draft) ?? node].flat();
};
