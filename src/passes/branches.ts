import type { Attributes, Node } from '../graph/graph.js';
import { linearWeights } from './convolution-weights.js';
import { batchNormalizationAffine } from './fold-batch-normalization.js';
import { hasNoEpilogue, type Rewriter } from './rewrite.js';

/** Where a convolution reads: kernel extents and leading pads; stride and groups must agree between branches. */
export interface Geometry {
  readonly kernel: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly strides: readonly [number, number];
  readonly group: number;
  readonly channels: number;
  readonly inputChannels: number;
  readonly weightDims: readonly number[];
  readonly weightSize: number;
  readonly attributes: Attributes;
}

/** One linear term of a sum: weights [O, I/group, kH, kW] and bias over `source`. */
export interface Branch {
  readonly source: string;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
  readonly kernel: readonly [number, number];
  readonly pads: readonly number[];
  readonly strides: readonly [number, number];
  readonly group: number;
  /** Present for convolutions, which can serve as the frame of a merge. */
  readonly geometry?: Geometry;
  /** The nodes that compute the term and nothing else. */
  readonly nodes: readonly Node[];
}

/**
 * Reads a value as a linear branch. Convolutions need no context; identity, BatchNormalization and average pooling take
 * their channels and groups from the frame, and their source must be the frame's.
 */
export const branchOf = (rewriter: Rewriter, term: string, source?: string, frame?: Geometry): Branch | undefined => {
  if (term === source && frame) return diagonal(term, ones(frame), zeros(frame), frame, []);
  const node = rewriter.producer(term);
  if (!node || !hasNoEpilogue(node) || !rewriter.readOnce(term)) return undefined;
  const branch = node.op === 'Conv' ? convolution(rewriter, node) : frame && diagonalNode(rewriter, node, frame);
  return source === undefined || branch?.source === source ? branch : undefined;
};

const convolution = (rewriter: Rewriter, node: Node): Branch | undefined => {
  const weights = linearWeights(rewriter, node);
  const { auto_pad, dilations, group, pads, strides } = node.attributes;
  if (weights?.dims.length !== 4 || (auto_pad !== 'NOTSET' && auto_pad !== 'VALID')) return undefined;
  if (((dilations ?? []) as readonly number[]).some((d) => d !== 1)) return undefined;
  const [channels, inner, height, width] = weights.dims as [number, number, number, number];
  const stated = (auto_pad === 'NOTSET' ? (pads ?? [0, 0, 0, 0]) : [0, 0, 0, 0]) as Geometry['pads'];
  const geometry: Geometry = {
    kernel: [height, width],
    pads: stated,
    strides: (strides ?? [1, 1]) as [number, number],
    group: group as number,
    channels,
    inputChannels: inner * (group as number),
    weightDims: weights.dims,
    weightSize: weights.weight.length,
    attributes: { ...node.attributes, auto_pad: 'NOTSET', pads: stated, kernel_shape: [height, width] },
  };
  const branch: Branch = {
    ...geometry,
    source: node.inputs[0] as string,
    weight: weights.weight,
    bias: weights.bias,
    geometry,
    nodes: [node],
  };
  return composed(rewriter, branch);
};

/**
 * A 1x1 convolution before a k x k one is part of the same linear map: W'[o, i] = sum_c W[o, c] * V[c, i]. Legal where
 * the outer one pads nothing, or the inner one has no bias that the padding would miss.
 */
const composed = (rewriter: Rewriter, outer: Branch): Branch => {
  const inner = rewriter.producer(outer.source);
  const weights =
    inner?.op === 'Conv' && hasNoEpilogue(inner) && rewriter.readOnce(outer.source) ? linearWeights(rewriter, inner) : undefined;
  if (!inner || !weights || !outer.geometry || outer.group !== 1 || inner.attributes.group !== 1) return outer;
  const [middle, channels, height, width] = weights.dims as [number, number, number, number];
  const plain =
    height === 1 &&
    width === 1 &&
    [...((inner.attributes.strides ?? []) as number[])].every((s) => s === 1) &&
    inner.attributes.auto_pad !== 'SAME_LOWER';
  const unpadded = ((inner.attributes.pads ?? []) as readonly number[]).every((p) => p === 0);
  const borderSafe = outer.pads.every((p) => p === 0) || weights.bias.every((b) => b === 0);
  if (!plain || !unpadded || !borderSafe) return outer;
  const [outputs, , kh, kw] = outer.geometry.weightDims as [number, number, number, number];
  // A bottleneck costs less in two steps.
  if (outputs * channels * kh * kw > outer.weight.length + weights.weight.length) return outer;
  const taps = kh * kw;
  const weight = new Float64Array(outputs * channels * taps);
  const bias = Float64Array.from(outer.bias);
  for (let o = 0; o < outputs; o++) {
    for (let c = 0; c < middle; c++) {
      for (let t = 0; t < taps; t++) {
        const w = outer.weight[(o * middle + c) * taps + t] as number;
        bias[o] = (bias[o] as number) + w * (weights.bias[c] as number);
        for (let i = 0; i < channels; i++) {
          const at = (o * channels + i) * taps + t;
          weight[at] = (weight[at] as number) + w * (weights.weight[c * channels + i] as number);
        }
      }
    }
  }
  const weightDims = [outputs, channels, kh, kw];
  const geometry = { ...outer.geometry, inputChannels: channels, weightDims, weightSize: weight.length };
  return { ...outer, source: inner.inputs[0] as string, weight, bias, geometry, nodes: [...outer.nodes, inner] };
};

