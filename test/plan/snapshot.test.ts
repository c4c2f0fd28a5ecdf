import { expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { bind, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import { bytesByRole } from '../../src/plan/memory.js';
import { NetBuilder } from '../support/graphs.js';

/** A plan in words: what runs, on which buffers, and how long each buffer's values live. */
it('plans a residual network as it always has', () => {
  const b = new NetBuilder();
  const x = b.input('image', 'float32', ['batch', 3, 8, 8]);
  const stem = b.op('Relu', [b.batchNormalization(b.conv(x, 3, 8, 3), 8)]);
  const inner = b.op('Relu', [b.conv(stem, 8, 8, 3)]);
  const block = b.op('Relu', [b.op('Add', [b.conv(inner, 8, 8, 1), stem])]);
  b.output(
    b.op('Softmax', [b.op('Gemm', [b.op('Flatten', [b.op('GlobalAveragePool', [block])]), b.weight([8, 5]), b.weight([5])])]),
  );
  const plan = buildPlan(bind(optimize(b.build()), new Map([['image', [2, 3, 8, 8]]])), {
    ...defaultFacts,
    kind: 'cpu',
    features: ['subgroups'],
  });
  const commands = plan.commands.map((c) =>
    c.kind === 'dispatch' ? `${c.op} ${c.kernel} [${c.workgroups}] buffers ${c.buffers.join(' ')}` : `${c.kind}`,
  );
  const buffers = plan.buffers.map(
    ({ role, bytes, firstUse, lastUse, values }) => `${role} ${bytes} B, ${firstUse}..${lastUse}: ${values.join(', ')}`,
  );
  expect(commands).toMatchInlineSnapshot(`
    [
      "Conv conv-columns [1,1,1] buffers 0 1 2 0 0 9",
      "Conv conv-direct [1,8,2] buffers 9 3 4 9 9 0",
      "Conv conv-pointwise [1,8,1] buffers 0 5 6 9 0 10",
      "GlobalAveragePool reduce [1,1,1] buffers 10 0",
      "Gemm matmul-quads [1,1,1] buffers 0 7 8 0 0 9",
      "Softmax softmax [1,1,1] buffers 9 0",
    ]
  `);
  expect(buffers).toMatchInlineSnapshot(`
    [
      "input 4096 B, -1..6: image, Relu_4.out.nhwc, GlobalAveragePool_8.out.nhwc, Softmax_11.out",
      "weight 864 B, -1..6: conv columns",
      "weight 32 B, -1..6: Conv_0.bias",
      "weight 4608 B, -1..6: conv matrices",
      "weight 32 B, -1..6: c7",
      "weight 512 B, -1..6: conv matrices",
      "weight 32 B, -1..6: c9",
      "weight 256 B, -1..6: matrices of 8 x 5, padded to multiples of 4",
      "weight 32 B, -1..6: c11",
      "scratch 4096 B, 0..5: Relu_2.out.nhwc, Gemm_10.out",
      "scratch 4096 B, 2..3: Relu_7.out.nhwc",
    ]
  `);
  expect(bytesByRole(plan.buffers)).toMatchInlineSnapshot(`
    {
      "input": 4096,
      "output": 0,
      "scratch": 8192,
      "weight": 6368,
    }
  `);
});
