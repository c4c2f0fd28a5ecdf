import type { Graph } from '../graph/graph.js';
import { permute, TO_CHANNELS_FIRST } from '../tensor/layout.js';
import type { ConcreteShape } from '../tensor/shape.js';
import { permutes } from './absorb-transposes.js';
import { Rewriter } from './rewrite.js';

/**
 * A Transpose to channels-first that alone reads a DepthToSpace moves before it, where the convolution that makes the
 * blocks can absorb it.
 */
export const raiseTransposes = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const [y = ''] = node.inputs;
    const blocks = permutes(node, TO_CHANNELS_FIRST) ? rewriter.producer(y) : undefined;
    const [deep = ''] = blocks?.inputs ?? [];
    const before = blocks?.op === 'DepthToSpace' && blocks.attributes.channelsLast ? rewriter.producer(deep) : undefined;
    if (!blocks || before?.op !== 'Conv' || !rewriter.readOnce(y) || !rewriter.readOnce(deep)) continue;
    const { dtype, shape } = rewriter.value(deep) ?? {};
    if (!dtype || !shape) continue;
    const first = rewriter.addValueOf(`${deep}.nchw`, dtype, permute(shape as ConcreteShape, TO_CHANNELS_FIRST));
    rewriter.replace(
      node,
      [
        { ...node, inputs: [deep], outputs: [first] },
        { ...blocks, inputs: [first], outputs: node.outputs, attributes: { ...blocks.attributes, channelsLast: false } },
      ],
      [blocks],
    );
  }
  return rewriter.finish();
};
