import type { Graph, Node } from '../graph/graph.js';
import { withDefaults } from '../ops/attributes.js';
import { operators } from '../ops/index.js';
import type { DType } from '../tensor/dtype.js';
import { permute } from '../tensor/layout.js';
import type { Dim, Shape } from '../tensor/shape.js';
import { hasNoEpilogue, Rewriter } from './rewrite.js';

/**
 * softmax(scale * Q K^T + mask) V, written out in single operators, becomes one Attention, which also takes in the
 * Transposes that part the heads and join them again. A query that the mask hides from every key becomes 0, where the
 * operators one by one make NaN of it; a constant mask that does so is left alone.
 */
export const fuseAttention = (graph: Graph): Graph => {
  if (!operators.has('Attention')) return graph;
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const found = node.op === 'Softmax' && !rewriter.isReplaced(node) ? attentionAround(rewriter, node) : undefined;
    if (found) new Fusion(rewriter, found).replace();
  }
  return rewriter.finish();
};

/** The parts of an attention as they stand in the graph. */
interface Found {
  readonly q: string;
  /** The keys, of which `axes` put in order are what the product takes: [.., width, sequence]. */
  readonly keys: string;
  readonly axes: readonly number[];
  readonly v: string;
  readonly scale: number;
  readonly mask: string | undefined;
  /** The product with V, and what comes before it and serves nothing else. */
  readonly last: Node;
  readonly absorbed: readonly Node[];
}

const attentionAround = (rewriter: Rewriter, softmax: Node): Found | undefined => {
  const rank = rewriter.value(softmax.inputs[0])?.shape?.length;
  const last = onlyReader(rewriter, softmax);
  const axis = softmax.attributes.axis as number;
  const byKeys = rank !== undefined && (axis === -1 || axis === rank - 1);
  if (!byKeys || last?.op !== 'MatMul' || last.inputs[0] !== softmax.outputs[0] || !hasNoEpilogue(last)) return undefined;
  const masked = only(rewriter, softmax.inputs[0], 'Add');
  for (const [scores, mask] of masked ? [masked.inputs, masked.inputs.toReversed()] : [[softmax.inputs[0]]]) {
    const scaled = unscaled(rewriter, scores);
    const product = only(rewriter, scaled.name, 'MatMul');
    if (!product) continue;
    const [q, k] = [unscaled(rewriter, product.inputs[0]), unscaled(rewriter, product.inputs[1])];
    const transpose = producer(rewriter, k.name, 'Transpose');
    const beyond = unscaled(rewriter, transpose?.inputs[0]);
    const found: Found = {
      q: q.name,
      keys: beyond.name,
      axes: (transpose?.attributes.perm ?? []) as readonly number[],
      v: last.inputs[1] as string,
      scale: scaled.factor * q.factor * k.factor * beyond.factor,
      mask,
      last,
      absorbed: [softmax, ...(masked ? [masked] : []), ...scaled.nodes, product],
    };
    if (fits(rewriter, found, rank, product)) return found;
  }
  return undefined;
};

/** True where Attention means the same: one batch and one number of heads, and a mask that reaches all keys. */
const fits = (rewriter: Rewriter, { q, keys, axes, v, mask }: Found, rank: number, product: Node): boolean => {
  const shapes = [q, product.inputs[1] as string, v, keys].map((name) => rewriter.value(name)?.shape);
  if (!shapes.every((shape) => shape?.length === rank) || axes.length !== rank || (rank !== 4 && rank !== 3)) return false;
  const [qShape, transposed, vShape] = shapes as [Shape, Shape, Shape, Shape];
  const sameBatch = qShape.slice(0, -2).every((dim, i) => dim === transposed[i] && dim === vShape[i]);
  const target = [...qShape.slice(0, -1), transposed.at(-1) as Dim];
  return sameBatch && sameType(rewriter, [q, keys, v, ...(mask ? [mask] : [])]) && (!mask || reaches(rewriter, mask, target));
};

const sameType = (rewriter: Rewriter, names: readonly string[]): boolean =>
  new Set(names.map((name) => rewriter.value(name)?.dtype)).size === 1;