/** BatchNormalization and average pooling act on each channel alone. */
const diagonalNode = (rewriter: Rewriter, node: Node, frame: Geometry): Branch | undefined => {
  const source = node.inputs[0] as string;
  if (node.op === 'BatchNormalization' && !node.attributes.channelsLast) {
    const affine = batchNormalizationAffine(rewriter, node);
    return affine && diagonal(source, affine.scale, affine.shift, frame, [node]);
  }
  if (node.op !== 'AveragePool') return undefined;
  const { kernel_shape, strides, pads, count_include_pad, auto_pad, ceil_mode, dilations } = node.attributes;
  const [height, width] = kernel_shape as [number, number];
  const padding = (pads ?? [0, 0, 0, 0]) as readonly number[];
  const countsAll = count_include_pad || padding.every((p) => p === 0);
  const plain = !ceil_mode && auto_pad === 'NOTSET' && ((dilations ?? []) as readonly number[]).every((d) => d === 1);
  if (!countsAll || !plain || kernel_shape === undefined) return undefined;
  const share = new Float64Array(frame.channels).fill(1 / (height * width));
  const branch = diagonal(source, share, zeros(frame), frame, [node], [height, width]);
  return branch && { ...branch, pads: padding, strides: (strides ?? [1, 1]) as [number, number] };
};

/** A branch that multiplies each channel by its scale over a kernel of ones. */
const diagonal = (
  source: string,
  scale: Float64Array,
  shift: Float64Array,
  { group, channels, inputChannels }: Geometry,
  nodes: readonly Node[],
  kernel: readonly [number, number] = [1, 1],
): Branch | undefined => {
  if (channels !== inputChannels || scale.length !== channels) return undefined;
  const inner = inputChannels / group;
  const taps = kernel[0] * kernel[1];
  const weight = new Float64Array(channels * inner * taps);
  for (let o = 0; o < channels; o++)
    weight.fill(scale[o] as number, (o * inner + (o % inner)) * taps, (o * inner + (o % inner) + 1) * taps);
  return { source, weight, bias: shift, kernel, pads: [0, 0, 0, 0], strides: [1, 1], group, nodes };
};

const ones = ({ channels }: Geometry): Float64Array => new Float64Array(channels).fill(1);
const zeros = ({ channels }: Geometry): Float64Array => new Float64Array(channels);

/**
 * The branch's weights in the frame's kernel; undefined where it reads outside of it, or with another stride or other
 * groups. Both must produce the same extents, so trailing pads follow from leading ones.
 */
export const embed = (branch: Branch, frame: Geometry): { weight: Float64Array; bias: Float64Array } | undefined => {
  const [height, width] = branch.kernel;
  const top = (frame.pads[0] as number) - (branch.pads[0] as number);
  const left = (frame.pads[1] as number) - (branch.pads[1] as number);
  const [frameHeight, frameWidth] = frame.kernel;
  const inside = top >= 0 && left >= 0 && top + height <= frameHeight && left + width <= frameWidth;
  const bottom = (frame.pads[2] as number) - (branch.pads[2] as number);
  const right = (frame.pads[3] as number) - (branch.pads[3] as number);
  const sameExtents = top + bottom === frameHeight - height && left + right === frameWidth - width;
  const sameSteps = branch.strides.every((s, i) => s === frame.strides[i]);
  const filters = frame.weightSize / (frameHeight * frameWidth);
  if (!inside || !sameExtents || !sameSteps || branch.group !== frame.group || branch.weight.length !== filters * height * width)
    return undefined;
  const weight = new Float64Array(frame.weightSize);
  for (let filter = 0; filter < filters; filter++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const to = (filter * frameHeight + top + y) * frameWidth + left + x;
        weight[to] = branch.weight[(filter * height + y) * width + x] as number;
      }
  return { weight, bias: branch.bias };
};
