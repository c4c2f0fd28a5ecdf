import type { Graph, Node } from '../graph/graph.js';
import { operatorOf } from '../ops/infer.js';
import { permute, TO_CHANNELS_FIRST, TO_CHANNELS_LAST } from '../tensor/layout.js';
import { isConcrete } from '../tensor/shape.js';
import { permuted } from './permuted.js';
import { Rewriter } from './rewrite.js';

/**
 * Convolutions read and write channels-first where that saves a Transpose: the one after a convolution that nothing else
 * reads, with the operands of its epilogue channels-first too, and the one before convolutions that nothing else reads. Where
 * only pooling lies between a convolution and a Transpose, it is done channels-first.
 */
export const absorbTransposes = (graph: Graph): Graph => absorbBefore(absorbAfter(beforePooling(graph)));

const beforePooling = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const pool = permutes(node, TO_CHANNELS_FIRST) ? rewriter.producer(node.inputs[0]) : undefined;
    if (!pool || !isPlainPooling(pool) || !rewriter.readOnce(pool.outputs[0] as string)) continue;
    const x = pool.inputs[0] as string;
    const conv = rewriter.producer(x);
    const { dtype, shape } = rewriter.value(x) ?? {};
    if (conv?.op !== 'Conv' || conv.inputs.length > operatorOf(conv).inputs[1] || !writesChannelsLast(conv)) continue;
    if (!rewriter.readOnce(x) || !dtype || !shape || !isConcrete(shape)) continue;
    const first = rewriter.addValueOf(`${x}.nchw`, dtype, permute(shape, TO_CHANNELS_FIRST));
    const transpose = { ...node, name: `Transpose:${first}`, inputs: [x], outputs: [first] };
    const attributes = { ...pool.attributes, channelsLast: false };
    rewriter.replace(node, [transpose, { ...pool, inputs: [first], outputs: node.outputs, attributes }], [pool]);
  }
  return rewriter.finish();
};

const isPlainPooling = ({ op, inputs, outputs, attributes }: Node): boolean =>
  (op === 'MaxPool' || op === 'AveragePool') && inputs.length === 1 && outputs.length === 1 && attributes.channelsLast === true;

const absorbAfter = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const conv = permutes(node, TO_CHANNELS_FIRST) ? rewriter.producer(node.inputs[0]) : undefined;
    if (conv?.op !== 'Conv' || !rewriter.readOnce(conv.outputs[0] as string) || !writesChannelsLast(conv)) continue;
    const own = operatorOf(conv).inputs[1];
    const operands = conv.inputs.slice(own).map((name) => channelsFirst(rewriter, name));
    if (!operands.every((name) => name !== undefined)) continue;
    const inputs = [...conv.inputs.slice(0, own), ...operands];
    const attributes = inOrder({ ...conv.attributes, writesChannelsFirst: true });
    rewriter.replace(node, [{ ...conv, inputs, outputs: node.outputs, attributes }], [conv]);
  }
  return rewriter.finish();
};

const absorbBefore = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const [x = ''] = node.outputs;
    const readers = permutes(node, TO_CHANNELS_LAST) && !graph.outputs.includes(x) ? rewriter.consumers(x) : [];
    if (readers.length === 0 || !readers.every((reader) => readsChannelsLast(reader, x))) continue;
    for (const conv of readers) {
      const attributes = inOrder({ ...conv.attributes, readsChannelsFirst: true });
      rewriter.replace(conv, [{ ...conv, inputs: [node.inputs[0] as string, ...conv.inputs.slice(1)], attributes }], [node]);
    }
  }
  return rewriter.finish();
};

export const permutes = (node: Node, permutation: readonly number[]): boolean =>
  node.op === 'Transpose' && JSON.stringify(node.attributes.perm) === JSON.stringify(permutation);

const writesChannelsLast = ({ attributes }: Node): boolean => attributes.channelsLast === true && !attributes.writesChannelsFirst;

const readsChannelsLast = ({ op, attributes, inputs }: Node, x: string): boolean =>
  op === 'Conv' && inputs.lastIndexOf(x) === 0 && attributes.channelsLast === true && !attributes.readsChannelsFirst;

/** A convolution that reads and writes channels-first is one of the file's own. */
const inOrder = (attributes: Node['attributes']): Node['attributes'] =>
  attributes.readsChannelsFirst && attributes.writesChannelsFirst
    ? { ...attributes, channelsLast: false, readsChannelsFirst: false, writesChannelsFirst: false }
    : attributes;

/** The channels-first form of an operand, where there is one or its numbers are known. */
const channelsFirst = (rewriter: Rewriter, name: string): string | undefined => {
  const { tensor, shape } = rewriter.value(name) ?? {};
  if (tensor) return rewriter.addTensor(`${name}.nchw`, permuted(tensor, TO_CHANNELS_FIRST));
  const before = rewriter.producer(name);
  const source = before?.inputs[0];
  if (!before || !shape || !source) return undefined;
  if (permutes(before, TO_CHANNELS_LAST)) return source;
  const target = JSON.stringify(permute(shape, TO_CHANNELS_FIRST));
  return before.op === 'Reshape' && JSON.stringify(rewriter.value(source)?.shape) === target ? source : undefined;
};
