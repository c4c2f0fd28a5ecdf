import type { Graph, Node } from '../graph/graph.js';
import { isConcrete } from '../tensor/shape.js';
import { type Affine, foldAfter } from './convolution-weights.js';
import { Rewriter } from './rewrite.js';

/** Each operator as x * scale + shift, for a constant c on its second side (or first, where it commutes). */
const affineOf: Readonly<Record<string, (c: number) => [number, number]>> = {
  Add: (c) => [1, c],
  Sub: (c) => [1, -c],
  Mul: (c) => [c, 0],
  Div: (c) => [1 / c, 0],
};

/**
 * Folds Add, Sub, Mul or Div by a constant per output channel (or one number) into the weights and bias of the
 * convolution or Gemm before it.
 */
export const foldAffine = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    if (!Object.hasOwn(affineOf, node.op)) continue;
    const commutes = node.op === 'Add' || node.op === 'Mul';
    const side = rewriter.numbers(node.inputs[1]) ? 0 : commutes && rewriter.numbers(node.inputs[0]) ? 1 : undefined;
    if (side === undefined || rewriter.isReplaced(node)) continue;
    const affine = perChannel(rewriter, node, side);
    if (affine) foldAfter(rewriter, node, affine, side);
  }
  return rewriter.finish();
};

const perChannel = (rewriter: Rewriter, node: Node, side: number): Affine | undefined => {
  const producer = rewriter.producer(node.inputs[side]);
  const output = rewriter.value(node.inputs[side])?.shape;
  const constant = rewriter.value(node.inputs[1 - side]);
  const numbers = rewriter.numbers(node.inputs[1 - side]);
  const weight = rewriter.value(producer?.inputs[1])?.shape;
  if (!producer || !output || !numbers || !constant?.shape || !weight || !isConcrete(constant.shape)) return undefined;
  const rank = output.length;
  const channelAxis = producer.op === 'Gemm' ? rank - 1 : 1;
  const channels = output[channelAxis];
  const dims = [...new Array<number>(Math.max(0, rank - constant.shape.length)).fill(1), ...constant.shape];
  const fits = dims.length === rank && dims.every((d, axis) => d === 1 || (axis === channelAxis && d === channels));
  if (typeof channels !== 'number' || !fits) return undefined;
  const at = (channel: number): number => numbers[numbers.length === 1 ? 0 : channel] as number;
  const pairs = Array.from({ length: channels }, (_, channel) => affineOf[node.op]?.(at(channel)) as [number, number]);
  return { scale: Float64Array.from(pairs, ([scale]) => scale), shift: Float64Array.from(pairs, ([, shift]) => shift) };
};
