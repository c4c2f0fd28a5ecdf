import { describe, expect, it } from 'vitest';
import { verify } from '../../src/graph/verify.js';
import { inferShapes } from '../../src/ops/infer.js';
import { fuseEpilogue } from '../../src/passes/fuse-epilogue.js';
import { tolerances } from '../../src/tensor/compare.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const shape = [1, 3, 5, 5];
const feeds = randomFeeds(new Map([['x', shape]]));

describe('fuse-epilogue', () => {
  it('makes Conv + Relu one node', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', shape);
    b.output(b.op('Relu', [b.conv(x, 3, 4, 3)]));
    const before = inferShapes(b.build());
    const after = verify(fuseEpilogue(before), 'fuse-epilogue');
    expect(after.nodes.map(({ op }) => op)).toEqual(['Conv']);
    expect(after.nodes[0]?.attributes.epilogue).toEqual([{ op: 'Relu', attributes: {} }]);
    expectSameResults(after, before, feeds, tolerances.exact);
  });

  it('takes a chain whole, in order', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', shape);
    const sum = b.op('Add', [x, b.weight([3, 1, 1])]);
    b.output(b.op('Sigmoid', [b.op('Clip', [b.op('LeakyRelu', [sum], { alpha: 0.2 })], { min: -0.1, max: 1 })]));
    const before = inferShapes(b.build());
    const after = verify(fuseEpilogue(before), 'fuse-epilogue');
    expect(after.nodes).toHaveLength(1);
    expectSameResults(after, before, feeds, tolerances.transcendental);
  });

  it('leaves a result alone that another node or the caller reads', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', shape);
    const y = b.conv(x, 3, 4, 1);
    const z = b.conv(x, 3, 4, 1);
    b.output(b.op('Relu', [y]), b.op('Tanh', [y]), b.op('Relu', [z]), z);
    const before = inferShapes(b.build());
    const after = verify(fuseEpilogue(before), 'fuse-epilogue');
    expect(after.nodes.map(({ op }) => op)).toEqual(before.nodes.map(({ op }) => op));
  });

  it('keeps the order of nodes valid when branches interleave', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', shape);
    const y = b.conv(x, 3, 3, 1);
    const z = b.op('Tanh', [x]);
    const r = b.op('Relu', [y]);
    b.output(b.op('Add', [b.op('Exp', [z]), r]));
    const before = inferShapes(b.build());
    const after = verify(fuseEpilogue(before), 'fuse-epilogue');
    expect(after.nodes).toHaveLength(3);
    expectSameResults(after, before, feeds, tolerances.transcendental);
  });
});