/** A mask that broadcasts to the scores, with a number for each key of which a query sees one at least. */
const reaches = (rewriter: Rewriter, mask: string, target: Shape): boolean => {
  const shape = rewriter.value(mask)?.shape;
  const keys = target.at(-1) as Dim;
  // Of three dimensions the first is the batch, where Attention takes it for the heads.
  if (!shape || shape.length === 0 || shape.length > (target.length === 4 ? 4 : 2) || shape.at(-1) !== keys) return false;
  const numbers = rewriter.numbers(mask);
  const width = Number(keys);
  const seen = (row: number): boolean =>
    numbers!.subarray(row * width, (row + 1) * width).some((v) => v !== Number.NEGATIVE_INFINITY);
  if (numbers && !Array.from({ length: numbers.length / width }, (_, row) => row).every(seen)) return false;
  return shape.every((dim, i) => dim === 1 || dim === target[target.length - shape.length + i]);
};

interface Scaled {
  readonly name: string;
  readonly factor: number;
  readonly nodes: readonly Node[];
}

/** A value as a multiple of another, by the Muls and Divs by one constant number that lead to it and to nothing else. */
const unscaled = (rewriter: Rewriter, name = ''): Scaled => {
  const node = only(rewriter, name, 'Mul', 'Div');
  const [a, b] = (node?.inputs ?? []) as readonly [string, string];
  const divisor = single(rewriter, b);
  const factor = node?.op === 'Div' ? divisor && 1 / divisor : (divisor ?? single(rewriter, a));
  if (!node || factor === undefined || !Number.isFinite(factor)) return { name, factor: 1, nodes: [] };
  const below = unscaled(rewriter, divisor === undefined ? b : a);
  return { name: below.name, factor: factor * below.factor, nodes: [node, ...below.nodes] };
};

const single = (rewriter: Rewriter, name: string | undefined): number | undefined => {
  const numbers = rewriter.numbers(name);
  const rank = rewriter.value(name)?.shape?.length ?? 2;
  return numbers?.length === 1 && rank < 2 ? numbers[0] : undefined;
};

const onlyReader = (rewriter: Rewriter, node: Node): Node | undefined => {
  const [name = ''] = node.outputs;
  const [reader] = rewriter.consumers(name);
  return reader && rewriter.readOnce(name) && hasNoEpilogue(node) && !rewriter.isReplaced(reader) ? reader : undefined;
};

const producer = (rewriter: Rewriter, name: string | undefined, ...ops: string[]): Node | undefined => {
  const node = rewriter.producer(name);
  return node && ops.includes(node.op) && hasNoEpilogue(node) ? node : undefined;
};

const only = (rewriter: Rewriter, name: string | undefined, ...ops: string[]): Node | undefined => {
  const node = producer(rewriter, name, ...ops);
  return node && rewriter.readOnce(name as string) ? node : undefined;
};

/** [batch, heads, sequence, width] <-> [batch, sequence, heads, width]. */
const HEADS = [0, 2, 1, 3];

/** Writes the Attention of what was found. */
class Fusion {
  readonly #rewriter: Rewriter;
  readonly #found: Found;
  readonly #nodes: Node[] = [];

  constructor(rewriter: Rewriter, found: Found) {
    this.#rewriter = rewriter;
    this.#found = found;
  }

