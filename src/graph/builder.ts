import type { DType } from '../tensor/dtype.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Attributes, Graph, Node, Value } from './graph.js';

/**
 * Builds a graph node by node; shapes of computed values are left to shape inference.
 *
 *     const b = new GraphBuilder('net');
 *     const x = b.input('x', 'float32', [1, 3, 8, 8]);
 *     const [y] = b.node('Relu', [x], {});
 *     b.output(y);
 *     const graph = b.build();
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #nodes: Node[] = [];
  readonly #values = new Map<string, Value>();
  readonly #inputs: string[] = [];
  readonly #outputs: string[] = [];

  constructor(name = 'graph') {
    this.#name = name;
  }

  input(name: string, dtype: DType, shape: Shape): string {
    this.#values.set(name, { name, dtype, shape });
    this.#inputs.push(name);
    return name;
  }

  constant(name: string, tensor: Tensor): string {
    this.#values.set(name, { name, dtype: tensor.type, shape: tensor.dims, tensor });
    return name;
  }

  /** Adds a node with already checked attributes; returns the names of its outputs. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    outputs = 1,
    name = `${op}_${this.#nodes.length}`,
  ): string[] {
    const names = Array.from({ length: outputs }, (_, i) => (outputs === 1 ? `${name}.out` : `${name}.out${i}`));
    this.#nodes.push({ name, op, inputs, outputs: names, attributes });
    for (const output of names) this.#values.set(output, { name: output, dtype: 'float32', shape: undefined });
    return names;
  }

  output(...names: string[]): void {
    this.#outputs.push(...names);
  }

  build(): Graph {
    return { name: this.#name, nodes: this.#nodes, values: this.#values, inputs: this.#inputs, outputs: this.#outputs };
  }
}
