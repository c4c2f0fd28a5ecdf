import { runGraph } from '../kernels-ref/run-graph.js';
import { forecastHalf, type HalfReport } from './compare/half.js';
import { type ErrorStatistics, errorStatistics, largestOf, nonFiniteOf, numbersOf } from './compare/statistics.js';
import type { Device } from './device/device.js';
import { Executable } from './device/executable.js';
import { TilewiseError, throwIfAborted } from './errors.js';
import { type Graph, type Node, valueNamed } from './graph/graph.js';
import { buildPlan } from './plan/build.js';
import type { Plan } from './plan/plan.js';
import { type Comparison, compareNumbers, type Tolerance } from './tensor/compare.js';
import { sameShape } from './tensor/shape.js';
import { Tensor } from './tensor/tensor.js';

/** One tensor of the GPU against what is expected of it. */
export interface TensorComparison {
  /** The node that computed it; undefined for an output of the whole graph, run as one plan. */
  readonly node: string | undefined;
  readonly op: string | undefined;
  readonly tensor: string;
  readonly shape: readonly number[];
  readonly comparison: Comparison;
  readonly statistics: ErrorStatistics;
}

/** The node at which values stop to be finite although all that it reads is. */
export interface NonFiniteOrigin {
  readonly node: string;
  readonly op: string;
  readonly tensor: string;
  readonly kind: 'NaN' | 'Infinity';
  /** True where it is expected so: the model does it, not a kernel. */
  readonly expected: boolean;
}

export interface CompareOptions {
  /** Instead of a bound relative to the largest magnitude of each tensor. */
  readonly tolerance?: Tolerance;
  /** How many of the worst elements are kept for each tensor; 5 where absent. */
  readonly worst?: number;
  readonly signal?: AbortSignal;
  /** Called before each node. */
  readonly onNode?: (node: Node, index: number, count: number) => void;
  /** Called with every value that is expected of a node, and what the GPU made of it. */
  readonly onValue?: (tensor: string, actual: Tensor, expected: Tensor) => void;
  /** Changes every plan before it is loaded: tests break a kernel with it. */
  readonly alter?: (plan: Plan) => Plan;
}

export interface GraphComparison {
  /** Every output of every node; against the reference, each computed on the reference's inputs. */
  readonly nodes: readonly TensorComparison[];
  /** The outputs of the whole graph. */
  readonly outputs: readonly TensorComparison[];
  /** The first tensor that differs, nodes before outputs; undefined where all agree. */
  readonly first: TensorComparison | undefined;
  readonly nonFinite: NonFiniteOrigin | undefined;
  /** What float16 could not hold of the expected values. */
  readonly half: HalfReport;
}

/**
 * Float32 results of one node: rounding of sums grows with the terms, for which the tensor's largest magnitude stands.
 * Over a whole graph the roundings of all nodes add up; those of float16 are 2^13 times as large, some of which cancel.
 */
const NODE_ERROR = 1e-5;
const GRAPH_ERROR = 1e-4;
const HALF_GRAPH_ERROR = 2e-2;

/**
 * Runs a graph of concrete shapes on the GPU and on the CPU reference. Every node is run by itself on the inputs that
 * the reference computed, so that one wrong node does not taint the next; then the whole graph is run as one plan, which
 * shows what goes wrong between nodes. Feeds are on the host.
 */
export const compareGraph = async (
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  device: Device,
  options: CompareOptions = {},
): Promise<GraphComparison> => {
  const known = new Map(feeds);
  const nodes: TensorComparison[] = [];
  const origin = new OriginFinder(graph);
  for (const [index, node] of graph.nodes.entries()) {
    throwIfAborted(options.signal);
    options.onNode?.(node, index, graph.nodes.length);
    const alone = nodeGraph(graph, node);
    const inputs = new Map(alone.inputs.map((name) => [name, known.get(name) as Tensor]));
    const expected = runGraph(alone, inputs);
    const actual = await runOnce(alone, inputs, device, options.alter);
    for (const name of alone.outputs) known.set(name, expected.get(name) as Tensor);
    for (const name of alone.outputs) {
      const [got, want] = [actual.get(name) as Tensor, expected.get(name) as Tensor];
      options.onValue?.(name, got, want);
      nodes.push(compareTensors(node, name, got, want, NODE_ERROR, options));
      origin.see(node, name, got, want, (input) => known.get(input));
    }
  }
  const actual = await runOnce(graph, feeds, device, options.alter);
  const outputs = graph.outputs.map((name) => {
    const want = known.get(name) ?? (valueNamed(graph, name).tensor as Tensor);
    return compareTensors(undefined, name, actual.get(name) as Tensor, want, GRAPH_ERROR, options);
  });
  return result(graph, nodes, outputs, origin, known);
};

/**
 * Runs a graph of concrete shapes on the GPU once and compares every value of it that `expected` has by the same name
 * and shape: of another session, another device, or golden files. A wrong node taints the next, so the first one counts.
 * Throws `invalid-argument` where nothing can be compared.
 */
export const compareValues = async (
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  device: Device,
  expected: ReadonlyMap<string, Tensor>,
  options: CompareOptions = {},
): Promise<GraphComparison> => {
  throwIfAborted(options.signal);
  const actual = await traceValues(graph, feeds, device, options.alter);
  const nodes: TensorComparison[] = [];
  const outputs: TensorComparison[] = [];
  const origin = new OriginFinder(graph);
  for (const [index, node] of graph.nodes.entries()) {
    options.onNode?.(node, index, graph.nodes.length);
    for (const name of node.outputs) {
      const [got, want] = [actual.get(name), expected.get(name)];
      if (!got || !want || !sameShape(got.dims, want.dims)) continue;
      options.onValue?.(name, got, want);
      const list = graph.outputs.includes(name) ? outputs : nodes;
      list.push(compareTensors(node, name, got, want, want.type === 'float16' ? HALF_GRAPH_ERROR : GRAPH_ERROR, options));
      origin.see(node, name, got, want, (input) => actual.get(input) ?? feeds.get(input));
    }
  }
  if (nodes.length + outputs.length > 0) return result(graph, nodes, outputs, origin, new Map([...feeds, ...expected]));
  throw new TilewiseError(
    'invalid-argument',
    'nothing to compare: no value of the model has a name and shape that are expected',
    {
      hint: `the outputs are: ${graph.outputs.join(', ')}`,
    },
  );
};

