import { consumersOf, freshName, type Graph, type Node, producersOf, type Value, withNodes } from '../graph/graph.js';
import { fromNumbers, toNumbers } from '../tensor/convert.js';
import type { DType } from '../tensor/dtype.js';
import { Tensor } from '../tensor/tensor.js';

/** What a pass that replaces patterns needs to know of a graph, and where it writes the constants it makes. */
export class Rewriter {
  readonly graph: Graph;
  readonly #values: Map<string, Value>;
  readonly #consumers: Map<string, Node[]>;
  readonly #producers: Map<string, Node>;
  readonly #replaced = new Map<Node, readonly Node[]>();

  constructor(graph: Graph) {
    this.graph = graph;
    this.#values = new Map(graph.values);
    this.#consumers = consumersOf(graph);
    this.#producers = producersOf(graph);
  }

  /** The node that computes a value, unless this pass has already touched it. */
  producer(name: string | undefined): Node | undefined {
    const node = name ? this.#producers.get(name) : undefined;
    return node && !this.#replaced.has(node) ? node : undefined;
  }

  /** True where one node alone reads the value, so that it need not exist once that node is replaced. */
  readOnce(name: string): boolean {
    return this.#consumers.get(name)?.length === 1 && !this.graph.outputs.includes(name);
  }

  /** The nodes that read a value. */
  consumers(name: string): readonly Node[] {
    return this.#consumers.get(name) ?? [];
  }

  isReplaced(node: Node): boolean {
    return this.#replaced.has(node);
  }

  value(name: string | undefined): Value | undefined {
    return name ? this.#values.get(name) : undefined;
  }

  /** The numbers of a constant, or undefined when the value is computed at run time or absent. */
  numbers(name: string | undefined): Float64Array | undefined {
    const tensor = this.value(name)?.tensor;
    return tensor && toNumbers(tensor.type, tensor.data);
  }

  addConstant(base: string, dtype: DType, numbers: ArrayLike<number>, dims: readonly number[]): string {
    return this.addTensor(base, new Tensor(dtype, fromNumbers(dtype, numbers), dims));
  }

  addTensor(base: string, tensor: Tensor): string {
    const name = freshName(this.#values, base);
    this.#values.set(name, { name, dtype: tensor.type, shape: tensor.dims, tensor });
    return name;
  }

  addValueOf(base: string, dtype: DType, shape: Value['shape']): string {
    const name = freshName(this.#values, base);
    this.#values.set(name, { name, dtype, shape });
    return name;
  }

  /** A new value of the type and shape of another. */
  addValue(base: string, like: string): string {
    const name = freshName(this.#values, base);
    const { dtype, shape } = this.#values.get(like) as Value;
    this.#values.set(name, { name, dtype, shape });
    return name;
  }

  /** Puts `nodes` in the place of `node`; the `absorbed` nodes go. What a node reads must exist where it stands. */
  replace(node: Node, nodes: readonly Node[], absorbed: readonly Node[] = []): void {
    this.#replaced.set(node, nodes);
    for (const other of absorbed) this.#replaced.set(other, []);
  }

  finish(): Graph {
    if (this.#replaced.size === 0) return this.graph;
    const nodes = this.graph.nodes.flatMap((node) => this.#replaced.get(node) ?? [node]);
    return withNodes(this.graph, nodes, this.#values);
  }
}

/** True where no fusion pass has given the node steps to apply after it. */
export const hasNoEpilogue = (node: Node): boolean => ((node.attributes.epilogue ?? []) as readonly unknown[]).length === 0;