  replace(): void {
    const { q, v, last, absorbed } = this.#found;
    const joined = onlyReader(this.#rewriter, last);
    const whole = [this.#apart(q), this.#apartKeys(), this.#apart(v)];
    const heads = this.#dim(q, 1);
    if (joined && isHeads(joined) && whole.every(Boolean) && typeof heads === 'number' && typeof this.#dim(v, 3) === 'number') {
      this.#joined(joined, whole as string[], heads);
      this.#rewriter.replace(joined, this.#nodes, [...absorbed, last]);
      return;
    }
    this.#nodes.length = 0;
    const single = this.#shape(q).length === 3 ? { q_num_heads: 1, kv_num_heads: 1 } : {};
    this.#attention([q, this.#keys(), v], last.outputs, single);
    this.#rewriter.replace(last, this.#nodes, absorbed);
  }

  /** All heads side by side, as they come from one product and go to the next: only the shape changes. */
  #joined(joined: Node, inputs: readonly string[], heads: number): void {
    const [rewriter, found] = [this.#rewriter, this.#found];
    const [batch, , sequence] = this.#shape(found.q) as readonly [Dim, Dim, Dim];
    const width = this.#dim(found.v, 3) as number;
    const shape = [batch, sequence, heads * width];
    const y = rewriter.addValueOf(`${found.last.name}.joined`, this.#dtype, shape);
    this.#attention(inputs, [y], { q_num_heads: heads, kv_num_heads: heads });
    this.#reshape(y, joined.outputs, [0, 0, heads, width]);
  }

  #attention(inputs: readonly string[], outputs: readonly string[], heads: Node['attributes']): void {
    const { scale, mask, last } = this.#found;
    const { attributes } = operators.get('Attention') as NonNullable<ReturnType<typeof operators.get>>;
    const all = withDefaults(attributes, { ...heads, scale });
    this.#nodes.push({
      name: last.name,
      op: 'Attention',
      inputs: [...inputs, ...(mask ? [mask] : [])],
      outputs,
      attributes: all,
    });
  }

  /** Q or V with all heads side by side, where a Transpose has parted them. */
  #apart(name: string): string | undefined {
    const node = producer(this.#rewriter, name, 'Transpose');
    return node && isHeads(node) ? this.#sideBySide(node.inputs[0] as string) : undefined;
  }

  #apartKeys(): string | undefined {
    const { keys, axes } = this.#found;
    return String(swapLast(axes)) === String(HEADS) ? this.#sideBySide(keys) : undefined;
  }

  /** [batch, sequence, heads, width] as [batch, sequence, heads * width]. */
  #sideBySide(name: string): string | undefined {
    const [batch, sequence, heads, width] = this.#shape(name) as readonly [Dim, Dim, Dim, Dim];
    if (typeof heads !== 'number' || typeof width !== 'number') return undefined;
    const target = [batch, sequence, heads * width];
    const [before = ''] = producer(this.#rewriter, name, 'Reshape')?.inputs ?? [];
    if (JSON.stringify(this.#rewriter.value(before)?.shape) === JSON.stringify(target)) return before;
    const joined = this.#rewriter.addValueOf(`${name}.joined`, this.#dtype, target);
    this.#reshape(name, [joined], [0, 0, heads * width]);
    return joined;
  }

  /** The keys as [.., sequence, width]. */
  #keys(): string {
    const { keys, axes, last } = this.#found;
    const perm = swapLast(axes);
    if (perm.every((axis, i) => axis === i)) return keys;
    const shape = this.#shape(keys);
    const output = this.#rewriter.addValueOf(`${last.name}.keys`, this.#dtype, permute(shape, perm));
    this.#nodes.push({ name: output, op: 'Transpose', inputs: [keys], outputs: [output], attributes: { perm } });
    return output;
  }

  #reshape(from: string, outputs: readonly string[], dims: readonly number[]): void {
    const target = this.#rewriter.addConstant(`${outputs[0]}.shape`, 'int64', dims, [dims.length]);
    this.#nodes.push({
      name: `Reshape:${outputs[0]}`,
      op: 'Reshape',
      inputs: [from, target],
      outputs,
      attributes: { allowzero: false },
    });
  }

  #shape(name: string): Shape {
    return this.#rewriter.value(name)?.shape as Shape;
  }

  get #dtype(): DType {
    return this.#rewriter.value(this.#found.q)?.dtype as DType;
  }

  #dim(name: string, axis: number): Dim | undefined {
    return this.#shape(name)[axis];
  }
}

const isHeads = ({ op, attributes }: Node): boolean => op === 'Transpose' && String(attributes.perm) === String(HEADS);

const swapLast = (axes: readonly number[]): number[] => [...axes.slice(0, -2), axes.at(-1) as number, axes.at(-2) as number];
