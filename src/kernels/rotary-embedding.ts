import { rotaryEmbedding } from '../../shaders/more.js';
import type { RotaryEmbeddingAttributes } from '../ops/rotary-embedding.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const rotaryEmbeddingKernel: Kernel = { name: 'rotary-embedding', wgsl: rotaryEmbedding };
const WORKGROUP_SIZE = 64;

export const lowerRotaryEmbedding = (request: KernelRequest): Dispatch[] => {
  const { attributes, inputs, facts } = request as KernelRequest<RotaryEmbeddingAttributes>;
  const { shape } = inputs[0]!;
  const [, a, b, d] = shape as readonly [number, number, number, number];
  const headsLast = shape.length === 3;
  const [heads, sequence, width] = headsLast ? [attributes.num_heads, a, b / attributes.num_heads] : [a, b, d];
  const count = sizeOf(shape);
  return [
    {
      kernel: rotaryEmbeddingKernel,
      constants: {
        WORKGROUP_SIZE,
        HEADS_LAST: Number(headsLast),
        INTERLEAVED: Number(attributes.interleaved),
        HAS_POSITIONS: Number(inputs[3] !== undefined),
      },
      operands: {
        x: { input: 0 },
        cosines: { input: 1 },
        sines: { input: 2 },
        // A kernel without positions still has the binding: the cosines stand in, unread.
        positions: { input: inputs[3] ? 3 : 1 },
        y: { output: 0 },
      },
      params: {
        count,
        heads,
        sequence,
        width,
        turned: attributes.rotary_embedding_dim || width,
        rows: inputs[1]!.shape[0] as number,
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
