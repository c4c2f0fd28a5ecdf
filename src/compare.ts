import { runGraph } from '../kernels-ref/run-graph.js';
import type { Device } from './device/device.js';
import { Executable } from './device/executable.js';
import { type Graph, type Node, valueNamed } from './graph/graph.js';
import { buildPlan } from './plan/build.js';
import type { Plan } from './plan/plan.js';
import { type Comparison, compareNumbers, type Tolerance } from './tensor/compare.js';
import { toNumbers } from './tensor/convert.js';
import type { Tensor } from './tensor/tensor.js';

/** One tensor of the GPU against the CPU reference. */
export interface TensorComparison {
  /** The node that computed it; undefined for an output of the whole graph, run as one plan. */
  readonly node: string | undefined;
  readonly op: string | undefined;
  readonly tensor: string;
  readonly shape: readonly number[];
  readonly comparison: Comparison;
}

export interface CompareOptions {
  /** Instead of a bound relative to the largest magnitude of each tensor. */
  readonly tolerance?: Tolerance;
  /** Changes every plan before it is loaded: tests break a kernel with it. */
  readonly alter?: (plan: Plan) => Plan;
  /** Called before each node. */
  readonly onNode?: (node: Node, index: number, count: number) => void;
}

export interface GraphComparison {
  /** Every output of every node, each computed on the reference's inputs. */
  readonly nodes: readonly TensorComparison[];
  /** The outputs of the whole graph. */
  readonly outputs: readonly TensorComparison[];
  /** The first tensor that differs, nodes before outputs; undefined where all agree. */
  readonly first: TensorComparison | undefined;
}

/**
 * Float32 results of one node: rounding of sums grows with the terms, for which the tensor's largest magnitude stands.
 * Over a whole graph the roundings of all nodes add up.
 */
const NODE_ERROR = 1e-5;
const GRAPH_ERROR = 1e-4;

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
  for (const [index, node] of graph.nodes.entries()) {
    options.onNode?.(node, index, graph.nodes.length);
    const alone = nodeGraph(graph, node);
    const inputs = new Map(alone.inputs.map((name) => [name, known.get(name) as Tensor]));
    const expected = runGraph(alone, inputs);
    const actual = await runOnce(alone, inputs, device, options.alter);
    for (const name of alone.outputs) {
      const want = expected.get(name) as Tensor;
      known.set(name, want);
      nodes.push(compareTensors(node, name, actual.get(name) as Tensor, want, options.tolerance ?? scaled(want, NODE_ERROR)));
    }
  }
  const actual = await runOnce(graph, feeds, device, options.alter);
  const outputs = graph.outputs.map((name) => {
    const want = known.get(name) ?? (valueNamed(graph, name).tensor as Tensor);
    return compareTensors(undefined, name, actual.get(name) as Tensor, want, options.tolerance ?? scaled(want, GRAPH_ERROR));
  });
  return { nodes, outputs, first: [...nodes, ...outputs].find(({ comparison }) => !comparison.equal) };
};

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

const numbersOf = ({ type, data }: Tensor): Float64Array => toNumbers(type, data);

const scaled = (expected: Tensor, error: number): Tolerance => {
  let largest = 0;
  for (const value of numbersOf(expected)) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return { atol: error * largest, rtol: error };
};

const compareTensors = (
  node: Node | undefined,
  tensor: string,
  actual: Tensor,
  expected: Tensor,
  tolerance: Tolerance,
): TensorComparison => ({
  node: node?.name,
  op: node?.op,
  tensor,
  shape: expected.dims,
  comparison: compareNumbers(numbersOf(actual), numbersOf(expected), tolerance),
});

/** The index of an element along each dimension. */
export const indexOf = (position: number, shape: readonly number[]): number[] => {
  const index: number[] = [];
  let rest = position;
  for (const extent of shape.toReversed()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return index;
};
