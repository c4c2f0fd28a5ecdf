import { operatorNamed } from '../../ops/index.js';
import { fromNumbers } from '../../tensor/convert.js';
import { Tensor } from '../../tensor/tensor.js';
import { batchStatistics, clipByInputs, filled, reduceLogSum, reduceLogSumExp } from './composed.js';
import type { Draft } from './draft.js';
import {
  causalConvWithState,
  groupNormalization,
  negativeLogLikelihoodLoss,
  softmaxCrossEntropyLoss,
  swiGlu,
} from './functions.js';
import { multiHeadAttention } from './multi-head-attention.js';
import {
  attributeToInput,
  firstOutputOnly,
  invalid,
  type OnnxNode,
  scalarInput,
  type Upgrade,
  unsupported,
  withAttributes,
  without,
} from './onnx-node.js';
import { toOpset7 } from './opset6.js';

/** `axes` is an input since that opset. */
const axesInput =
  (since: number): Upgrade =>
  (node, draft) =>
    draft.opset < since ? attributeToInput(node, 'axes', 1, draft) : node;

const batchNormalization: Upgrade = (node, draft) => {
  if (node.attributes.get('training_mode')) {
    return draft.opset < 14 ? unsupported('training_mode is not supported') : batchStatistics(node, draft);
  }
  if ((node.attributes.get('spatial') ?? 1) !== 1) unsupported('spatial must be 1');
  const old = draft.opset < 9 ? ['spatial', 'is_test', 'consumed_inputs'] : [];
  return firstOutputOnly(without(node, 'training_mode', 'momentum', ...old), draft);
};

/** The bounds are inputs since opset 11; the graph keeps them as attributes, or as Max and Min where they are computed. */
const clip: Upgrade = (node, draft) => {
  if (draft.opset < 11) return node;
  if (node.attributes.has('min') || node.attributes.has('max')) invalid('the bounds must be inputs');
  if (node.inputs.slice(1).some((name) => name && !draft.constant(name))) return clipByInputs(node, draft);
  const min = scalarInput(node, 1, draft, 'the lower bound');
  const max = scalarInput(node, 2, draft, 'the upper bound');
  const bounds = { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
  return withAttributes({ ...node, inputs: node.inputs.slice(0, 1) }, bounds);
};

/** Whether a Dropout drops anything; undefined where what is fed decides, which is looked at when a plan is made. */
const dropoutTrains = (node: OnnxNode, draft: Draft): boolean | undefined => {
  const [, ratio, training] = node.inputs;
  const isOpen = (name: string | undefined): boolean => Boolean(name) && !draft.constant(name);
  const isOn = isOpen(training) || (scalarInput(node, 2, draft, 'training_mode') ?? 0) !== 0;
  if (!isOn || (!isOpen(ratio) && scalarInput(node, 1, draft, 'the ratio') === 0)) return false;
  return isOpen(training) || isOpen(ratio) ? undefined : true;
};

const dropout: Upgrade = (node, draft) => {
  const isTraining = dropoutTrains(node, draft);
  if (isTraining) unsupported('training_mode is not supported');
  const identity = isTraining === undefined ? node : { ...without(node, 'ratio', 'seed'), inputs: node.inputs.slice(0, 1) };
  const mask = node.outputs[1];
  if (!mask || !draft.isRead(mask) || draft.opset < 10) return firstOutputOnly(identity, draft);
  return [{ ...identity, outputs: node.outputs.slice(0, 1) }, ...filled(node, mask, new Tensor('bool', [true]), draft)];
};

/** The modes had other names before opset 20. */
const gridSample: Upgrade = (node) => {
  const names: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };
  const mode = names[node.attributes.get('mode') as string];
  return mode === undefined ? node : withAttributes(node, { mode });
};

const pad: Upgrade = (node, draft) => {
  if (draft.opset >= 11) return node;
  const padded = attributeToInput(node, 'pads', 1, draft);
  if ((node.attributes.get('value') ?? 0) === 0) return without(padded, 'value');
  return attributeToInput(padded, 'value', 2, draft, typeOf(node.inputs[0], draft));
};

