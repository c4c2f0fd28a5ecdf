import type { Node } from '../graph/graph.js';
import { hasNoEpilogue, type Rewriter } from './rewrite.js';

/**
 * A normalisation that an exporter has written out: d / sqrt(mean(d * d) + epsilon) * scale + bias with d = x - mean(x),
 * and the scale and bias perhaps absent.
 */
export interface Normalization {
  readonly x: string;
  readonly epsilon: number;
  /** What the means are taken of: x, or x under another shape; the same extents for both means. */
  readonly viewed: string;
  readonly axes: readonly number[];
  /** Constants. */
  readonly scale: string | undefined;
  readonly bias: string | undefined;
  /** The node whose result is the whole, and the nodes before it that serve nothing else. */
  readonly last: Node;
  readonly absorbed: readonly Node[];
}

/** The normalisation that begins at this subtraction of a mean. */
export const normalizationAt = (rewriter: Rewriter, sub: Node): Normalization | undefined => {
  if (sub.op !== 'Sub' || !hasNoEpilogue(sub)) return undefined;
  const [x = '', mean] = sub.inputs;
  const first = meanOf(rewriter, mean);
  const d = sub.outputs[0] as string;
  if (!first || first.of !== x || rewriter.graph.outputs.includes(d)) return undefined;
  for (const quotient of rewriter.consumers(d)) {
    const root = divisor(rewriter, quotient, d);
    const sum = root && only(rewriter, root.inputs[0], 'Sqrt', 'Add');
    const epsilonSide = sum ? sum.inputs.findIndex((name) => single(rewriter, name) !== undefined) : -1;
    const second = sum && epsilonSide >= 0 ? meanOf(rewriter, sum.inputs[1 - epsilonSide]) : undefined;
    const square = second && squareOf(rewriter, second.of, d);
    if (!sum || !second || !square || !sameMean(rewriter, first, second)) continue;
    const inner = [sub, ...first.nodes, ...second.nodes, ...square, sum, ...root.nodes, quotient];
    const users = rewriter.consumers(d);
    if (rewriter.consumers(d).length === 0 || !users.every((node) => inner.includes(node)) || !hasNoEpilogue(quotient)) continue;
    const epsilon = single(rewriter, sum.inputs[epsilonSide]) as number;
    if (!(epsilon >= 0)) continue;
    return { x, epsilon, viewed: first.viewed, axes: first.axes, ...affine(rewriter, quotient, inner) };
  }
  return undefined;
};

interface Mean {
  readonly of: string;
  readonly viewed: string;
  readonly axes: readonly number[];
  readonly nodes: readonly Node[];
}

/** A mean over constant axes, which it keeps with extent 1, of a value or of a reshaped value. */
const meanOf = (rewriter: Rewriter, name: string | undefined): Mean | undefined => {
  const mean = rewriter.producer(name);
  const axes = mean && rewriter.numbers(mean.inputs[1]);
  if (mean?.op !== 'ReduceMean' || !mean.attributes.keepdims || !axes || axes.length === 0) return undefined;
  if (!rewriter.readOnce(name as string) || !hasNoEpilogue(mean)) return undefined;
  const viewed = mean.inputs[0] as string;
  const view = rewriter.producer(viewed);
  if (view?.op === 'Reshape' && rewriter.readOnce(viewed)) {
    return { of: view.inputs[0] as string, viewed, axes: [...axes], nodes: [view, mean] };
  }
  return { of: viewed, viewed, axes: [...axes], nodes: [mean] };
};

const sameMean = (rewriter: Rewriter, a: Mean, b: Mean): boolean => {
  const [first, second] = [a, b].map(({ viewed, axes }) => JSON.stringify([rewriter.value(viewed)?.shape, axes]));
  return first === second && a.nodes.length === b.nodes.length;
};

/** d / sqrt(v), or d * (1 / sqrt(v)): what is under the root, and the nodes on the way. */
const divisor = (rewriter: Rewriter, node: Node, d: string) => {
  const other = node.op === 'Div' ? (node.inputs[0] === d ? node.inputs[1] : undefined) : otherOf(node, d);
  const direct = rewriter.producer(other);
  if (!direct || !rewriter.readOnce(other as string) || !hasNoEpilogue(direct)) return undefined;
  if (node.op === 'Div') return direct.op === 'Sqrt' ? { inputs: direct.outputs, nodes: [direct] } : undefined;
  const root = node.op === 'Mul' && direct.op === 'Reciprocal' ? rewriter.producer(direct.inputs[0]) : undefined;
  if (root?.op !== 'Sqrt' || !rewriter.readOnce(direct.inputs[0] as string) || !hasNoEpilogue(root)) return undefined;
  return { inputs: root.outputs, nodes: [root, direct] };
};

const otherOf = ({ inputs: [a, b] }: Node, d: string): string | undefined => (a === d ? b : b === d ? a : undefined);

/** The node before the one of operator `op` that computes the value, when it is of operator `before`. */
const only = (rewriter: Rewriter, name: string | undefined, op: string, before: string): Node | undefined => {
  const node = rewriter.producer(name);
  const source = node?.op === op ? node.inputs[0] : undefined;
  const found = rewriter.producer(source);
  return found?.op === before && rewriter.readOnce(source as string) && hasNoEpilogue(found) ? found : undefined;
};

/**
 * d^2, d * d or d * (d + c): the mean of d is 0, so that of d * c is too. The nodes that compute it.
 */
const squareOf = (rewriter: Rewriter, name: string, d: string): readonly Node[] | undefined => {
  const node = rewriter.producer(name);
  if (!node || !rewriter.readOnce(name) || !hasNoEpilogue(node)) return undefined;
  if (node.op === 'Pow') return node.inputs[0] === d && single(rewriter, node.inputs[1]) === 2 ? [node] : undefined;
  if (node.op !== 'Mul') return undefined;
  const other = otherOf(node, d);
  if (other === d) return [node];
  const shifted = rewriter.producer(other);
  const shifts = shifted?.op === 'Add' && single(rewriter, otherOf(shifted, d)) !== undefined;
  return shifts && rewriter.readOnce(other as string) && hasNoEpilogue(shifted) ? [shifted, node] : undefined;
};

/** The product with a constant scale and the sum with a constant bias that follow, where they do. */
const affine = (rewriter: Rewriter, quotient: Node, inner: readonly Node[]) => {
  const product = follower(rewriter, quotient, 'Mul');
  const scaled = product?.node ?? quotient;
  const sum = follower(rewriter, scaled, 'Add');
  const last = sum?.node ?? scaled;
  return { scale: product?.constant, bias: sum?.constant, last, absorbed: [...inner, scaled].filter((node) => node !== last) };
};

/** The node of that operator that alone reads the result, beside a constant. */
const follower = (rewriter: Rewriter, node: Node, op: string): { node: Node; constant: string } | undefined => {
  const [name = ''] = node.outputs;
  const [reader] = rewriter.consumers(name);
  if (reader?.op !== op || !rewriter.readOnce(name) || !hasNoEpilogue(node) || rewriter.isReplaced(reader)) return undefined;
  const constant = otherOf(reader, name);
  return constant && rewriter.value(constant)?.tensor ? { node: reader, constant } : undefined;
};

const single = (rewriter: Rewriter, name: string | undefined): number | undefined => {
  const numbers = rewriter.numbers(name);
  return numbers?.length === 1 ? numbers[0] : undefined;
};
