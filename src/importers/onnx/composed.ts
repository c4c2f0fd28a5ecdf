import { fromNumbers } from '../../tensor/convert.js';
import { Tensor } from '../../tensor/tensor.js';
import type { Draft } from './draft.js';
import { invalid, type OnnxNode, unsupported } from './onnx-node.js';

/** Min(Max(x, low), high) with the bounds that are there. */
export const clipByInputs = (node: OnnxNode, draft: Draft): OnnxNode[] => {
  const [x = '', low, high] = node.inputs;
  for (const bound of [low, high]) {
    if (bound && draft.values.get(bound)?.shape?.length) invalid(`the bound '${bound}' must be one number`);
  }
  if (!low || !high) return [{ ...node, op: low ? 'Max' : 'Min', inputs: [x, low || (high as string)] }];
  const name = `${node.name}.low`;
  const raised = draft.addValue(name, x);
  return [
    { ...node, name, op: 'Max', inputs: [x, low], outputs: [raised] },
    { ...node, op: 'Min', inputs: [raised, high] },
  ];
};

/** Nodes that give `output` the shape of input 0 and `value` everywhere. */
export const filled = (node: OnnxNode, output: string, value: Tensor, draft: Draft): OnnxNode[] => {
  const extents = draft.addValue(`${output}.shape`, '');
  return [
    plain(node, 'Shape', node.inputs.slice(0, 1), extents),
    { ...plain(node, 'ConstantOfShape', [extents], output), attributes: new Map([['value', value]]) },
  ];
};

/** log(sum(x)) */
export const reduceLogSum = (node: OnnxNode, draft: Draft): OnnxNode[] => {
  const sum = draft.addValue(`${node.name}.sum`, node.inputs[0] ?? '');
  return [{ ...node, name: sum, op: 'ReduceSum', outputs: [sum] }, plain(node, 'Log', [sum], node.outputs[0])];
};

/** The largest finite float32, with either sign: an infinite maximum must not meet itself in a subtraction. */
const LIMIT = 3.4028234663852886e38;

/** max(x) + log(sum(exp(x - max(x)))), which exp cannot overflow. */
export const reduceLogSumExp = (node: OnnxNode, draft: Draft): OnnxNode[] => {
  const [x = ''] = node.inputs;
  const value = (what: string): string => draft.addValue(`${node.name}.${what}`, x);
  const [peak, finite, below, powers, sum, log, kept] = ['peak', 'finite', 'below', 'powers', 'sum', 'log', 'kept'].map(value);
  const keeping = new Map(node.attributes).set('keepdims', 1);
  return [
    { ...node, name: peak!, op: 'ReduceMax', outputs: [peak!], attributes: keeping },
    {
      ...plain(node, 'Clip', [peak!], finite),
      attributes: new Map([
        ['min', -LIMIT],
        ['max', LIMIT],
      ]),
    },
    plain(node, 'Sub', [x, finite!], below),
    plain(node, 'Exp', [below!], powers),
    { ...node, name: sum!, op: 'ReduceSum', inputs: [powers!, ...node.inputs.slice(1)], outputs: [sum!] },
    plain(node, 'Log', [sum!], log),
    { ...node, name: kept!, op: 'ReduceMax', outputs: [kept!] },
    plain(node, 'Add', [log!, kept!], node.outputs[0]),
  ];
};

/**
 * BatchNormalization in training mode: with the mean and variance of this very batch, over all axes but the channels.
 * Further outputs are the running mean and variance: momentum * given + (1 - momentum) * of this batch.
 */
export const batchStatistics = (node: OnnxNode, draft: Draft): OnnxNode[] => {
  const [x = '', scale = '', bias = '', givenMean = '', givenVariance = ''] = node.inputs;
  const { dtype = 'float32', shape } = draft.values.get(x) ?? {};
  if (!shape) return unsupported(`training_mode is not supported where the rank of '${x}' is not declared`);
  const axes = BigInt64Array.from(
    [...shape.keys()].filter((axis) => axis !== 1),
    BigInt,
  );
  const over = draft.addConstant(`${node.name}.axes`, new Tensor('int64', axes, [axes.length]));
  const value = (what: string): string => draft.addValue(`${node.name}.${what}`, x);
  const [kept, below, squares, mean, variance] = ['kept', 'below', 'squares', 'mean', 'variance'].map(value) as Five;
  const [output, runningMean, runningVariance] = node.outputs;
  const momentum = (node.attributes.get('momentum') ?? 0.9) as number;
  const share = (what: string, v: number): string =>
    draft.addConstant(`${node.name}.${what}`, new Tensor(dtype, fromNumbers(dtype, [v]), []));
  const [old, fresh] = [share('old', momentum), share('new', 1 - momentum)];
  const running = (given: string, current: string, result: string | undefined): OnnxNode[] => {
    if (!result || !draft.isRead(result)) return [];
    const [a, b] = [value('old part'), value('new part')];
    return [plain(node, 'Mul', [given, old], a), plain(node, 'Mul', [current, fresh], b), plain(node, 'Add', [a, b], result)];
  };
  const epsilon = new Map([...node.attributes].filter(([name]) => name === 'epsilon'));
  return [
    plain(node, 'ReduceMean', [x, over], kept),
    plain(node, 'Sub', [x, kept], below),
    plain(node, 'Mul', [below, below], squares),
    { ...plain(node, 'ReduceMean', [x, over], mean), attributes: new Map([['keepdims', 0]]) },
    { ...plain(node, 'ReduceMean', [squares, over], variance), attributes: new Map([['keepdims', 0]]) },
    { ...plain(node, 'BatchNormalization', [x, scale, bias, mean, variance], output), attributes: epsilon },
    ...running(givenMean, mean, runningMean),
    ...running(givenVariance, variance, runningVariance),
  ];
};

type Five = [string, string, string, string, string];

const plain = (node: OnnxNode, op: string, inputs: readonly string[], output = ''): OnnxNode => ({
  name: node.outputs[0] === output ? node.name : output,
  op,
  inputs,
  outputs: [output],
  attributes: new Map(),
});