/** The region was not moved by half a pixel before opset 16. */
const roiAlign: Upgrade = (node, draft) =>
  draft.opset >= 16 ? node : withAttributes(node, { coordinate_transformation_mode: 'output_half_pixel' });

/** Before opset 9: for each image, over its pixels or its channels as well. */
const meanVarianceNormalization: Upgrade = (node, draft) => {
  if (draft.opset >= 9) return node;
  if ((node.attributes.get('normalize_variance') ?? 1) !== 1) unsupported('normalize_variance must be 1');
  const axes = node.attributes.get('across_channels') ? [1, 2, 3] : [2, 3];
  return withAttributes(without(node, 'across_channels', 'normalize_variance'), { axes });
};

/** The positions come second there, and may be one offset for all tokens. */
const contribRotaryEmbedding: Upgrade = (node, draft) => {
  const [x = '', positions = '', cosines = '', sines = ''] = node.inputs;
  if (draft.values.get(positions)?.shape?.length === 1) unsupported('one position as an offset is not supported');
  for (const name of ['is_packed_batching', 'scale']) {
    const value = node.attributes.get(name);
    if (value !== undefined && value !== (name === 'scale' ? 1 : 0)) unsupported(`${name} ${String(value)} is not supported`);
  }
  return { ...without(node, 'is_packed_batching', 'scale'), op: 'RotaryEmbedding', inputs: [x, cosines, sines, positions] };
};

const maxPool: Upgrade = (node, draft) => (draft.isRead(node.outputs[1] ?? '') ? node : firstOutputOnly(node, draft));

/** Opset 10 and Upsample: pixel corners, not centres, and the pixel before. */
const resizeAsymmetric = (node: OnnxNode, scales: string): OnnxNode => ({
  ...withAttributes(node, {
    mode: node.attributes.get('mode') === 'bilinear' ? 'linear' : (node.attributes.get('mode') ?? 'nearest'),
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  }),
  op: 'Resize',
  inputs: [node.inputs[0] ?? '', '', scales],
});

/** (i + 0.5) / scale, which opset 11 had a mode for, is half_pixel's place and 0.5: so it is rounded as if by another mode. */
const halfPixel = (node: OnnxNode): OnnxNode => {
  const mode = node.attributes.get('nearest_mode') ?? 'round_prefer_floor';
  const same: Readonly<Record<string, string>> = { floor: 'round_prefer_ceil', round_prefer_floor: 'ceil' };
  const nearest_mode =
    same[mode as string] ?? unsupported(`tf_half_pixel_for_nn with nearest_mode ${String(mode)} is not supported`);
  return withAttributes(node, { coordinate_transformation_mode: 'half_pixel', nearest_mode });
};

const resize: Upgrade = (node, draft) => {
  if (draft.opset < 11) return resizeAsymmetric(node, node.inputs[1] ?? '');
  if (node.attributes.get('coordinate_transformation_mode') === 'tf_half_pixel_for_nn') return resize(halfPixel(node), draft);
  // An empty tensor stands for an absent roi, scales or sizes.
  const inputs = node.inputs.map((name, i) => (i > 0 && draft.constant(name)?.size === 0 ? '' : name));
  return { ...node, inputs: trimmed(inputs) };
};

const upsample: Upgrade = (node, draft) => {
  if (draft.opset >= 9) return resizeAsymmetric(node, node.inputs[1] ?? '');
  const scaled = attributeToInput({ ...node, inputs: node.inputs.slice(0, 1) }, 'scales', 1, draft, 'float32');
  return resizeAsymmetric(scaled, scaled.inputs[1] ?? '');
};

const slice: Upgrade = (node, draft) =>
  draft.opset >= 10
    ? node
    : ['starts', 'ends', 'axes'].reduce((current, name, i) => attributeToInput(current, name, i + 1, draft), node);

