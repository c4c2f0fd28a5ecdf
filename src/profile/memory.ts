import { type Graph, valueNamed } from '../graph/graph.js';
import { bytesByRole } from '../plan/memory.js';
import type { Plan } from '../plan/plan.js';
import { deviceWords } from '../tensor/layout.js';
import { isConcrete } from '../tensor/shape.js';

/** What a plan takes on the device, and what it could not do without. */
export interface MemoryUse {
  /** All buffers of the plan: weights, inputs, outputs and intermediate values. They stay while the session lives. */
  readonly totalBytes: number;
  readonly weightBytes: number;
  /** The buffers that inputs, outputs and intermediate values share. */
  readonly activationBytes: number;
  /** The largest sum of values that are needed at the same time: activations, and what a node's kernels hand each other. */
  readonly liveBytes: number;
  /** activationBytes / liveBytes: 1 is perfect sharing. */
  readonly ratio: number;
  /** For every command, the bytes that are needed while it runs. */
  readonly timeline: readonly { readonly node: string; readonly bytes: number }[];
}

/** A plan is to take no more than its weights and this many times the values that are needed at once. */
export const MOST_PER_LIVE_BYTE = 1.3;

export const memoryOf = (plan: Plan): MemoryUse => {
  const bytes = bytesByRole(plan.buffers);
  const activationBytes = bytes.input + bytes.output + bytes.scratch;
  const liveBytes = plan.live.reduce((most, live) => Math.max(most, live), 0);
  return {
    totalBytes: activationBytes + bytes.weight,
    weightBytes: bytes.weight,
    activationBytes,
    liveBytes,
    ratio: liveBytes === 0 ? 1 : activationBytes / liveBytes,
    timeline: plan.commands.map(({ node }, i) => ({ node, bytes: plan.live[i] as number })),
  };
};

/** What a value takes on the device. */
export const bytesOf = (graph: Graph, name: string): number => {
  const { shape, packed } = valueNamed(graph, name);
  return shape && isConcrete(shape) ? 4 * deviceWords(shape, packed) : 0;
};
