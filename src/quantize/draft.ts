import { type Attributes, freshName, type Graph, type Node, type Value, withNodes } from '../graph/graph.js';
import { withDefaults } from '../ops/attributes.js';
import { operatorOf } from '../ops/infer.js';
import { fromNumbers } from '../tensor/convert.js';
import type { DType } from '../tensor/dtype.js';
import { Tensor } from '../tensor/tensor.js';

/** A graph while it is rewritten node by node: what is emitted is its new content, in order. */
export class Draft {
  readonly #graph: Graph;
  readonly #values: Map<string, Value>;
  readonly #nodes: Node[] = [];
  readonly #nodeNames: Set<string>;
  /** Constants by type, dimensions and numbers, where they are small enough to be common. */
  readonly #constants = new Map<string, string>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#values = new Map(graph.values);
    this.#nodeNames = new Set(graph.nodes.map(({ name }) => name));
  }

  /** Writes a node as it is. */
  keep(node: Node): void {
    this.#nodes.push(node);
  }

  /** Adds a node of one output, which is named after `base` or is `output`. */
  node(op: string, inputs: readonly string[], attributes: Attributes, base: string, output = this.value(base)): string {
    const node = { name: this.#nodeName(base), op, inputs, outputs: [output], attributes };
    this.#nodes.push({ ...node, attributes: withDefaults(operatorOf(node).attributes, attributes) });
    return output;
  }

  /** Adds a node of several outputs; returns their names. */
  nodeOf(op: string, inputs: readonly string[], attributes: Attributes, base: string, count: number): string[] {
    const outputs = Array.from({ length: count }, (_, i) => this.value(`${base}.${i}`));
    const node = { name: this.#nodeName(base), op, inputs, outputs, attributes };
    this.#nodes.push({ ...node, attributes: withDefaults(operatorOf(node).attributes, attributes) });
    return outputs;
  }

  /** A new name for a value. */
  value(base: string): string {
    const name = freshName(this.#values, base);
    this.#values.set(name, { name, dtype: 'float32', shape: undefined });
    return name;
  }

  /** A constant; single numbers are shared by all that want the same. */
  constant(base: string, dtype: DType, numbers: ArrayLike<number>, dims: readonly number[]): string {
    const key = numbers.length === 1 ? `${dtype} [${dims}] ${numbers[0]}` : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.tensor(base, new Tensor(dtype, fromNumbers(dtype, numbers), dims));
    if (key !== undefined) this.#constants.set(key, name);
    return name;
  }

  tensor(base: string, tensor: Tensor): string {
    const name = freshName(this.#values, base);
    this.#values.set(name, { name, dtype: tensor.type, shape: tensor.dims, tensor });
    return name;
  }

  finish(): Graph {
    return withNodes(this.#graph, this.#nodes, this.#values);
  }

  #nodeName(base: string): string {
    let name = base;
    for (let i = 1; this.#nodeNames.has(name); i++) name = `${base}_${i}`;
    this.#nodeNames.add(name);
    return name;
  }
}