/** Before opset 13 the sums ran over all dimensions from the axis (1) on. */
const softmax: Upgrade = (node, draft) => {
  if (draft.opset >= 13 || node.attributes.get('axis') === -1) return node;
  return { ...withAttributes(node, { axis: node.attributes.get('axis') ?? 1 }), internal: { toEnd: true } };
};

const split: Upgrade = (node, draft) => {
  const upgraded = draft.opset < 13 ? attributeToInput(node, 'split', 1, draft) : node;
  if (upgraded.inputs[1] || node.attributes.has('num_outputs') || draft.opset >= 18) return upgraded;
  return schemaHas('Split', 'num_outputs') ? withAttributes(upgraded, { num_outputs: node.outputs.length }) : upgraded;
};

const topK: Upgrade = (node, draft) => {
  if (draft.opset >= 10) return node;
  const k = node.attributes.get('k');
  return attributeToInput(typeof k === 'number' ? withAttributes(node, { k: [k] }) : node, 'k', 1, draft);
};

/** Before the standard had 16 and 4 bits, the contrib domain had operators for them. */
const standard: Upgrade = (node) => ({ ...node, op: node.op.replace('com.microsoft.', '') });

/** A variadic operator as a chain of one of two inputs. */
const chain =
  (op: string): Upgrade =>
  (node, draft) =>
    chained(node, op, draft);

const chained = (node: OnnxNode, op: string, draft: Draft): OnnxNode[] => {
  const [first, ...rest] = node.inputs;
  if (!first || rest.includes('')) return invalid('at least one input is needed, and none may be absent');
  if (rest.length === 0) return [{ ...node, op: 'Identity' }];
  let left = first;
  return rest.map((right, i) => {
    const last = i === rest.length - 1;
    const output = last ? (node.outputs[0] ?? '') : draft.addValue(`${node.name}.${i}`, first);
    const inputs = [left, right];
    left = output;
    return { ...node, op, name: last ? node.name : `${node.name}.${i}`, inputs, outputs: [output] };
  });
};

const mean: Upgrade = (node, draft) => {
  const first = node.inputs[0] ?? '';
  const sum = draft.addValue(`${node.name}.sum`, first);
  const dtype = typeOf(first, draft);
  const factor = new Tensor(dtype, fromNumbers(dtype, [1 / node.inputs.length]), []);
  return [
    ...chained({ ...node, name: `${node.name}.sum`, outputs: [sum] }, 'Add', draft),
    { ...node, op: 'Mul', inputs: [sum, draft.addConstant(`${node.name}.factor`, factor)] },
  ];
};

