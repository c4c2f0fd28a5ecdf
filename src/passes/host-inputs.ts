import { foldingReferences } from '../../kernels-ref/folding.js';
import { TilewiseError } from '../errors.js';
import { type Graph, type Node, subgraphsOf, type Value } from '../graph/graph.js';
import { operatorOf } from '../ops/infer.js';
import { toNumbers } from '../tensor/convert.js';
import { sameShape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { Bindings } from './bind-shapes.js';

/** Most dimensions of an input that a plan is made for by value: lists of extents, axes and single numbers. */
const MAX_RANK = 1;

const NONE: ReadonlySet<string> = new Set();

const isSmall = ({ shape }: Value): boolean => shape !== undefined && shape.length <= MAX_RANK;

/** What decides shapes of a graph, and where it comes from. */
export interface ShapeSources {
  /**
   * The inputs of the graph whose values must be known when the plan is made, because operators take from them, perhaps
   * by way of arithmetic that can be folded, what decides shapes (see `Operator.hostInputs`).
   */
  readonly hostInputs: ReadonlySet<string>;
  /** Nodes of which only a run can tell more: shapes or a choice that depend on data. The graph runs in stages then. */
  readonly open: readonly Node[];
}

export const shapeSources = (graph: Graph): ShapeSources => {
  // For each value that can be computed on the host: the inputs of the graph that it takes.
  const sources = new Map<string, ReadonlySet<string>>();
  for (const [name, value] of graph.values) if (value.tensor) sources.set(name, NONE);
  for (const name of graph.inputs) if (isSmall(graph.values.get(name) as Value)) sources.set(name, new Set([name]));
  const found = new Set<string>();
  const open: Node[] = [];
  for (const node of graph.nodes) {
    const operator = operatorOf(node);
    const deciding = (operator.hostInputs ?? []).map((index) => node.inputs[index] ?? '').filter((name) => name !== '');
    for (const name of deciding) for (const source of sources.get(name) ?? []) found.add(source);
    const taken = operator.shapeOnly ? [NONE] : node.inputs.filter((name) => name).map((name) => sources.get(name));
    const isFoldable = foldingReferences.has(node.op) && taken.every((names) => names !== undefined);
    const isCounted = operator.counts?.some((index) => sources.get(node.inputs[index] ?? '')?.size !== 0);
    if (isCounted || deciding.some((name) => !sources.has(name)) || hasTurnsOrIsOpen(node)) open.push(node);
    if (!isFoldable) continue;
    const union = taken.every((names) => names.size === 0) ? NONE : new Set(taken.flatMap((names) => [...names]));
    for (const name of node.outputs) if (name) sources.set(name, union);
  }
  return { hostInputs: found, open };
};

/** True for a node of control flow that may be open when its condition is known: by what is in its graphs. */
const hasTurnsOrIsOpen = (node: Node): boolean =>
  operatorOf(node).control === 'turns' || subgraphsOf(node).some((graph) => shapeSources(graph).open.length > 0);

export const hostInputs = (graph: Graph): ReadonlySet<string> => shapeSources(graph).hostInputs;

/** What to make a plan for, given these feeds. Data that becomes part of the plan is copied: the caller may reuse its own. */
export const bindingsOf = (host: ReadonlySet<string>, feeds: ReadonlyMap<string, Tensor>): Bindings =>
  new Map([...feeds].map(([name, tensor]) => [name, host.has(name) ? copied(tensor, name) : tensor.dims]));

const copied = (tensor: Tensor, name: string): Tensor => {
  if (tensor.location === 'cpu') return new Tensor(tensor.type, tensor.data.slice(), tensor.dims);
  throw new TilewiseError('invalid-feed', `input '${name}' decides shapes and must be on the host`, {
    tensor: name,
    hint: 'new Tensor(tensor.type, await tensor.getData(), tensor.dims)',
  });
};

/** True where both are made for shapes alone, and the same ones: `bindingsKey` is the same, too. */
export const sameShapes = (a: Bindings, b: Bindings): boolean => {
  for (const [name, binding] of a) {
    const other = b.get(name);
    if (binding instanceof Tensor || !other || other instanceof Tensor || !sameShape(binding, other)) return false;
  }
  return a.size === b.size;
};

/** Names a plan: equal for bindings that make equal plans. */
export const bindingsKey = (bindings: Bindings): string =>
  JSON.stringify(
    [...bindings.values()].map((binding) => (binding instanceof Tensor ? [binding.dims, numbersText(binding)] : binding)),
  );

/** JSON knows neither infinities nor -0. */
const numbersText = ({ type, data }: Tensor): string[] =>
  Array.from(toNumbers(type, data), (v) => (Object.is(v, -0) ? '-0' : String(v)));
