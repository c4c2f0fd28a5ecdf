import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.js';
import { verify } from '../../src/graph/verify.js';
import { inferShapes } from '../../src/ops/infer.js';
import { channelsLast } from '../../src/passes/channels-last.js';
import { tolerances } from '../../src/tensor/compare.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const shape = [2, 3, 6, 5];
const feeds = randomFeeds(new Map([['x', shape]]));
const transposes = (graph: Graph): number => graph.nodes.filter(({ op }) => op === 'Transpose').length;

/** Builds a net on one input, runs the pass, and checks that nothing changed but the order of work. */
const check = (build: (b: NetBuilder, x: string) => string[]): Graph => {
  const b = new NetBuilder();
  b.output(...build(b, b.input('x', 'float32', shape)));
  const before = inferShapes(b.build());
  const after = verify(channelsLast(before), 'channels-last');
  expectSameResults(after, before, feeds, tolerances.reduction);
  // What the pass says of shapes is what inference finds.
  const inferred = inferShapes({
    ...after,
    values: new Map(
      [...after.values].map(([k, v]) => [k, v.tensor || after.inputs.includes(k) ? v : { ...v, shape: undefined }]),
    ),
  });
  for (const [name, value] of inferred.values) expect(value.shape, name).toEqual(after.values.get(name)?.shape);
  return after;
};