const upgrades: ReadonlyMap<string, Upgrade> = new Map([
  ['BatchNormalization', batchNormalization],
  ['CausalConvWithState', causalConvWithState],
  ['Clip', clip],
  ['Dropout', dropout],
  ['GridSample', gridSample],
  ['GroupNormalization', groupNormalization],
  ['Hardmax', softmax],
  ['LogSoftmax', softmax],
  ['Max', chain('Max')],
  ['MaxPool', maxPool],
  ['Mean', mean],
  ['MeanVarianceNormalization', meanVarianceNormalization],
  ['Min', chain('Min')],
  ['NegativeLogLikelihoodLoss', negativeLogLikelihoodLoss],
  ['Pad', pad],
  ...['L1', 'L2', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'].map((name): [string, Upgrade] => [`Reduce${name}`, axesInput(18)]),
  ['ReduceLogSum', (node, draft) => reduceLogSum(axesInput(18)(node, draft) as OnnxNode, draft)],
  ['ReduceLogSumExp', (node, draft) => reduceLogSumExp(axesInput(18)(node, draft) as OnnxNode, draft)],
  ['ReduceSum', axesInput(13)],
  ['Resize', resize],
  ['RoiAlign', roiAlign],
  ['Scatter', (node) => ({ ...node, op: 'ScatterElements' })],
  ['Slice', slice],
  ['Softmax', softmax],
  ['SoftmaxCrossEntropyLoss', softmaxCrossEntropyLoss],
  ['Split', split],
  ['Squeeze', axesInput(13)],
  ['Sum', chain('Add')],
  ['SwiGLU', swiGlu],
  ['TopK', topK],
  ['Unsqueeze', axesInput(13)],
  ['Upsample', upsample],
  ['com.microsoft.RotaryEmbedding', contribRotaryEmbedding],
  ['com.microsoft.DequantizeLinear', standard],
  ['com.microsoft.MultiHeadAttention', multiHeadAttention],
  ['com.microsoft.QuantizeLinear', standard],
]);

/** Operators that exist in files alone, and what they become; Constant becomes a constant. */
const replaced: ReadonlyMap<string, string> = new Map([
  ['Mean', 'Mul'],
  ['ReduceLogSum', 'ReduceSum'],
  ['ReduceLogSumExp', 'ReduceSum'],
  ['CausalConvWithState', 'Conv'],
  ['Sum', 'Add'],
  ['SwiGLU', 'Swish'],
  ['Upsample', 'Resize'],
  ['com.microsoft.DequantizeLinear', 'DequantizeLinear'],
  ['com.microsoft.MultiHeadAttention', 'Attention'],
  ['com.microsoft.QuantizeLinear', 'QuantizeLinear'],
  ['NegativeLogLikelihoodLoss', 'GatherElements'],
  ['Scatter', 'ScatterElements'],
  ['SoftmaxCrossEntropyLoss', 'LogSoftmax'],
  ['com.microsoft.RotaryEmbedding', 'RotaryEmbedding'],
]);

/** Attributes that some schemas lack: the value that says nothing, or undefined where every value says nothing here. */
const meaningless: ReadonlyMap<string, ReadonlyMap<string, unknown>> = new Map(
  Object.entries({
    ArgMax: { select_last_index: 0 },
    ArgMin: { select_last_index: 0 },
    Cast: { saturate: undefined, round_mode: undefined },
    LayerNormalization: { stash_type: 1 },
    Reshape: { allowzero: 0 },
    Resize: {
      antialias: 0,
      cubic_coeff_a: undefined,
      exclude_outside: 0,
      extrapolation_value: undefined,
      keep_aspect_ratio_policy: 'stretch',
    },
    'com.microsoft.MatMulNBits': { accuracy_level: undefined, weight_prepacked: 0 },
  }).map(([op, names]) => [op, new Map<string, unknown>(Object.entries(names))]),
);

const schemaHas = (op: string, attribute: string): boolean => Object.hasOwn(operatorNamed(op)?.attributes ?? {}, attribute);

const typeOf = (name: string | undefined, draft: Draft) => draft.values.get(name ?? '')?.dtype ?? 'float32';

const trimmed = (names: readonly string[]): string[] => names.slice(0, names.findLastIndex((name) => name !== '') + 1);

/** The node without attributes that its operator's schema lacks and that say nothing. */
const withoutMeaningless = (node: OnnxNode): OnnxNode => {
  const names = meaningless.get(node.op);
  if (!names) return node;
  const dropped = [...node.attributes].filter(
    ([name, value]) => names.has(name) && !schemaHas(node.op, name) && [value, undefined].includes(names.get(name) as never),
  );
  return dropped.length === 0 ? node : without(node, ...dropped.map(([name]) => name));
};

/** True where the operator can be imported. */
export const isKnown = (op: string): boolean => op === 'Constant' || operatorNamed(replaced.get(op) ?? op) !== undefined;

/** The node in the newest form of its operator, or the nodes that stand for it. */
export const upgrade = (given: OnnxNode, draft: Draft): readonly OnnxNode[] => {
  const node = { ...given, inputs: trimmed(given.inputs), outputs: trimmed(given.outputs) };
  const older = draft.opset < 7 ? toOpset7(node, draft) : [node];
  const upgraded = older.map((one) => upgrades.get(one.op)?.(one, draft) ?? one);
  return upgraded.flat().map(withoutMeaningless);
};
