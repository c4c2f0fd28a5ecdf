import { foldingReferences } from '../../kernels-ref/folding.js';
import type { RefTensor } from '../../kernels-ref/reference.js';
import { runNode, toRef } from '../../kernels-ref/run-node.js';
import { TilewiseError } from '../errors.js';
import { type Graph, type Node, type Value, withNodes } from '../graph/graph.js';
import { expanderAtHand } from '../ops/index.js';
import { atNode, inferNode, operatorOf } from '../ops/infer.js';
import type { Inferred, Operator } from '../ops/operator.js';
import { type Budgets, defaultBudgets } from '../tensor/budgets.js';
import { isConcrete, shapeText } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** Results of at most so many elements are folded as long as the budget lasts: lists of extents, axes, indices. */
const SMALL = 2 ** 12;
/** A larger result than this, and than what it is computed from, is left to the GPU. */
const LARGE = 2 ** 18;
/** Elements of larger results that are computed beside a few times what the file stores; the GPU does the rest. */
const FREE = 2 ** 20;

/**
 * Infers types and shapes along the graph and replaces every node whose inputs are all known by its result: weights
 * computed from weights, and shape arithmetic (Shape, Gather, Concat ... on small integer vectors) as far as the
 * extents are numbers. Nodes that others can stand for by now are replaced (`Operator.expand`). Throws `limit-exceeded` for
 * a tensor beyond the budgets, before anything is computed for it. Operators that are `kept` are not folded.
 */
export const foldConstants = (graph: Graph, budgets: Budgets = defaultBudgets, kept?: ReadonlySet<string>): Graph => {
  const folder = new Folder(graph.values, budgets, kept);
  const Expander = expanderAtHand();
  if (!Expander) {
    const nodes = graph.nodes.filter((node) => !folder.add(node));
    return withNodes(graph, nodes, folder.values);
  }
  const expander = new Expander(folder, graph.nodes);
  for (const node of graph.nodes) expander.push(node);
  return withNodes(graph, expander.nodes, folder.values);
};

/** Folds node after node, in topological order. */
export class Folder {
  values: Map<string, Value>;
  readonly #budgets: Budgets;
  /** Elements that may still be computed, of results that the GPU could compute too and of others. */
  #left = FREE;
  #leftOnHost: number;

  readonly #kept: ReadonlySet<string>;

  constructor(values: ReadonlyMap<string, Value>, budgets: Budgets = defaultBudgets, kept: ReadonlySet<string> = new Set()) {
    this.#kept = kept;
    this.values = new Map(values);
    this.#budgets = budgets;
    this.#leftOnHost = budgets.maxFoldedElements;
    for (const { tensor } of values.values()) this.#left += 4 * (tensor?.size ?? 0);
  }

  /** Infers the outputs of a node; returns true where they are constants now. */
  add(node: Node): boolean {
    const inferred = inferNode(node, this.values);
    const sizes = inferred.map(({ shape }, i) => sizeWithin(node, node.outputs[i], shape, this.#budgets));
    const folded = this.#mayFold(node, sizes) ? fold(node, this.values, inferred) : undefined;
    node.outputs.forEach((name, i) => {
      if (!name) return;
      const { dtype, shape } = inferred[i] as Inferred;
      const tensor = folded?.[i];
      this.values.set(name, { name, dtype, shape: shape ?? this.values.get(name)?.shape, ...(tensor && { tensor }) });
    });
    return folded !== undefined;
  }

  #mayFold(node: Node, sizes: readonly number[]): boolean {
    const operator = operatorOf(node);
    if (this.#kept.has(node.op) || !foldingReferences.has(node.op) || !isKnown(node, operator, this.values)) return false;
    const size = sizes.reduce((a, b) => a + b, 0);
    const stored = node.inputs.reduce((sum, name) => sum + (this.values.get(name)?.tensor?.size ?? 0), 0);
    if (size > SMALL && !runsOnHostAlone(node, operator)) {
      if (size > Math.max(LARGE, stored) || size > this.#left) return false;
      this.#left -= size;
      return true;
    }
    if (size > this.#leftOnHost) throw tooMuchToFold(node, size, this.#budgets);
    this.#leftOnHost -= size;
    return true;
  }
}

const tooMuchToFold = ({ op, name, outputs }: Node, size: number, { maxFoldedElements }: Budgets): TilewiseError =>
  new TilewiseError('limit-exceeded', `${op} '${name}' would make constants of too many elements (${size})`, {
    node: name,
    ...(outputs[0] && { tensor: outputs[0] }),
    hint: `at most ${maxFoldedElements} elements are computed while a model is loaded`,
  });

/** Elements of an output, 0 while its shape is not known. */
const sizeWithin = (node: Node, tensor: string | undefined, shape: Inferred['shape'], { maxBytes }: Budgets): number => {
  if (!shape || !isConcrete(shape)) return 0;
  const size = shape.reduce((a, b) => a * b, 1);
  if (4 * size <= maxBytes) return size;
  const error = new TilewiseError('limit-exceeded', `'${tensor}' of shape ${shapeText(shape)} takes ${4 * size} bytes`, {
    ...(tensor && { tensor }),
    hint: `the budget is ${maxBytes} bytes (option maxBytes)`,
  });
  throw atNode(error, node);
};

const isKnown = (node: Node, { shapeOnly }: Operator, values: ReadonlyMap<string, Value>): boolean =>
  node.inputs.every((name) => {
    const value = name ? values.get(name) : undefined;
    return !value || value.tensor || (shapeOnly && value.shape && isConcrete(value.shape));
  });

/** True for an operator that no kernel runs. */
const runsOnHostAlone = (node: Node, { shapeOnly, hostInputs = [] }: Operator): boolean =>
  shapeOnly || node.inputs.every((_, i) => hostInputs.includes(i));

const fold = (node: Node, values: ReadonlyMap<string, Value>, inferred: readonly Inferred[]): Tensor[] | undefined => {
  const { shapeOnly } = operatorOf(node);
  const inputs = node.inputs.map((name) => (name ? values.get(name) : undefined));
  const outputs = inferred.map(({ dtype, shape }) => (shape && isConcrete(shape) ? { dtype, shape } : undefined));
  if (!outputs.every((output) => output !== undefined)) return undefined;
  return runNode(
    foldingReferences,
    node,
    inputs.map((value) => value && refOf(value, shapeOnly)),
    outputs,
  );
};

/** Operators that read only the shape are given no more. */
const refOf = ({ dtype, shape, tensor }: Value, shapeOnly = false): RefTensor =>
  tensor && !shapeOnly ? toRef(tensor) : { dtype, shape: shape as readonly number[], data: new Float64Array(0) };
