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
    expect(after.nodes).toHaveLength(2);
    expectSameResults(after, before, feeds, tolerances.transcendental);
  });
});

describe('fuse-epilogue with operands', () => {
  const check = (build: (b: NetBuilder, x: string) => string[]): string[] => {
    const b = new NetBuilder();
    b.output(...build(b, b.input('x', 'float32', shape)));
    const before = inferShapes(b.build());
    const after = verify(fuseEpilogue(before), 'fuse-epilogue');
    expectSameResults(after, before, feeds, tolerances.reduction);
    return after.nodes.map(({ op }) => op);
  };

  it('takes a residual and what follows it', () => {
    expect(check((b, x) => [b.op('Relu', [b.op('Add', [b.conv(x, 3, 3, 3), x])])])).toEqual(['Conv']);
    expect(check((b, x) => [b.op('Add', [x, b.conv(x, 3, 3, 3)])])).toEqual(['Conv']);
  });

  it('takes the later of two convolutions, so that the other is there', () => {
    expect(check((b, x) => [b.op('Relu', [b.op('Add', [b.conv(x, 3, 3, 3), b.conv(x, 3, 3, 1)])])])).toEqual(['Conv', 'Conv']);
  });

  it('takes slopes of PRelu per channel, after a residual too', () => {
    const slopes = (b: NetBuilder) => b.weight([3, 1, 1]);
    expect(check((b, x) => [b.op('PRelu', [b.conv(x, 3, 3, 3), slopes(b)])])).toEqual(['Conv']);
    expect(check((b, x) => [b.op('PRelu', [b.op('Add', [b.conv(x, 3, 3, 3), x]), slopes(b)])])).toEqual(['Conv']);
  });

  it('takes an elementwise chain', () => {
    expect(check((b, x) => [b.op('Tanh', [b.op('Sqrt', [b.op('Add', [b.op('Mul', [x, x]), b.weight(shape, 0, 1)])])])])).toEqual([
      'Mul',
    ]);
  });

  it('leaves a third operand, and one that does not lie beside the result, to nodes of their own', () => {
    const three = (b: NetBuilder, x: string) => b.op('Add', [b.op('Add', [b.op('Add', [b.conv(x, 3, 3, 3), x]), x]), x]);
    expect(check((b, x) => [three(b, x)])).toEqual(['Conv', 'Add']);
    expect(check((b, x) => [b.op('Add', [b.conv(x, 3, 3, 3), b.weight([5, 5])])])).toEqual(['Conv', 'Add']);
    expect(check((b, x) => [b.op('Sub', [x, b.conv(x, 3, 3, 3)])])).toEqual(['Conv', 'Sub']);
    expect(check((b, x) => [b.op('Add', [b.op('GlobalMaxPool', [x]), x])])).toEqual(['GlobalMaxPool', 'Add']);
  });
});
