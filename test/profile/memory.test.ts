import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { bind, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import { MOST_PER_LIVE_BYTE, memoryOf } from '../../src/profile/memory.js';
import { NetBuilder } from '../support/graphs.js';
import { zoo } from './zoo.js';

const planned = (graph: Graph, shape: readonly number[]) => {
  const bound = bind(optimize(graph), new Map([['x', shape]]));
  return memoryOf(buildPlan(bound, defaultFacts));
};

describe('memoryOf', () => {
  it('counts what is needed at the same time', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [1, 250]);
    // a is needed until the end, c only between its neighbours.
    const a = b.op('Softmax', [x]);
    const c = b.op('Softmax', [a]);
    b.output(b.op('Max', [b.op('Softmax', [c]), a]));
    const { timeline, liveBytes, weightBytes } = planned(b.build(), [1, 250]);
    expect(timeline.map(({ bytes }) => bytes)).toEqual([2000, 2000, 3000, 3000]);
    expect(liveBytes).toBe(3000);
    expect(weightBytes).toBe(0);
  });

  it('knows that a reshaped value is the same memory', () => {
    const b = new NetBuilder();
    const flat = b.op('Reshape', [b.op('Softmax', [b.input('x', 'float32', [10, 25])]), b.ints(250)]);
    b.output(b.op('Softmax', [flat]));
    expect(planned(b.build(), [10, 25]).timeline.map(({ bytes }) => bytes)).toEqual([2000, 2000]);
  });

  it('takes a plan without commands', () => {
    const b = new NetBuilder();
    b.output(b.op('Relu', [b.input('x', 'float32', [0, 4])]));
    expect(planned(b.build(), [0, 4])).toMatchObject({ liveBytes: 0, ratio: 1, timeline: [] });
  });
});

/** Of networks whose plans have no scratch memory between the kernels of a node, and of some that have. */
const held = ['mobilenet_v2', 'efficientnet_b0', 'squeezenet1_0'];

describe('a plan takes at most weights + 1.3 x what is needed at once', () => {
  it.each(zoo.filter(({ name }) => held.includes(name)))('$name', ({ build }) => {
    const { ratio, liveBytes, activationBytes, weightBytes, totalBytes } = planned(build(), [1, 3, 224, 224]);
    expect(ratio).toBeGreaterThanOrEqual(1);
    expect(ratio).toBeLessThanOrEqual(MOST_PER_LIVE_BYTE);
    expect(activationBytes / liveBytes).toBe(ratio);
    expect(totalBytes).toBe(weightBytes + activationBytes);
  });
});
