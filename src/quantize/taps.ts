import { type Attributes, freshName, type Graph, type Node, type Value } from '../graph/graph.js';
import { withDefaults } from '../ops/attributes.js';
import { inferShapes, operatorOf } from '../ops/infer.js';
import { removeDeadNodes } from '../passes/remove-dead-nodes.js';
import { fromNumbers } from '../tensor/convert.js';
import type { DType } from '../tensor/dtype.js';
import { Tensor } from '../tensor/tensor.js';

/** Appends nodes to a graph that measure its values, and makes what they compute its only outputs. */
export class Taps {
  readonly #graph: Graph;
  readonly #values: Map<string, Value>;
  readonly #nodes: Node[];
  readonly #outputs: string[] = [];
  #count = 0;

  constructor(graph: Graph) {
    this.#graph = inferShapes(graph);
    this.#values = new Map(this.#graph.values);
    this.#nodes = [...graph.nodes];
  }

  /** How many dimensions a value has; undefined where that is not known. */
  rank(name: string): number | undefined {
    return this.#values.get(name)?.shape?.length;
  }

  dtype(name: string): DType {
    return (this.#values.get(name) as Value).dtype;
  }

  constant(dtype: DType, numbers: readonly number[], dims: readonly number[] = [numbers.length]): string {
    const name = this.#fresh('c');
    this.#values.set(name, { name, dtype, shape: dims, tensor: new Tensor(dtype, fromNumbers(dtype, numbers), dims) });
    return name;
  }

  /** Adds a node of one output and names it. */
  node(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = this.#fresh('t');
    const node = { name: `tap.${output}`, op, inputs, outputs: [output], attributes };
    this.#nodes.push({ ...node, attributes: withDefaults(operatorOf(node).attributes, attributes) });
    this.#values.set(output, { name: output, dtype: 'float32', shape: undefined });
    return output;
  }

  /** Makes a value an output of the finished graph. */
  output(name: string): string {
    this.#outputs.push(name);
    return name;
  }

  finish(): Graph {
    return inferShapes(
      removeDeadNodes({ ...this.#graph, nodes: this.#nodes, values: this.#values, outputs: [...new Set(this.#outputs)] }),
    );
  }

  #fresh(base: string): string {
    return freshName(this.#values, `tap${this.#count++}${base}`);
  }
}
