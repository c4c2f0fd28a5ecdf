import { TilewiseError } from '../errors.js';
import {
  type Attributes,
  epilogueOf,
  freshName,
  type Graph,
  type Node,
  type Value,
  valueNamed,
  withNodes,
} from '../graph/graph.js';
import { withDefaults } from '../ops/attributes.js';
import { inferNode, operatorOf } from '../ops/infer.js';
import type { Inferred } from '../ops/operator.js';
import type { Budgets } from '../tensor/budgets.js';
import { toNumbers } from '../tensor/convert.js';
import { type Dim, isConcrete, mulDims, type Shape, sameShape, shapeText } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { broadcastAxis } from './batch-axes.js';
import { batchRuleOf } from './batch-rules.js';
import { foldConstants } from './fold-constants.js';
import { removeDeadNodes } from './remove-dead-nodes.js';

/** For each output of a node the axis that carries the batch (undefined: it depends on no sample), and the node to run. */
export interface BatchStep {
  readonly axes: readonly (number | undefined)[];
  readonly node?: Node;
}

/** How an operator carries the batch; it refuses through `walk` where samples would see each other. */
export type BatchRule = (node: Node, walk: BatchWalk) => BatchStep;

/**
 * A graph made for one sample, for any number of them: run on N samples it gives what N runs of one give, joined along
 * the first axis. Every input of rank 1 or more must begin with an extent of 1 or a symbol, which is the batch; inputs
 * without dimensions are shared by all samples. Throws `unsupported-model` with the name of the node where an operator
 * would mix samples, or where nothing is known of how it treats them.
 *
 * Comes before the other passes: what they make of one sample (an operand of a kernel that has the shape of its result)
 * may not hold for several.
 */
export const rebatch = (graph: Graph, budgets?: Budgets): Graph => {
  const single = removeDeadNodes(foldConstants(ofOneSample(graph), budgets));
  const walk = new BatchWalk(single, unusedSymbol(single, declaredSymbol(graph) ?? 'batch'));
  for (const node of single.nodes) walk.visit(node);
  return walk.finish();
};

/** The graph with a first extent of 1 for every input, and shapes to be inferred again from that. */
const ofOneSample = (graph: Graph): Graph => {
  const values = new Map(graph.values);
  const symbols = new Set<Dim>();
  for (const name of graph.inputs) {
    const { shape } = valueNamed(graph, name);
    if (!shape) throw notBatched(name, 'its shape is not known');
    const first = shape[0] ?? 1;
    if (typeof first === 'string') symbols.add(first);
    else if (first !== 1) throw notBatched(name, `it has shape ${shapeText(shape)}`);
  }
  for (const name of graph.inputs) {
    const value = valueNamed(graph, name);
    values.set(name, { ...value, shape: value.shape?.map((d) => (symbols.has(d) ? 1 : d)) });
  }
  for (const name of graph.nodes.flatMap((node) => node.outputs)) {
    const value = values.get(name);
    if (value) values.set(name, { ...value, shape: undefined });
  }
  return { ...graph, values };
};

const notBatched = (tensor: string, why: string): TilewiseError =>
  new TilewiseError('unsupported-model', `input '${tensor}' does not begin with a batch of 1: ${why}`, {
    tensor,
    hint: 'create the session without the option batch',
  });

/** The model's own name of its first extent. */
const declaredSymbol = (graph: Graph): string | undefined =>
  graph.inputs.map((name) => valueNamed(graph, name).shape?.[0]).find((dim) => typeof dim === 'string');

const unusedSymbol = (graph: Graph, symbol: string): string => {
  const used = new Set([...graph.values.values()].flatMap(({ shape }) => shape ?? []));
  return freshName(new Map([...used].map((dim) => [String(dim), dim])), symbol);
};

/** The samples with which shapes are inferred to check a rule. */
const TRIAL = 3;

const scaled = (shape: Shape, axis: number | undefined, batch: Dim): Shape =>
  axis === undefined ? shape : shape.with(axis, mulDims(shape[axis] as Dim, batch));

/** Follows the batch from the inputs through the nodes, and writes the graph that takes any number of samples. */
export class BatchWalk {
  readonly #graph: Graph;
  readonly #symbol: string;
  readonly #nodes: Node[] = [];
  /** As the new graph has them, and with the batch of the trial. */
  readonly #values: Map<string, Value>;
  readonly #trial: Map<string, Value>;
  /** The axis that carries the batch: its extent is that of one sample times N, the samples one after the other. */
  readonly #axes = new Map<string, number>();

  constructor(graph: Graph, symbol: string) {
    this.#graph = graph;
    this.#symbol = symbol;
    this.#values = new Map(graph.values);
    this.#trial = new Map(graph.values);
    for (const name of graph.inputs) if (this.shape(name)?.length !== 0) this.#carry(name, 0);
  }

  /** The axis of a value that carries the batch; undefined where it depends on no sample. */
  axis(name: string | undefined): number | undefined {
    return name ? this.#axes.get(name) : undefined;
  }

  /** The shape for one sample. */
  shape(name: string | undefined): Shape | undefined {
    return name ? this.#graph.values.get(name)?.shape : undefined;
  }

  /** The same, refused where it is not known. */
  knownShape(node: Node, name: string | undefined): Shape {
    return this.shape(name) ?? this.refuse(node, `the shape of '${name}' is not known`);
  }

  /** The numbers of a constant. */
  numbers(name: string | undefined): number[] | undefined {
    const tensor = name ? this.#values.get(name)?.tensor : undefined;
    return tensor && [...toNumbers(tensor.type, tensor.data)];
  }

