import { describe, expect, it } from 'vitest';
import { verify } from '../../src/graph/verify.js';
import { inferShapes } from '../../src/ops/infer.js';
import { foldBatchNormalization } from '../../src/passes/fold-batch-normalization.js';
import { tolerances } from '../../src/tensor/compare.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const shape = [2, 4, 5, 5];
const feeds = randomFeeds(new Map([['x', shape]]));

describe('fold-batch-normalization', () => {
  it.each([
    { name: 'with a bias', bias: true, group: 1 },
    { name: 'without a bias', bias: false, group: 1 },
    { name: 'depthwise', bias: true, group: 4 },
  ])('folds into a convolution $name', ({ bias, group }) => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', shape);
    const inputs = [x, b.weight([8, 4 / group, 3, 3]), ...(bias ? [b.weight([8])] : [])];
    b.output(b.batchNormalization(b.op('Conv', inputs, { kernel_shape: [3, 3], group }), 8));
    const before = inferShapes(b.build());
    const after = verify(foldBatchNormalization(before), 'fold-batch-normalization');
    expect(after.nodes.map(({ op }) => op)).toEqual(['Conv']);
    expectSameResults(after, before, feeds, tolerances.reduction);
  });

  it('leaves a convolution alone whose result is read elsewhere', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', shape);
    const y = b.conv(x, 4, 4, 1);
    b.output(b.batchNormalization(y, 4), b.op('Relu', [y]));
    const before = inferShapes(b.build());
    expect(foldBatchNormalization(before).nodes).toHaveLength(3);
  });

  it('leaves weights alone that are not constant', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', shape);
    const w = b.input('w', 'float32', [4, 4, 1, 1]);
    b.output(b.batchNormalization(b.op('Conv', [x, w], { kernel_shape: [1, 1] }), 4));
    expect(foldBatchNormalization(inferShapes(b.build())).nodes).toHaveLength(2);
  });
});
