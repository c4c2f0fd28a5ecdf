import { GraphBuilder } from '../../src/graph/builder.js';
import type { Attributes, Graph } from '../../src/graph/graph.js';
import { withDefaults } from '../../src/ops/attributes.js';
import { operatorOf } from '../../src/ops/infer.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { SIDE } from './augment.js';

/** Weights by name, with their shapes. */
export type Weights = ReadonlyMap<string, { readonly shape: readonly number[]; readonly value: ArrayLike<number> }>;

/** LeNet-5 as a graph: `input` ['batch', 1, 28, 28] from 0 to 1, `logits` ['batch', 10]. */
export const lenet5Graph = (weights: Weights): Graph => {
  const b = new GraphBuilder('lenet5');
  const op = (name: string, type: string, inputs: readonly string[], given: Attributes = {}): string => {
    const { attributes } = operatorOf({ name, op: type, inputs, outputs: [], attributes: {} });
    return b.node(type, inputs, withDefaults(attributes, given), 1, name)[0] as string;
  };
  const constants = (name: string): string[] =>
    [name, `${name}.bias`].map((key) => {
      const weight = weights.get(key);
      if (!weight) throw new Error(`no weights named '${key}'`);
      return b.constant(key, new Tensor('float32', Float32Array.from(weight.value), weight.shape));
    });
  const block = (x: string, index: number, pad: number): string => {
    const sums = op(`conv${index}.sums`, 'Conv', [x, ...constants(`conv${index}`)], {
      kernel_shape: [5, 5],
      pads: [pad, pad, pad, pad],
    });
    const active = op(`relu${index}`, 'Relu', [sums]);
    return op(`pool${index}`, 'MaxPool', [active], { kernel_shape: [2, 2], strides: [2, 2] });
  };
  const input = b.input('input', 'float32', ['batch', 1, SIDE, SIDE]);
  const flat = op('flatten', 'Flatten', [block(block(input, 1, 2), 2, 0)]);
  const fc1 = op('relu3', 'Relu', [op('fc1.sums', 'Gemm', [flat, ...constants('fc1')], { transB: true })]);
  const fc2 = op('relu4', 'Relu', [op('fc2.sums', 'Gemm', [fc1, ...constants('fc2')], { transB: true })]);
  const logits = op('logits', 'Gemm', [fc2, ...constants('fc3')], { transB: true });
  b.output(logits);
  return renamed(b.build(), logits, 'logits');
};

const renamed = (graph: Graph, from: string, to: string): Graph => {
  const name = (given: string): string => (given === from ? to : given);
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, outputs: node.outputs.map(name) })),
    values: new Map([...graph.values].map(([key, value]) => [name(key), { ...value, name: name(key) }])),
    outputs: graph.outputs.map(name),
  };
};