  refuse(node: Node, why: string): never {
    throw new TilewiseError('unsupported-model', `${node.op} '${node.name}' cannot run on a batch of several: ${why}`, {
      node: node.name,
      hint: 'create the session without the option batch, and run one sample at a time',
    });
  }

  addInts(base: string, numbers: readonly number[]): string {
    const name = freshName(this.#values, base);
    const tensor = new Tensor('int64', [...numbers], [numbers.length]);
    this.#setValue({ name, dtype: 'int64', shape: [numbers.length], tensor });
    return name;
  }

  /** A value that depends on no sample and has an extent of 1 there, repeated along `axis` for each of them. */
  widen(node: Node, name: string, axis: number): string {
    const shape = this.knownShape(node, name);
    if (shape[axis] !== 1 || !isConcrete(shape)) this.refuse(node, `'${name}' has no axis of extent 1 to repeat`);
    const count = this.#add('Shape', [this.#batched(node)], { start: 0, end: 1 }, `${name}.samples`, 'int64', [1]);
    const parts = [shape.slice(0, axis), shape.slice(axis + 1)].map((dims, i) =>
      this.addInts(`${name}.extents${i}`, dims as number[]),
    );
    const inputs = [parts[0] as string, count, parts[1] as string];
    const target = this.#add('Concat', inputs, { axis: 0 }, `${name}.extents`, 'int64', [shape.length]);
    const { dtype } = valueNamed(this.#graph, name);
    return this.#add('Expand', [name, target], {}, `${name}.batch`, dtype, shape, axis);
  }

  visit(node: Node): void {
    const carries = node.inputs.some((name) => this.axis(name) !== undefined);
    const step = carries ? this.#step(node) : { axes: [] };
    const done = step.node ?? node;
    this.#nodes.push(done);
    const inferred = this.#tryOn(done);
    node.outputs.forEach((name, i) => {
      if (!name) return;
      const axis = step.axes[i];
      if (axis !== undefined) this.#carry(name, axis);
      const expected = this.#trial.get(name)?.shape;
      const actual = inferred[i]?.shape;
      const known = expected && actual && isConcrete(expected) && isConcrete(actual);
      if (known && !sameShape(expected, actual)) this.refuse(node, `the shape of '${name}' does not follow the batch`);
    });
  }

  /** The rule of the node without the operands of its epilogue, which must lie beside the result. */
  #step(node: Node): BatchStep {
    const operands = new Set(epilogueOf(node).map((step) => step.operand));
    const own = node.inputs.filter((_, i) => !operands.has(i));
    if (!own.some((name) => this.axis(name) !== undefined))
      this.refuse(node, 'only what is added to its result carries the batch');
    const step = batchRuleOf(node, this)({ ...node, inputs: own }, this);
    if (own.length === node.inputs.length) return step;
    const [output] = node.outputs as [string];
    this.#carry(output, step.axes[0] as number);
    const beside = [output, ...node.inputs.filter((_, i) => operands.has(i))];
    broadcastAxis(node, this, beside, this.knownShape(node, output).length);
    return step.node
      ? { ...step, node: { ...step.node, inputs: [...step.node.inputs, ...node.inputs.slice(own.length)] } }
      : step;
  }

  /** What shape inference says of the node with the batch of the trial. */
  #tryOn(node: Node): Inferred[] {
    try {
      return inferNode(node, this.#trial);
    } catch (error) {
      return this.refuse(node, (error as Error).message);
    }
  }

  finish(): Graph {
    const { inputs, outputs } = this.#graph;
    if (this.#axes.size === 0) {
      throw new TilewiseError('unsupported-model', 'no input of the model has an extent for the batch');
    }
    for (const name of outputs) {
      const maker = this.#nodes.find((node) => node.outputs.includes(name));
      if (this.axis(name) === 0) continue;
      const where = this.axis(name) === undefined ? 'depends on no sample' : `has the batch in axis ${this.axis(name)}`;
      if (maker) this.refuse(maker, `the output '${name}' ${where}, not in the first axis`);
      throw new TilewiseError('unsupported-model', `the output '${name}' ${where}`, { tensor: name });
    }
    return withNodes({ ...this.#graph, inputs, outputs }, this.#nodes, this.#values);
  }

  /** An input that carries the batch, to count the samples. */
  #batched(node: Node): string {
    const name = this.#graph.inputs.find((input) => this.axis(input) === 0);
    return name ?? this.refuse(node, 'no input carries a batch');
  }

  #carry(name: string, axis: number): void {
    this.#axes.set(name, axis);
    const value = valueNamed(this.#graph, name);
    if (!value.shape) return;
    this.#values.set(name, { ...value, shape: scaled(value.shape, axis, this.#symbol) });
    this.#trial.set(name, { ...value, shape: scaled(value.shape, axis, TRIAL) });
  }

  #setValue(value: Value): void {
    this.#values.set(value.name, value);
    this.#trial.set(value.name, value);
  }

  #add(
    op: string,
    inputs: readonly string[],
    attributes: Attributes,
    base: string,
    dtype: Value['dtype'],
    shape: Shape,
    axis?: number,
  ): string {
    const name = freshName(this.#values, base);
    const plain = { op, inputs, outputs: [name], name };
    const schema = operatorOf({ ...plain, attributes: {} }).attributes;
    this.#nodes.push({ ...plain, attributes: withDefaults(schema, attributes) });
    this.#values.set(name, { name, dtype, shape: scaled(shape, axis, this.#symbol) });
    this.#trial.set(name, { name, dtype, shape: scaled(shape, axis, TRIAL) });
    if (axis !== undefined) this.#axes.set(name, axis);
    return name;
  }
}