/** A graph of concrete shapes with what is fed to it, on a device. */
export interface ComparisonTarget {
  readonly graph: Graph;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly device: Device;
}

/** Compares with another graph on its device, with tensors by name, or with the reference where there is neither. */
export const compareWith = async (
  { graph, inputs, device }: ComparisonTarget,
  against: ComparisonTarget | Readonly<Record<string, Tensor>> | undefined,
  options: CompareOptions = {},
): Promise<GraphComparison> => {
  const feeds = await onHost(inputs);
  if (!against) return await compareGraph(graph, feeds, device, options);
  const expected = isTarget(against)
    ? await traceValues(against.graph, against.inputs, against.device)
    : await onHost(new Map(Object.entries(against)));
  return await compareValues(graph, feeds, device, expected, options);
};

const isTarget = (against: ComparisonTarget | Readonly<Record<string, Tensor>>): against is ComparisonTarget =>
  !(against.graph instanceof Tensor) && against.inputs instanceof Map;

/** All values that a graph computes, from one run on the GPU. */
export const traceValues = async (
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  device: Device,
  alter?: (plan: Plan) => Plan,
): Promise<Map<string, Tensor>> => {
  const names = graph.nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== ''));
  return await runOnce({ ...graph, outputs: [...new Set([...names, ...graph.outputs])] }, feeds, device, alter);
};

const result = (
  graph: Graph,
  nodes: readonly TensorComparison[],
  outputs: readonly TensorComparison[],
  origin: OriginFinder,
  values: ReadonlyMap<string, Tensor>,
): GraphComparison => {
  const all = [...nodes, ...outputs];
  const order = new Map(graph.nodes.map(({ name }, i) => [name, i]));
  const place = ({ node }: TensorComparison): number => (node === undefined ? order.size : (order.get(node) as number));
  const wrong = all.filter(({ comparison }) => !comparison.equal).sort((a, b) => place(a) - place(b));
  return { nodes, outputs, first: wrong[0], nonFinite: origin.found, half: forecastHalf(graph, values) };
};

/** Remembers the first node that makes NaN or infinity of finite values; one that a kernel makes comes first. */
class OriginFinder {
  readonly #graph: Graph;
  #found: NonFiniteOrigin | undefined;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  get found(): NonFiniteOrigin | undefined {
    return this.#found;
  }

  see(node: Node, tensor: string, actual: Tensor, expected: Tensor, known: (name: string) => Tensor | undefined): void {
    if (this.#found && !this.#found.expected) return;
    const { nan, infinite } = nonFiniteOf(numbersOf(actual));
    if (nan + infinite === 0) return;
    const inputs = node.inputs.flatMap((name) => (name ? (known(name) ?? valueNamed(this.#graph, name).tensor ?? []) : []));
    const isSound = (input: Tensor): boolean => Object.values(nonFiniteOf(numbersOf(input))).every((count) => count === 0);
    if (!inputs.every(isSound)) return;
    const wanted = nonFiniteOf(numbersOf(expected));
    const isExpected = nan > 0 ? wanted.nan > 0 : wanted.infinite > 0;
    if (this.#found && isExpected) return;
    this.#found = { node: node.name, op: node.op, tensor, kind: nan > 0 ? 'NaN' : 'Infinity', expected: isExpected };
  }
}

/** The graph of one node: what other nodes compute are its inputs. */
const nodeGraph = (graph: Graph, node: Node): Graph => {
  const names = new Set([...node.inputs, ...node.outputs].filter((name) => name !== ''));
  const values = new Map([...names].map((name) => [name, valueNamed(graph, name)]));
  const inputs = [...new Set(node.inputs)].filter((name) => name && !values.get(name)?.tensor);
  return { name: node.name, nodes: [node], values, inputs, outputs: node.outputs.filter((name) => name !== '') };
};

const runOnce = async (
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  device: Device,
  alter: (plan: Plan) => Plan = (plan) => plan,
): Promise<Map<string, Tensor>> => {
  const executable = await Executable.load(alter(buildPlan(graph, device.facts)), device);
  try {
    return await executable.run(feeds, graph.outputs);
  } finally {
    executable.dispose();
  }
};

const compareTensors = (
  node: Node | undefined,
  tensor: string,
  actual: Tensor,
  expected: Tensor,
  error: number,
  { tolerance, worst }: CompareOptions,
): TensorComparison => {
  const [got, want] = [numbersOf(actual), numbersOf(expected)];
  const bound = tolerance ?? { atol: error * largestOf(want), rtol: error };
  return {
    node: node?.name,
    op: node?.op,
    tensor,
    shape: expected.dims,
    comparison: compareNumbers(got, want, bound),
    statistics: errorStatistics(got, want, expected.dims, worst),
  };
};

/** The tensors with their data on the host, as a comparison wants them. */
export const onHost = async (tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> => {
  const host = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) {
    host.set(name, tensor.location === 'cpu' ? tensor : new Tensor(tensor.type, await tensor.getData(), tensor.dims));
  }
  return host;
};
