import type { Graph, Node } from '../graph/graph.js';
import { type Branch, branchOf, embed, type Geometry } from './branches.js';
import { hasNoEpilogue, Rewriter } from './rewrite.js';

/**
 * Structural re-parameterization: a sum of parallel linear branches of one input (convolutions of several kernel sizes,
 * identity, BatchNormalization, average pooling) becomes one convolution whose weights are the sum of the branches'
 * weights, each embedded in the largest kernel.
 *
 * Source: Ding et al., "RepVGG: Making VGG-style ConvNets Great Again" (CVPR 2021), and "Diverse Branch Block" (CVPR 2021).
 */
export const mergeBranches = (graph: Graph): Graph => {
  // A block that was a branch of a larger one is a convolution after the first round.
  const merged = mergeOnce(graph);
  return merged === graph ? graph : mergeBranches(merged);
};

const mergeOnce = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  // Outer sums first: they contain the inner ones.
  for (const node of [...graph.nodes].reverse()) {
    if (node.op === 'Add' && !rewriter.isReplaced(node)) mergeSum(rewriter, node);
  }
  return rewriter.finish();
};

/** A term of a sum: the value, and the nodes that only serve to add it. */
interface Sum {
  readonly terms: string[];
  readonly adds: Node[];
}

/** The terms of nested additions whose partial sums nothing else reads. */
const flatten = (rewriter: Rewriter, node: Node): Sum => {
  const sum: Sum = { terms: [], adds: [] };
  for (const name of node.inputs) {
    const inner = rewriter.producer(name);
    const shape = rewriter.value(name)?.shape;
    const sameShape = JSON.stringify(shape) === JSON.stringify(rewriter.value(node.outputs[0])?.shape);
    if (inner?.op === 'Add' && sameShape && hasNoEpilogue(inner) && rewriter.readOnce(name)) {
      const below = flatten(rewriter, inner);
      sum.terms.push(...below.terms);
      sum.adds.push(inner, ...below.adds);
    } else sum.terms.push(name);
  }
  return sum;
};

/** What a term may be a linear map of: itself, what its node reads, or what a 1x1 convolution before that reads. */
const sourcesOf = (rewriter: Rewriter, term: string): Set<string> => {
  const outer = rewriter.producer(term)?.inputs[0];
  const inner = outer && rewriter.producer(outer)?.inputs[0];
  return new Set([term, outer, inner].filter((name): name is string => name !== undefined));
};

/** True where terms may have a source in common. Sums that have none, as those of ResNets, cost no look at weights. */
const mayShareSource = (rewriter: Rewriter, terms: readonly string[]): boolean => {
  const sources = terms.map((term) => sourcesOf(rewriter, term));
  return sources.some((a, i) => sources.slice(0, i).some((b) => [...a].some((name) => b.has(name))));
};

const mergeSum = (rewriter: Rewriter, node: Node): void => {
  const { terms, adds } = flatten(rewriter, node);
  if (!mayShareSource(rewriter, terms)) return;
  const convolutions = terms.flatMap((term) => {
    const branch = branchOf(rewriter, term);
    return branch?.geometry ? [branch as Branch & { geometry: Geometry }] : [];
  });
  // The largest kernel is the frame in which the others are embedded.
  const frame = convolutions.sort((a, b) => area(b.geometry) - area(a.geometry))[0];
  if (!frame) return;
  const merged: Branch[] = [];
  const rest: string[] = [];
  const total = { weight: new Float64Array(frame.geometry.weightSize), bias: new Float64Array(frame.geometry.channels) };
  for (const term of terms) {
    const branch = branchOf(rewriter, term, frame.source, frame.geometry);
    const embedded = branch && embed(branch, frame.geometry);
    if (!branch || !embedded) rest.push(term);
    else {
      embedded.weight.forEach((w, i) => (total.weight[i] = (total.weight[i] as number) + w));
      embedded.bias.forEach((b, i) => (total.bias[i] = (total.bias[i] as number) + b));
      merged.push(branch);
    }
  }
  if (merged.length < 2) return;
  rewriter.replace(node, sumOf(rewriter, node, frame, total, rest), [...adds, ...merged.flatMap((branch) => branch.nodes)]);
};

/** The merged convolution, and what remains of the sum after it. */
const sumOf = (
  rewriter: Rewriter,
  node: Node,
  frame: Branch & { geometry: Geometry },
  total: { weight: Float64Array; bias: Float64Array },
  rest: readonly string[],
): Node[] => {
  const { geometry, source } = frame;
  const weight = rewriter.addConstant(`${node.name}.weight`, 'float32', total.weight, geometry.weightDims);
  const bias = rewriter.addConstant(`${node.name}.bias`, 'float32', total.bias, [geometry.channels]);
  const output = node.outputs[0] as string;
  const conv: Node = {
    name: rest.length === 0 ? node.name : `${node.name}.merged`,
    op: 'Conv',
    inputs: [source, weight, bias],
    outputs: [rest.length === 0 ? output : rewriter.addValue(`${output}.merged`, output)],
    attributes: { ...geometry.attributes, epilogue: rest.length === 0 ? node.attributes.epilogue : [] },
  };
  const nodes = [conv];
  let sum = conv.outputs[0] as string;
  rest.forEach((term, i) => {
    const last = i === rest.length - 1;
    const next = last ? output : rewriter.addValue(`${output}.sum${i}`, output);
    const epilogue = last ? node.attributes.epilogue : [];
    nodes.push({
      name: last ? node.name : `${node.name}.sum${i}`,
      op: 'Add',
      inputs: [sum, term],
      outputs: [next],
      attributes: { epilogue },
    });
    sum = next;
  });
  return nodes;
};

const area = ({ kernel }: Geometry): number => kernel[0] * kernel[1];
