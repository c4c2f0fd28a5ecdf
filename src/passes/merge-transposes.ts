import type { Graph, Node } from '../graph/graph.js';
import { operatorOf } from '../ops/infer.js';
import { permute } from '../tensor/layout.js';
import { hasNoEpilogue, Rewriter } from './rewrite.js';

/**
 * Makes two Transposes in a row one, or none where they cancel. A Transpose moves down through an elementwise operator
 * (or the BatchNormalization of a sequence) that alone reads it, so that it meets the next one.
 */
export const mergeTransposes = (graph: Graph): Graph => {
  // One step a round: what a step writes is what the next one reads.
  const next = mergeOnce(graph);
  return next === graph ? graph : mergeTransposes(next);
};

const mergeOnce = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const before = rewriter.producer(node.inputs[0]);
    if (before?.op !== 'Transpose' || rewriter.isReplaced(node)) continue;
    if (node.op === 'Transpose') merge(rewriter, before, node);
    else {
      const moved = meetsTranspose(rewriter, node) ? beforeTranspose(rewriter, node, before) : undefined;
      if (moved) swap(rewriter, before, node, moved);
    }
  }
  return rewriter.finish();
};

/** The permutation of a Transpose; without one in the file it reverses the axes. */
const permutationOf = (rewriter: Rewriter, node: Node): readonly number[] | undefined => {
  const rank = rewriter.value(node.inputs[0])?.shape?.length;
  const stated = node.attributes.perm as readonly number[] | undefined;
  return stated ?? (rank === undefined ? undefined : Array.from({ length: rank }, (_, i) => rank - 1 - i));
};

const merge = (rewriter: Rewriter, first: Node, second: Node): void => {
  const [p, q] = [permutationOf(rewriter, first), permutationOf(rewriter, second)];
  if (!p || !q) return;
  const perm = permute(p, q);
  const identity = perm.every((axis, i) => axis === i);
  const merged = {
    ...second,
    inputs: [first.inputs[0] as string],
    ...(identity ? { op: 'Identity', attributes: {} } : { attributes: { perm } }),
  };
  rewriter.replace(second, [merged], rewriter.readOnce(second.inputs[0] as string) ? [first] : []);
};

/** True where the operator stands between two Transposes and nothing else reads along the way. */
const meetsTranspose = (rewriter: Rewriter, node: Node): boolean => {
  const output = node.outputs[0] as string;
  const readers = rewriter.consumers(output);
  return (
    rewriter.readOnce(node.inputs[0] as string) &&
    rewriter.readOnce(output) &&
    readers.every(
      ({ op }) => op === 'Transpose' || op === 'BatchNormalization' || operatorOf({ op } as Node).elementwise === true,
    )
  );
};

/** What does the same as the node when the Transpose comes after it. */
const beforeTranspose = (rewriter: Rewriter, node: Node, transpose: Node): Node | undefined => {
  if (!hasNoEpilogue(node)) return undefined;
  if (operatorOf(node).elementwise) return node;
  const perm = permutationOf(rewriter, transpose);
  if (node.op !== 'BatchNormalization' || perm?.length !== 3) return undefined;
  const channels = perm[node.attributes.channelsLast ? 2 : 1];
  return channels === 0 ? undefined : { ...node, attributes: { ...node.attributes, channelsLast: channels === 2 } };
};

/** Transpose then f becomes f then Transpose. */
const swap = (rewriter: Rewriter, transpose: Node, node: Node, moved: Node): void => {
  const middle = rewriter.addValue(`${node.name}.first`, transpose.inputs[0] as string);
  rewriter.replace(
    node,
    [
      { ...moved, inputs: [transpose.inputs[0] as string, ...node.inputs.slice(1)], outputs: [middle] },
      { ...transpose, inputs: [middle], outputs: node.outputs },
    ],
    [transpose],
  );
};
