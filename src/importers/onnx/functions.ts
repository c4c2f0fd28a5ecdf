import type { RawAttribute } from '../../ops/attributes.js';
import { onnxOfDtype } from '../../ops/onnx-types.js';
import { fromNumbers } from '../../tensor/convert.js';
import type { DType } from '../../tensor/dtype.js';
import { Tensor } from '../../tensor/tensor.js';
import type { Draft } from './draft.js';
import { invalid, type OnnxNode, type Upgrade, unsupported } from './onnx-node.js';

/** Collects the nodes that stand for one node of the file. */
class Composition {
  readonly nodes: OnnxNode[] = [];
  readonly #node: OnnxNode;
  readonly #draft: Draft;

  constructor(node: OnnxNode, draft: Draft) {
    this.#node = node;
    this.#draft = draft;
  }

  /** Adds a node and names its output; without a name of its own it gets a fresh one. */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, RawAttribute>> = {}, output?: string): string {
    const result = output ?? this.#draft.addValue(`${this.#node.name}.${op}`, inputs[0] ?? '');
    const name = output === this.#node.outputs[0] ? this.#node.name : result;
    this.nodes.push({ name, op, inputs, outputs: [result], attributes: new Map(Object.entries(attributes)) });
    return result;
  }

  constant(dtype: DType, numbers: readonly number[], dims: readonly number[] = [numbers.length]): string {
    const tensor = new Tensor(dtype, fromNumbers(dtype, numbers), dims);
    return this.#draft.addConstant(`${this.#node.name}.constant`, tensor);
  }
}

/** -x at the class of each target, times the weight of that class; then summed, averaged by the weights, or as it is. */
const negativeLogLikelihood = (c: Composition, node: OnnxNode, logProbabilities: string): void => {
  const [, target = '', weight = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const ignored = node.attributes.get('ignore_index');
  const reduction = node.attributes.get('reduction') ?? 'mean';
  if (!['none', 'sum', 'mean'].includes(reduction as string)) invalid(`reduction '${String(reduction)}' is not known`);
  const classes = c.constant('int64', [1]);
  const labels = c.add('Cast', [target], { to: onnxOfDtype('int64') });
  const isIgnored = ignored === undefined ? undefined : c.add('Equal', [labels, c.constant('int64', [ignored as number], [])]);
  const safe = isIgnored ? c.add('Where', [isIgnored, c.constant('int64', [0], []), labels]) : labels;
  const picked = c.add('GatherElements', [logProbabilities, c.add('Unsqueeze', [safe, classes])], { axis: 1 });
  const loss = c.add('Neg', [c.add('Squeeze', [picked, classes])]);
  const number = (v: number): string => c.add('CastLike', [c.constant('float32', [v], []), logProbabilities]);
  const kept = (v: string): string => (isIgnored ? c.add('Where', [isIgnored, number(0), v]) : v);
  const isWeighted = weight !== '' || isIgnored !== undefined;
  const share = weight ? c.add('Gather', [weight, safe]) : isIgnored ? number(1) : '';
  const weighted = kept(weight ? c.add('Mul', [loss, share]) : loss);
  const all = { keepdims: 0 };
  if (reduction === 'none') c.add('Identity', [weighted], {}, output);
  else if (reduction === 'sum') c.add('ReduceSum', [weighted], all, output);
  else if (!isWeighted) c.add('ReduceMean', [weighted], all, output);
  else c.add('Div', [c.add('ReduceSum', [weighted], all), c.add('ReduceSum', [kept(share)], all)], {}, output);
};

export const negativeLogLikelihoodLoss: Upgrade = (node, draft) => {
  const c = new Composition(node, draft);
  negativeLogLikelihood(c, node, node.inputs[0] ?? '');
  return c.nodes;
};

/** The loss of the logarithm of softmax over the classes, which is output 1. */
export const softmaxCrossEntropyLoss: Upgrade = (node, draft) => {
  const c = new Composition(node, draft);
  const logProbabilities = c.add('LogSoftmax', [node.inputs[0] ?? ''], { axis: 1 }, node.outputs[1] || undefined);
  negativeLogLikelihood(c, node, logProbabilities);
  return c.nodes;
};

/** swish(a) * b, of one shape. */
export const swiGlu: Upgrade = (node, draft) => {
  const c = new Composition(node, draft);
  const [a = '', b = ''] = node.inputs;
  if (node.inputs.length !== 2) invalid(`SwiGLU takes 2 inputs, got ${node.inputs.length}`);
  c.add('Mul', [c.add('Swish', [a], Object.fromEntries(node.attributes)), b], {}, node.outputs[0]);
  return c.nodes;
};

/**
 * A convolution of each channel over the places up to its own: what came before (input 3, or zeros) stands in front of x.
 * Output 1 is what stands in front of the next x.
 */
export const causalConvWithState: Upgrade = (node, draft) => {
  const c = new Composition(node, draft);
  const [x = '', weight = '', bias = '', past = ''] = node.inputs;
  const [channels, one, length] = draft.values.get(weight)?.shape ?? [];
  const { activation = 'none', ...others } = Object.fromEntries(node.attributes);
  if (typeof channels !== 'number' || typeof length !== 'number') return unsupported(`the shape of '${weight}' is not declared`);
  if (one !== 1) invalid(`the weight must be [channels, 1, length], got [${[channels, one, length].join(', ')}]`);
  if (!['none', 'silu', 'swish'].includes(activation as string)) invalid(`activation '${String(activation)}' is not known`);
  const front = length - 1;
  const whole = past ? c.add('Concat', [past, x], { axis: 2 }) : c.add('Pad', [x, c.constant('int64', [0, 0, front, 0, 0, 0])]);
  const inputs = bias ? [whole, weight, bias] : [whole, weight];
  const [output, state] = node.outputs;
  const result = c.add(
    'Conv',
    inputs,
    { ...others, group: channels, kernel_shape: [length] },
    activation === 'none' ? output : undefined,
  );
  if (activation !== 'none') c.add('Swish', [result], {}, output);
  const ends = c.constant('int64', [2 ** 31 - 1]);
  // The last of them, or none.
  const starts = c.constant('int64', [front > 0 ? -front : 2 ** 31 - 1]);
  if (state) c.add('Slice', [whole, starts, ends, c.constant('int64', [2])], {}, state);
  return c.nodes;
};

/** Opset 18: scale and bias were of groups, so that a group is what InstanceNormalization has as a channel. */
export const groupNormalization: Upgrade = (node, draft) => {
  const groups = node.attributes.get('num_groups');
  if (draft.opset >= 21 || typeof groups !== 'number') return node;
  const c = new Composition(node, draft);
  const [x = '', scale = '', bias = ''] = node.inputs;
  const { epsilon } = Object.fromEntries(node.attributes);
  const grouped = c.add('Reshape', [x, c.constant('int64', [0, groups, -1])]);
  const normal = c.add('InstanceNormalization', [grouped, scale, bias], epsilon === undefined ? {} : { epsilon });
  c.add('Reshape', [normal, c.add('Shape', [x])], {}, node.outputs[0]);
  return c.nodes;
};
