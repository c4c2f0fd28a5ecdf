import type { Graph, Node } from '../graph/graph.js';
import { Rewriter } from './rewrite.js';

/** Makes a Pad with zeros around the spatial axes part of the convolution that alone reads it. */
export const foldPad = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const pad = node.op === 'Conv' ? rewriter.producer(node.inputs[0]) : undefined;
    const added = pad?.op === 'Pad' && rewriter.readOnce(node.inputs[0] as string) ? spatialPads(rewriter, pad) : undefined;
    const automatic = node.attributes.auto_pad !== 'NOTSET' && node.attributes.auto_pad !== 'VALID';
    if (!pad || !added || automatic) continue;
    const own = (node.attributes.pads ?? new Array<number>(added.length).fill(0)) as readonly number[];
    const pads = added.map((p, i) => p + (node.attributes.auto_pad === 'VALID' ? 0 : (own[i] as number)));
    const attributes = { ...node.attributes, auto_pad: 'NOTSET', pads };
    rewriter.replace(node, [{ ...node, inputs: [pad.inputs[0] as string, ...node.inputs.slice(1)], attributes }], [pad]);
  }
  return rewriter.finish();
};

/** Begins then ends of the spatial axes; undefined where the Pad does anything but add zeros there. */
const spatialPads = (rewriter: Rewriter, pad: Node): number[] | undefined => {
  const rank = rewriter.value(pad.inputs[0])?.shape?.length;
  const pads = rewriter.numbers(pad.inputs[1]);
  const fill = pad.inputs[2] ? rewriter.numbers(pad.inputs[2])?.[0] : 0;
  const axes = pad.inputs[3] ? rewriter.numbers(pad.inputs[3]) : Float64Array.from({ length: rank ?? 0 }, (_, i) => i);
  if (rank === undefined || !pads || !axes || fill !== 0 || pad.attributes.mode !== 'constant') return undefined;
  const all = new Array<number>(2 * rank).fill(0);
  axes.forEach((given, i) => {
    const axis = (given + rank) % rank;
    all[axis] = pads[i] as number;
    all[rank + axis] = pads[axes.length + i] as number;
  });
  const outside = [all[0], all[1], all[rank], all[rank + 1]];
  if (outside.some((p) => p !== 0) || all.some((p) => p < 0)) return undefined;
  return [...all.slice(2, rank), ...all.slice(rank + 2)];
};
