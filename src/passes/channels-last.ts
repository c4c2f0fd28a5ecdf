import { consumersOf, freshName, type Graph, type Node, type Value, valueNamed, withNodes } from '../graph/graph.js';
import { fromNumbers } from '../tensor/convert.js';
import { channelsLastAxis, movesNoData, permute, TO_CHANNELS_FIRST, TO_CHANNELS_LAST } from '../tensor/layout.js';
import { type ConcreteShape, isConcrete } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { layoutRuleOf } from './channels-last-rules.js';
import { permuted } from './permuted.js';

/**
 * Runs convolutional regions channels-last. Every value of a region gets a twin in the other order; the channels-first
 * form is made (by a Transpose, or a Reshape where no data moves) only where something outside the region reads it.
 * Wants a graph of concrete shapes.
 */
export const channelsLast = (graph: Graph): Graph => {
  const walk = new LayoutWalk(graph);
  for (const node of graph.nodes) {
    if (walk.isAbsorbed(node)) continue;
    if (!layoutRuleOf(node)?.(node, walk)) walk.keep(node);
  }
  return walk.finish();
};

/** Rewrites one node into its channels-last form, or returns false and leaves it alone. */
export type LayoutRule = (node: Node, walk: LayoutWalk) => boolean;

/** The state of the pass: nodes written so far, and for each channels-first value its channels-last twin. */
export class LayoutWalk {
  readonly #graph: Graph;
  readonly #values: Map<string, Value>;
  readonly #nodes: Node[] = [];
  readonly #twins = new Map<string, string>();
  /** Channels-first values that exist so far. */
  readonly #made: Set<string>;
  readonly #consumers: ReadonlyMap<string, readonly Node[]>;
  readonly #absorbed = new Set<Node>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#values = new Map(graph.values);
    this.#consumers = consumersOf(graph);
    this.#made = new Set(graph.inputs);
    for (const [name, value] of graph.values) if (value.tensor) this.#made.add(name);
  }

  get values(): ReadonlyMap<string, Value> {
    return this.#values;
  }

  /** The concrete shape of a value in its channels-first form; undefined where it is not known. */
  shape(name: string | undefined): ConcreteShape | undefined {
    const shape = name ? this.#values.get(name)?.shape : undefined;
    return shape && isConcrete(shape) ? shape : undefined;
  }

  /** The nodes that read a value. */
  readers(name: string): readonly Node[] {
    return this.#consumers.get(name) ?? [];
  }

  /** The one node that reads a value which is no output of the graph. */
  onlyReader(name: string): Node | undefined {
    const readers = this.#consumers.get(name) ?? [];
    return readers.length === 1 && !this.#graph.outputs.includes(name) ? readers[0] : undefined;
  }

  /** States that what is written so far stands for these nodes too. */
  absorb(...nodes: readonly Node[]): void {
    for (const node of nodes) this.#absorbed.add(node);
  }

  isAbsorbed(node: Node): boolean {
    return this.#absorbed.has(node);
  }

  constant(name: string | undefined): Tensor | undefined {
    return name ? this.#values.get(name)?.tensor : undefined;
  }

  /** True where the value already has a channels-last form. */
  hasTwin(name: string | undefined): boolean {
    return name !== undefined && this.#twins.has(name);
  }

  /** The channels-last form of a 4-D value, made if it does not exist. */
  twin(name: string): string {
    const known = this.#twins.get(name);
    if (known) return known;
    const tensor = this.constant(name);
    const twin = tensor
      ? this.addConstant(`${name}.nhwc`, transposed(tensor))
      : this.#transpose(name, `${name}.nhwc`, TO_CHANNELS_LAST);
    this.#twins.set(name, twin);
    return twin;
  }

  /** States that `twin`, which exists, is the channels-last form of `name`, which need not exist. */
  setTwin(name: string, twin: string): void {
    this.#twins.set(name, twin);
  }

  /** The channels-first form of a value, made if it does not exist. */
  plain(name: string): string {
    const twin = this.#twins.get(name);
    if (name && twin && !this.#made.has(name)) this.#transpose(twin, name, TO_CHANNELS_FIRST);
    return name;
  }

  /** Writes the node as it is. */
  keep(node: Node): void {
    for (const name of node.inputs) this.plain(name);
    this.#push(node);
  }

  /** Writes the node so that it produces the twins of its outputs. */
  addTwin(node: Node, inputs: readonly string[], attributes: Node['attributes'] = node.attributes): void {
    const outputs = node.outputs.map((name) => {
      if (!name) return name;
      const { dtype } = valueNamed(this.#graph, name);
      const twin = this.#addValue(`${name}.nhwc`, dtype, permute(this.shape(name) as ConcreteShape, TO_CHANNELS_LAST));
      this.#twins.set(name, twin);
      return twin;
    });
    this.#push({ ...node, inputs, outputs, attributes });
  }

  /** Writes a node that produces the outputs of `node` themselves from other inputs. */
  addPlain(node: Node, inputs: readonly string[], attributes: Node['attributes'] = node.attributes): void {
    this.#push({ ...node, inputs, attributes });
  }

  /** Writes the node with one output of another name and shape; returns that name. */
  addNode(
    node: Node,
    inputs: readonly string[],
    output: string,
    shape: ConcreteShape,
    attributes: Node['attributes'] = node.attributes,
  ): string {
    const { dtype } = this.#values.get(inputs[0] as string) as Value;
    const name = this.#addValue(output, dtype, shape);
    this.#push({ ...node, inputs, outputs: [name], attributes });
    return name;
  }

  /** Writes a Reshape of a value; returns the name of its output. */
  addReshape(from: string, output: string, shape: ConcreteShape): string {
    const dims = this.addInts(`${output}.shape`, shape);
    const node: Node = { name: `Reshape:${output}`, op: 'Reshape', inputs: [], outputs: [], attributes: { allowzero: true } };
    return this.addNode(node, [from, dims], output, shape);
  }

  addConstant(base: string, tensor: Tensor): string {
    const name = freshName(this.#values, base);
    this.#values.set(name, { name, dtype: tensor.type, shape: tensor.dims, tensor });
    return name;
  }

  /** A constant vector of int64, as axes, pads and shapes are. */
  addInts(base: string, numbers: readonly number[]): string {
    return this.addConstant(base, new Tensor('int64', fromNumbers('int64', numbers), [numbers.length]));
  }

  finish(): Graph {
    for (const name of this.#graph.outputs) this.plain(name);
    return withNodes(this.#graph, this.#nodes, this.#values);
  }

  #push(node: Node): void {
    this.#nodes.push(node);
    for (const name of node.outputs) this.#made.add(name);
  }

  #addValue(base: string, dtype: Value['dtype'], shape: ConcreteShape): string {
    const name = freshName(this.#values, base);
    this.#values.set(name, { name, dtype, shape });
    return name;
  }

  /** Writes `to` = `from` with its axes permuted: a Reshape where that moves no data. */
  #transpose(from: string, to: string, permutation: readonly number[]): string {
    const { dtype } = this.#values.get(from) as Value;
    const shape = this.shape(from) as ConcreteShape;
    const target = permute(shape, permutation);
    const output = this.#values.has(to) && !this.#made.has(to) ? to : this.#addValue(to, dtype, target);
    if (movesNoData(shape, permutation)) {
      const dims = this.addInts(`${output}.shape`, target);
      this.#push({
        name: `Reshape:${output}`,
        op: 'Reshape',
        inputs: [from, dims],
        outputs: [output],
        attributes: { allowzero: true },
      });
    } else {
      this.#push({
        name: `Transpose:${output}`,
        op: 'Transpose',
        inputs: [from],
        outputs: [output],
        attributes: { perm: permutation },
      });
    }
    return output;
  }
}

/** A constant of up to 4 dimensions, seen as 4-D, in channels-last order. */
const transposed = (tensor: Tensor): Tensor => {
  const shape = [...new Array<number>(4 - tensor.dims.length).fill(1), ...tensor.dims];
  return permuted(new Tensor(tensor.type, tensor.data, shape), TO_CHANNELS_LAST);
};

/** Axes of a channels-first 4-D tensor, as axes of its twin. */
export const twinAxes = (axes: readonly number[]): number[] => axes.map((axis) => channelsLastAxis(axis < 0 ? axis + 4 : axis));
