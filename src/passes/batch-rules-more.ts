import type { Node } from '../graph/graph.js';
import { einsumLabels } from '../tensor/einsum.js';
import { broadcastAxis, first, othersShared, outputsAt, resolve, soleAxis } from './batch-axes.js';
import { concat } from './batch-rules-shape.js';
import type { BatchRule, BatchWalk } from './rebatch.js';

const keepsOff = (node: Node, walk: BatchWalk, given: number): ReturnType<BatchRule> => {
  const axis = soleAxis(node, walk);
  return resolve(given, walk.knownShape(node, first(node))) === axis
    ? walk.refuse(node, 'its axis is the batch')
    : outputsAt(node, axis);
};

/** Operators that mix the elements along one axis, which must not be the batch's. */
export const alongAxis: BatchRule = (node, walk) => keepsOff(node, walk, node.attributes.axis as number);

/** The same, where an input names the axis. */
export const alongAxisNamedBy =
  (index: number): BatchRule =>
  (node, walk) => {
    const [axis] = walk.numbers(node.inputs[index]) ?? [];
    return axis === undefined ? walk.refuse(node, 'its axis is not a constant') : keepsOff(node, walk, axis);
  };

export const topK: BatchRule = alongAxis;

/** One scale serves all samples: a number, or one for each index of an axis that is not the batch's. */
export const quantize: BatchRule = (node, walk) => {
  const scale = walk.knownShape(node, node.inputs[1]);
  if (node.attributes.block_size !== 0) walk.refuse(node, 'its scales are for blocks of one sample');
  return scale.every((d) => d === 1) ? outputsAt(node, soleAxis(node, walk)) : alongAxis(node, walk);
};

export const matmulNBits: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  const last = walk.knownShape(node, first(node)).length - 1;
  return axis === last ? walk.refuse(node, 'it sums over the batch') : outputsAt(node, axis);
};

/** Scales and zero points are shared; the two operands broadcast. */
export const qlinearBinary: BatchRule = (node, walk) => {
  othersShared(node, walk, [0, 3]);
  const operands = [node.inputs[0], node.inputs[3]] as [string, string];
  const rank = Math.max(...operands.map((name) => walk.knownShape(node, name).length));
  return outputsAt(node, broadcastAxis(node, walk, operands, rank));
};

/** y_scale, y_zero_point, then each input with its scale and zero point. */
export const qlinearConcat: BatchRule = (node, walk) => {
  const isData = (i: number): boolean => i >= 2 && (i - 2) % 3 === 0;
  const step = concat({ ...node, inputs: node.inputs.filter((_, i) => isData(i)) }, walk);
  const joined = step.node?.inputs ?? [];
  return {
    axes: step.axes,
    node: { ...node, inputs: node.inputs.map((name, i) => (isData(i) ? (joined[(i - 2) / 3] as string) : name)) },
  };
};

/** Data, indices and updates of the same sample, along an axis within it. */
export const elementLookup: BatchRule = (node, walk) => {
  const axis = walk.axis(first(node));
  if (axis === undefined || node.inputs.some((name) => walk.axis(name) !== axis)) {
    return walk.refuse(node, 'its data and indices do not carry the batch in one axis');
  }
  const shapes = node.inputs.map((name) => walk.knownShape(node, name));
  if (shapes.some((shape) => shape[axis] !== shapes[0]?.[axis]))
    walk.refuse(node, 'its inputs differ in the extent of the batch');
  const along = resolve(node.attributes.axis as number, shapes[0] ?? []);
  return along === axis ? walk.refuse(node, 'its axis is the batch') : outputsAt(node, axis);
};

/** GatherND: whole places of shared data, or places within each sample where the batch is one of `batch_dims`. */
export const lookup: BatchRule = (node, walk) => {
  const [x, indices] = node.inputs as [string, string];
  const [ofData, ofIndices] = [walk.axis(x), walk.axis(indices)];
  const batched = node.attributes.batch_dims as number;
  if (ofIndices === undefined) return walk.refuse(node, 'it picks from the batch');
  if (ofIndices === walk.knownShape(node, indices).length - 1) walk.refuse(node, 'its places carry the batch');
  const fits = ofData === undefined ? ofIndices >= batched : ofData === ofIndices && ofData < batched;
  return fits ? outputsAt(node, ofIndices) : walk.refuse(node, 'its data and indices carry the batch in different axes');
};

