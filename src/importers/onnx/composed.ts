import type { Tensor } from '../../tensor/tensor.js';
import type { Draft } from './draft.js';
import { invalid, type OnnxNode } from './onnx-node.js';

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
  const plain = { ...node, attributes: new Map(), internal: {} };
  return [
    { ...plain, name: extents, op: 'Shape', inputs: node.inputs.slice(0, 1), outputs: [extents] },
    {
      ...plain,
      name: output,
      op: 'ConstantOfShape',
      inputs: [extents],
      outputs: [output],
      attributes: new Map([['value', value]]),
    },
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

const plain = (node: OnnxNode, op: string, inputs: readonly string[], output = ''): OnnxNode => ({
  name: node.outputs[0] === output ? node.name : output,
  op,
  inputs,
  outputs: [output],
  attributes: new Map(),
});
