import type { Graph, Node } from '../graph/graph.js';
import { type Affine, foldAfter } from './convolution-weights.js';
import { Rewriter } from './rewrite.js';

/**
 * Folds BatchNormalization at inference into the weights of the convolution or Gemm before it:
 * W' = W * scale / sqrt(variance + epsilon) per output channel, B' = (B - mean) * scale / sqrt(...) + bias.
 */
export const foldBatchNormalization = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const perChannel = node.op === 'BatchNormalization' && !node.attributes.channelsLast;
    const affine = perChannel ? batchNormalizationAffine(rewriter, node) : undefined;
    if (affine) foldAfter(rewriter, node, affine);
  }
  return rewriter.finish();
};

/** BatchNormalization as y = x * scale + shift per channel; undefined where its parameters are not constant. */
export const batchNormalizationAffine = (rewriter: Rewriter, node: Node): Affine | undefined => {
  const [scale, bias, mean, variance] = node.inputs.slice(1, 5).map((name) => rewriter.numbers(name));
  if (!scale || !bias || !mean || !variance) return undefined;
  const epsilon = node.attributes.epsilon as number;
  const factor = scale.map((s, channel) => s / Math.sqrt((variance[channel] as number) + epsilon));
  return { scale: factor, shift: factor.map((f, channel) => (bias[channel] as number) - (mean[channel] as number) * f) };
};