export const oneHot: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  const shape = walk.knownShape(node, node.outputs[0]);
  return outputsAt(node, resolve(node.attributes.axis as number, shape) <= axis ? axis + 1 : axis);
};

export const triangle: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  return axis < walk.knownShape(node, first(node)).length - 2
    ? outputsAt(node, axis)
    : walk.refuse(node, 'its matrices lie across the batch');
};

export const reverseSequence: BatchRule = (node, walk) => {
  const shape = walk.knownShape(node, first(node));
  const axis = walk.axis(first(node));
  const fits =
    axis !== undefined && resolve(node.attributes.batch_axis as number, shape) === axis && walk.axis(node.inputs[1]) === 0;
  return fits ? outputsAt(node, axis) : walk.refuse(node, 'its lengths are not one for each sample');
};

/** Data, cosines and sines begin with the batch, or tables are shared where input 3 gives the positions of each sample. */
export const rotaryEmbedding: BatchRule = (node, walk) => {
  const [x, cosines, sines, positions] = node.inputs.map((name) => walk.axis(name));
  const tables = node.inputs[3] ? positions === 0 && cosines === undefined && sines === undefined : cosines === 0 && sines === 0;
  if (x === 0 && tables) return outputsAt(node, 0);
  const wide = x === 0 && node.inputs[3] && positions === undefined;
  if (!wide) return walk.refuse(node, 'its positions are not those of each sample');
  const inputs = node.inputs.with(3, walk.widen(node, node.inputs[3] as string, 0));
  return { axes: [0], node: { ...node, inputs } };
};

/** Queries, keys and values begin with the batch, as do past keys and values; a mask is shared or broadcasts. */
export const attention: BatchRule = (node, walk) => {
  const [mask, ...past] = node.inputs.slice(3);
  const data = [...node.inputs.slice(0, 3), ...past].filter(Boolean);
  if (data.some((name) => walk.axis(name) !== 0)) walk.refuse(node, 'not all its inputs begin with the batch');
  const rank = mask ? walk.knownShape(node, mask).length : 0;
  const extent = mask ? walk.knownShape(node, mask)[0] : undefined;
  const fits = walk.axis(mask) === undefined ? rank < 4 || extent === 1 : walk.axis(mask) === 0 && rank === 4 && extent === 1;
  return fits ? outputsAt(node, 0) : walk.refuse(node, 'its mask does not repeat along the batch');
};

/** First states that are constants are repeated for each sample. */
export const recurrent: BatchRule = (node, walk) => {
  const own = node.attributes.layout === 1 ? 0 : 1;
  const states = [5, 6].filter((i) => node.inputs[i]);
  othersShared(node, walk, [0, ...states]);
  if (node.inputs[4] || walk.axis(first(node)) !== own)
    walk.refuse(node, node.inputs[4] ? 'it has lengths for one sample' : 'its steps are the batch');
  const inputs = node.inputs.map((name, i) => {
    if (!states.includes(i) || walk.axis(name) === own) return name;
    return walk.axis(name) === undefined
      ? walk.widen(node, name, own)
      : walk.refuse(node, 'its states carry the batch elsewhere');
  });
  const axes = node.outputs.map((name, i) => (name ? (i === 0 && own === 1 ? 2 : own) : undefined));
  return { axes, node: { ...node, inputs } };
};

/** The label of the batch stands in the output, and in every input that carries the batch, there only. */
export const einsum: BatchRule = (node, walk) => {
  const ranks = node.inputs.map((name) => walk.knownShape(node, name).length);
  const { inputs, output } = einsumLabels(node.attributes.equation as string, ranks);
  const labels = inputs.map((list, i) => {
    const axis = walk.axis(node.inputs[i]);
    return axis === undefined ? undefined : list[axis];
  });
  const label = labels.find((found) => found !== undefined) as string;
  const fits = inputs.every((list, i) =>
    labels[i] === undefined ? !list.includes(label) : labels[i] === label && list.indexOf(label) === list.lastIndexOf(label),
  );
  const axis = output.indexOf(label);
  return fits && axis >= 0 ? outputsAt(node, axis) : walk.refuse(node, 'it sums or mixes over the batch');
};
