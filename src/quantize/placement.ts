import { consumersOf, type Graph, type Node } from '../graph/graph.js';
import { type Layer, layerOf } from './layers.js';

/** Where integers flow: decided before anything is known of the numbers. */
export interface Placement {
  /** Layers whose weights are quantized. */
  readonly layers: ReadonlyMap<Node, Layer>;
  /** Nodes that read and write integers (layers and what follows them). */
  readonly nodes: ReadonlySet<Node>;
  /** Values that are quantized, each with the value whose scale and zero point it has. */
  readonly roots: ReadonlyMap<string, string>;
  /** Rectifiers between a node and its quantized result, by their output. */
  readonly rectifiers: ReadonlyMap<string, Node>;
}

/** Operators that move numbers, or add zeros: they work on integers as they are, and the scale stays. */
const MOVES = new Set(['MaxPool', 'Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Slice', 'Identity', 'Pad']);

/** True where a node moves the integers of its first input. */
export const isMove = ({ op }: Node): boolean => MOVES.has(op);

/** Operators that have an integer form, worth it where their inputs are integers anyway: how many inputs are activations. */
const FOLLOWS: ReadonlyMap<string, number> = new Map([
  ['Add', 2],
  ['Mul', 2],
  ['Concat', Number.POSITIVE_INFINITY],
  ['AveragePool', 1],
  ['GlobalAveragePool', 1],
  ['LeakyRelu', 1],
  ['Sigmoid', 1],
]);

const isRectifier = ({ op, inputs }: Node): boolean => (op === 'Relu' || op === 'Clip') && inputs.length === 1;

/**
 * Decides which nodes compute with integers and which values get a QuantizeLinear and a DequantizeLinear. Layers do,
 * unless `skip` says no; sums, concatenations and pools do where all that they read comes from such nodes, so that
 * nothing is dequantized between them. What only floats read stays a float: the scores of a classifier keep their
 * precision. (A convolution always writes integers: there are no integer convolutions that write floats.) Products of two
 * activations, as attention has them, stay floats.
 */
export const place = (graph: Graph, skip: (node: Node) => boolean): Placement => {
  const state = new Placing(graph, skip);
  state.forwards();
  state.backwards();
  return { layers: state.layers, nodes: state.nodes, roots: state.roots(), rectifiers: state.rectifiers };
};

class Placing {
  readonly layers = new Map<Node, Layer>();
  readonly nodes = new Set<Node>();
  readonly rectifiers = new Map<string, Node>();
  readonly #graph: Graph;
  readonly #skip: (node: Node) => boolean;
  readonly #consumers: ReadonlyMap<string, readonly Node[]>;
  /** Results of integer nodes, after their rectifier, by the node. */
  readonly #results = new Map<Node, string>();

  constructor(graph: Graph, skip: (node: Node) => boolean) {
    this.#graph = graph;
    this.#skip = skip;
    this.#consumers = consumersOf(graph);
  }

  forwards(): void {
    const integers = new Set<string>();
    for (const node of this.#graph.nodes) {
      if (this.#skip(node) || !this.#isInteger(node, integers)) continue;
      this.nodes.add(node);
      const result = this.#resultOf(node);
      this.#results.set(node, result);
      integers.add(result);
    }
  }

  /** Takes back what no integer node reads, the last first. */
  backwards(): void {
    for (const node of this.#graph.nodes.toReversed()) {
      const isOptional = this.nodes.has(node) && !this.layers.has(node);
      if (isOptional && !this.#isRead(node)) this.nodes.delete(node);
    }
    this.#moveIntegers();
  }

  /** Moving integers is cheaper than moving floats, whatever reads them. */
  #moveIntegers(): void {
    const integers = new Set<string>();
    for (const node of this.#graph.nodes) {
      const result = this.#results.get(node);
      if (result === undefined) continue;
      if (MOVES.has(node.op) && integers.has(node.inputs[0] as string)) this.nodes.add(node);
      const isFloat = node.op !== 'Conv' && this.layers.has(node) && !this.#isRead(node);
      if (this.nodes.has(node) && !isFloat) integers.add(result);
    }
  }

  roots(): Map<string, string> {
    const roots = new Map<string, string>();
    const root = (name: string): string => roots.get(name) ?? name;
    for (const node of this.#graph.nodes) {
      if (!this.nodes.has(node)) continue;
      for (const name of this.activations(node)) if (!roots.has(name)) roots.set(name, name);
      const result = this.#results.get(node) as string;
      if (node.op !== 'Conv' && this.layers.has(node) && !this.#isRead(node)) continue;
      roots.set(result, MOVES.has(node.op) ? root(node.inputs[0] as string) : result);
    }
    this.#joinConcats(roots);
    const last = (name: string): string => (roots.get(name) === name ? name : last(roots.get(name) as string));
    return new Map([...roots.keys()].map((name) => [name, last(name)]));
  }

  /** What a node reads that is computed at run time and is to be quantized. */
  activations(node: Node): string[] {
    const count = this.layers.has(node) || MOVES.has(node.op) ? 1 : (FOLLOWS.get(node.op) as number);
    return node.inputs.slice(0, count).filter((name) => name && !this.#graph.values.get(name)?.tensor);
  }

  /** Inputs that only a Concat reads take its scale: then it copies integers. */
  #joinConcats(roots: Map<string, string>): void {
    for (const node of this.#graph.nodes.toReversed()) {
      if (node.op !== 'Concat' || !this.nodes.has(node)) continue;
      const result = this.#results.get(node) as string;
      if (result !== node.outputs[0]) continue;
      for (const name of node.inputs) {
        if (roots.get(name) === name && this.#consumers.get(name)?.length === 1 && !this.#graph.outputs.includes(name)) {
          roots.set(name, result);
        }
      }
    }
  }

  #isInteger(node: Node, integers: ReadonlySet<string>): boolean {
    const layer = layerOf(this.#graph, node);
    if (layer && node.outputs.length === 1) {
      this.layers.set(node, layer);
      return true;
    }
    if (node.outputs.length !== 1 || !this.#isFloat(node.inputs[0])) return false;
    if (MOVES.has(node.op)) return integers.has(node.inputs[0] as string) && (node.op !== 'Pad' || this.#padsZeros(node));
    return FOLLOWS.has(node.op) && node.inputs.every((name) => integers.has(name));
  }

  #padsZeros({ inputs, attributes }: Node): boolean {
    const [, pads, value = ''] = inputs;
    const fill = value ? this.#graph.values.get(value)?.tensor?.data[0] : 0;
    return attributes.mode === 'constant' && fill === 0 && this.#graph.values.get(pads as string)?.tensor !== undefined;
  }

  #isFloat(name: string | undefined): boolean {
    return name !== undefined && this.#graph.values.get(name)?.dtype === 'float32';
  }

  /** The node's output, or that of the rectifier that alone reads it. */
  #resultOf(node: Node): string {
    const [output] = node.outputs as readonly [string];
    const readers = this.#consumers.get(output) ?? [];
    const [reader] = readers;
    if (MOVES.has(node.op) || readers.length !== 1 || !reader || !isRectifier(reader)) return output;
    if (this.#graph.outputs.includes(output)) return output;
    const result = reader.outputs[0] as string;
    this.rectifiers.set(result, reader);
    return result;
  }

  #isRead(node: Node): boolean {
    const readers = this.#consumers.get(this.#results.get(node) as string) ?? [];
    return readers.some((reader) => this.nodes.has(reader));
  }
}