describe('channels-last', () => {
  it('transposes once on each side of a chain of convolutions', () => {
    const after = check((b, x) => [b.op('Relu', [b.conv(b.conv(b.conv(x, 3, 3, 1, { group: 3 }), 3, 8, 3), 8, 4, 1)])]);
    expect(transposes(after)).toBe(2);
  });

  it('reads few channels where they stand', () => {
    const after = check((b, x) => [b.conv(b.conv(x, 3, 5, 3), 5, 4, 1), b.conv(x, 3, 4, 1)]);
    expect(transposes(after)).toBe(2);
    const orders = after.nodes.filter(({ op }) => op === 'Conv').map(({ attributes }) => attributes.readsChannelsFirst);
    expect(orders).toEqual([true, false, true]);
  });

  it('goes on through quantization by tensor and by channel', () => {
    const after = check((b, x) => {
      const channels = [b.weight([8], 0.01, 0.05), b.values([8], [1, 2, 3, 4, 5, 6, 7, 8], 'int8')];
      const whole = b.op('QuantizeLinear', [b.conv(x, 3, 8, 3), b.weight([], 0.01, 0.05)], { output_dtype: 'int8' });
      const back = b.op('DequantizeLinear', [whole, ...channels], { axis: -3 });
      const again = b.op('QuantizeLinear', [back, ...channels]);
      return [b.conv(b.op('DequantizeLinear', [again, ...channels]), 8, 4, 1)];
    });
    expect(transposes(after)).toBe(1);
    const axes = after.nodes.filter(({ op }) => op.endsWith('quantizeLinear') || op.endsWith('QuantizeLinear'));
    expect(axes.map(({ attributes }) => attributes.axis)).toEqual([3, 3, 3, 3]);
  });

  it('begins no region with weights that are fed, or groups of several channels', () => {
    const after = check((b, x) => {
      const fed = b.op('Conv', [
        x,
        b.op('Abs', [b.op('Reshape', [b.op('Slice', [x, b.ints(0), b.ints(2), b.ints(1)]), b.ints(5, 3, 4, 2)])]),
      ]);
      return [
        b.conv(b.conv(b.op('Neg', [fed]), 5, 6, 1), 6, 4, 1, { group: 2 }),
        b.conv(b.op('Concat', [x, x], { axis: 1 }), 6, 4, 1, { group: 2 }),
      ];
    });
    const order = (group: number): unknown[] =>
      after.nodes
        .filter(({ op, attributes }) => op === 'Conv' && attributes.group === group)
        .map(({ attributes }) => attributes.channelsLast);
    expect(order(1)).toEqual([false, true]);
    expect(order(2)).toEqual([true, false]);
  });

  it('moves a residual block with its constants', () => {
    const after = check((b, x) => {
      const y = b.conv(x, 3, 4, 3);
      const scaled = b.op('Mul', [b.conv(y, 4, 4, 3), b.weight([4, 1, 1])]);
      return [b.op('PRelu', [b.op('Add', [scaled, y]), b.weight([4, 1, 1])])];
    });
    expect(transposes(after)).toBe(1);
  });

  it('needs no transpose where one pixel is left', () => {
    const after = check((b, x) => [b.op('Flatten', [b.op('GlobalAveragePool', [b.conv(x, 3, 8, 3)])])]);
    expect(transposes(after)).toBe(0);
  });

  it('cancels the transposes of a model that arrives channels-last', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [1, 6, 5, 3]);
    const y = b.conv(b.op('Transpose', [x], { perm: [0, 3, 1, 2] }), 3, 8, 3);
    b.output(b.op('Transpose', [y], { perm: [0, 2, 3, 1] }));
    const before = inferShapes(b.build());
    const after = verify(channelsLast(before), 'channels-last');
    expect(transposes(after)).toBe(0);
    expectSameResults(after, before, randomFeeds(new Map([['x', [1, 6, 5, 3]]])), tolerances.reduction);
  });

  it('composes a transpose of another permutation', () => {
    const after = check((b, x) => [b.op('Transpose', [b.conv(x, 3, 4, 1)], { perm: [2, 0, 1, 3] })]);
    expect(transposes(after)).toBe(1);
  });

  it('remaps axes of Concat, Split, Slice, Pad, Softmax and reductions', () => {
    check((b, x) => {
      const y = b.conv(x, 3, 4, 1);
      const [low, high] = b.node('Split', [y, b.ints(1, 3)], { axis: 1, num_outputs: undefined }, 2) as [string, string];
      const joined = b.op('Concat', [high, low, y], { axis: -3 });
      const padded = b.op('Pad', [joined, b.ints(0, 0, 1, 2, 0, 0, 0, 1)]);
      const partly = b.op('Pad', [joined, b.ints(1, 2), '', b.ints(3)]);
      const sliced = b.op('Slice', [padded, b.ints(1, 0), b.ints(7, 100), b.ints(1, -1), b.ints(2, 1)]);
      return [
        b.op('Softmax', [sliced], { axis: 1 }),
        b.op('ReduceMean', [joined, b.ints(2, 3)], { keepdims: true }),
        b.op('ReduceMean', [joined, b.ints(2, 3)], { keepdims: false }),
        b.op('ReduceMean', [joined, b.ints(1)], { keepdims: false }),
        b.op('ReduceMean', [joined, b.ints(2)], { keepdims: false }),
        partly,
      ];
    });
  });

  it('pools, normalises and resizes in the order it finds', () => {
    check((b, x) => {
      const y = b.conv(x, 3, 4, 3);
      const pooled = b.op('MaxPool', [y], { kernel_shape: [2, 2], strides: [2, 2] });
      const resized = b.op('Resize', [pooled, '', b.values([4], [1, 1, 2, 2])], {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      });
      const averaged = b.op('AveragePool', [y], { kernel_shape: [3, 2], pads: [1, 0, 1, 1] });
      return [b.batchNormalization(resized, 4), b.op('LRN', [averaged], { size: 3 }), b.op('GlobalMaxPool', [y])];
    });
  });

  it('shuffles channels where they stand', () => {
    const after = check((b, x) => {
      const y = b.op('Reshape', [b.conv(x, 3, 8, 1), b.ints(2, 2, 4, 6, 5)]);
      return [b.conv(b.op('Reshape', [b.op('Transpose', [y], { perm: [0, 2, 1, 3, 4] }), b.ints(2, 8, 6, 5)]), 8, 4, 1)];
    });
    expect(transposes(after)).toBe(2);
  });

  it('keeps both orders where both are read', () => {
    const after = check((b, x) => {
      const y = b.conv(x, 3, 4, 3);
      return [b.op('Reshape', [y, b.ints(2, -1)]), b.conv(y, 4, 4, 1)];
    });
    expect(transposes(after)).toBe(2);
  });
});
