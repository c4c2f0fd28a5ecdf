import type { Graph, Node, Value } from '../graph/graph.js';
import { inputChannels, type Layer } from './layers.js';

/** Values whose channels can only be scaled together, and the layers that write and read them. */
export interface Stream {
  /** Those that a quantized model states in integers: all but what a rectifier reads. */
  readonly values: readonly string[];
  readonly writers: readonly Layer[];
  readonly readers: readonly Layer[];
  /** Where a Clip cuts them off; Infinity where none does. */
  readonly bound: number;
}

/** f(s x) = s f(x) for every s > 0, element by element. */
const HOMOGENEOUS = new Set(['Relu', 'LeakyRelu', 'Identity', 'Add']);
/** The same, where channels are the second axis. */
const POOLS = new Set(['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool']);

const isRectifier = ({ op }: Node): boolean => op === 'Relu' || op === 'Clip';

/**
 * The streams between layers that have their weights for themselves: residual sums join what they add. What anything
 * else touches is in none.
 */
export const streamsOf = (graph: Graph, layers: readonly Layer[]): Stream[] => {
  const search = new Search(graph, layers);
  return search.streams();
};

class Search {
  readonly #graph: Graph;
  readonly #layers: ReadonlyMap<Node, Layer>;
  readonly #parents = new Map<string, string>();
  readonly #fixed = new Set<string>();
  readonly #bounds = new Map<string, number>();
  /** What a rectifier reads. */
  readonly #rectified: ReadonlySet<string>;

  constructor(graph: Graph, layers: readonly Layer[]) {
    this.#graph = graph;
    this.#layers = new Map(layers.map((layer) => [layer.node, layer]));
    this.#rectified = new Set(graph.nodes.filter(isRectifier).flatMap(({ inputs }) => inputs));
    for (const name of [...graph.inputs, ...graph.outputs]) this.#fixed.add(name);
    for (const node of graph.nodes) this.#visit(node);
  }

  streams(): Stream[] {
    const fixed = new Set([...this.#fixed].map((name) => this.#root(name)));
    const layers = [...this.#layers.values()];
    const roots = new Set(layers.map(({ node }) => this.#root(node.outputs[0] as string)));
    return [...roots].flatMap((root) => {
      const writers = layers.filter(({ node }) => this.#root(node.outputs[0] as string) === root);
      const readers = layers.filter(({ input }) => this.#root(input) === root);
      if (fixed.has(root) || readers.length === 0 || !this.#haveOneAxis(root, [...writers, ...readers])) return [];
      const values = this.#valuesOf(root);
      if (values.some(({ shape }) => !shape)) return [];
      const bound = Math.min(...values.map(({ name }) => this.#bounds.get(name) ?? Number.POSITIVE_INFINITY));
      return { values: values.flatMap(({ name }) => (this.#rectified.has(name) ? [] : name)), writers, readers, bound };
    });
  }

  #valuesOf(root: string): Value[] {
    return [...this.#graph.values.values()].filter(({ tensor, name }) => !tensor && this.#root(name) === root);
  }

  /** Channels are the second axis of what convolutions and pools work on, and the last of products. */
  #haveOneAxis(root: string, layers: readonly Layer[]): boolean {
    const convolutions = layers.filter(({ node }) => node.op === 'Conv').length;
    const isPooled = this.#graph.nodes.some(({ op, inputs }) => POOLS.has(op) && this.#root(inputs[0] as string) === root);
    return convolutions === layers.length || (convolutions === 0 && !isPooled);
  }

  #visit(node: Node): void {
    const layer = this.#layers.get(node);
    if (layer) {
      if (inputChannels(layer) === undefined) this.#fixed.add(layer.input);
      return;
    }
    const names = [...node.inputs, ...node.outputs];
    if (!this.#commutes(node)) for (const name of names) this.#fixed.add(name);
    else for (const name of node.inputs) this.#parents.set(this.#root(name), this.#root(node.outputs[0] as string));
  }

  /** True where scaling the channels of its inputs scales those of its result. */
  #commutes({ op, inputs, outputs, attributes }: Node): boolean {
    const [output = ''] = outputs;
    if (outputs.length !== 1 || inputs.some((name) => !name || this.#graph.values.get(name)?.tensor)) return false;
    if (op === 'Add') return inputs.every((name) => this.#sameShape(name, output));
    if (op !== 'Clip') return HOMOGENEOUS.has(op) || POOLS.has(op);
    if (attributes.min !== 0) return false;
    this.#bounds.set(output, attributes.max as number);
    return true;
  }

  #sameShape(a: string, b: string): boolean {
    const [first, second] = [a, b].map((name) => this.#graph.values.get(name)?.shape);
    return first !== undefined && second !== undefined && `${first}` === `${second}`;
  }

  #root(name: string): string {
    const parent = this.#parents.get(name);
    return parent === undefined || parent === name ? name : this.#root(parent);
  }
}
