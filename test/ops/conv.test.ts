import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import { inferNode } from '../../src/ops/infer.js';
import { matmulTolerance } from '../../src/tensor/compare.js';
import type { Shape } from '../../src/tensor/shape.js';
import { checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';
import { type ConvShape, convAttributes, convCase } from '../support/conv-case.js';

/** Channels-first and channels-last, with and without bias, constant and fed weights. */
const general: ConvShape[] = [
  { x: [1, 1, 1, 1], w: [1, 1, 1, 1] },
  { x: [2, 3, 5, 7], w: [5, 3, 3, 3], pads: [1, 1, 1, 1] },
  { x: [1, 3, 9, 4], w: [4, 3, 3, 2], strides: [2, 1], pads: [0, 1, 2, 0] },
  { x: [1, 4, 6, 6], w: [6, 2, 3, 3], group: 2 },
  { x: [2, 5, 6, 5], w: [5, 1, 3, 3], group: 5, pads: [1, 1, 1, 1] },
  { x: [1, 3, 4, 5], w: [6, 1, 2, 2], group: 3 },
  { x: [1, 2, 11, 9], w: [3, 2, 3, 2], dilations: [2, 3], pads: [2, 1, 2, 1] },
  { x: [1, 2, 7, 6], w: [3, 2, 3, 3], auto_pad: 'SAME_UPPER', strides: [2, 2] },
  { x: [1, 2, 7, 6], w: [3, 2, 4, 4], auto_pad: 'SAME_LOWER', strides: [2, 1] },
  { x: [1, 2, 7, 6], w: [3, 2, 3, 3], auto_pad: 'VALID', strides: [3, 2] },
  { x: [1, 2, 2, 2], w: [3, 2, 3, 3], pads: [4, 4, 4, 4] },
  { x: [1, 33, 1, 31], w: [5, 33, 1, 5], pads: [0, 2, 0, 2] },
  { x: [1, 2, 3], w: [3, 2, 2] },
  { x: [2, 3, 13], w: [2, 3, 4], strides: [3], pads: [2, 1], dilations: [2] },
  { x: [0, 3, 5, 5], w: [4, 3, 3, 3] },
  { x: [1, 3, 5, 5], w: [0, 3, 3, 3] },
  { x: [1, 0, 5, 5], w: [2, 0, 3, 3] },
];

const cases: OpCase[] = general.flatMap((shape) => [
  convCase(shape, { bias: true, constant: false }),
  convCase(shape, { bias: false }),
  convCase(shape, { bias: true, channelsLast: true }),
  convCase(shape, { bias: false, channelsLast: true, constant: false }),
  convCase(shape, { bias: true, channelsLast: true, readsChannelsFirst: true, constant: false }),
  convCase(shape, { bias: false, channelsLast: true, writesChannelsFirst: true, constant: false }),
]);

describe('conv', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));

  it('propagates NaN', () =>
    checkOp({
      name: 'NaN',
      op: 'Conv',
      inputs: [
        { shape: [1, 1, 3, 3], data: [1, 2, 3, 4, Number.NaN, 6, 7, 8, 9] },
        { shape: [1, 1, 2, 1], data: [1, -1] },
      ],
      attributes: { epilogue: [{ op: 'Relu', attributes: {} }] },
      tolerance: matmulTolerance(2, 9, 1),
    }));

  it('takes float16', () => {
    const opCase = convCase({ x: [1, 2, 4, 4], w: [3, 2, 3, 3] }, { bias: true });
    const inputs = opCase.inputs.map((spec) => spec && { ...spec, dtype: 'float16' as const });
    return checkOp({ ...opCase, inputs, tolerance: { atol: 2e-2, rtol: 2e-3 } });
  });

  it('rejects wrong kernels', async () => {
    const opCase = cases.find(({ name }) => name.startsWith('[2,3,5,7]')) as OpCase;
    await expectWrongKernelRejected(opCase, 'h >= params.in_h', 'h > params.in_h');
    await expectWrongKernelRejected(opCase, 'sum = bias', 'sum = -bias');
  });
});

const infer = (x: Shape, w: Shape, attributes: Attributes = {}, b?: Shape): Shape | undefined => {
  const value = (name: string, shape: Shape | undefined) => [name, { name, dtype: 'float32' as const, shape }] as const;
  const node = {
    name: 'c',
    op: 'Conv',
    inputs: b ? ['x', 'w', 'b'] : ['x', 'w'],
    outputs: ['y'],
    attributes: convAttributes(attributes),
  };
  return inferNode(node, new Map([value('x', x), value('w', w), value('b', b)]))[0]?.shape;
};

describe('conv shapes', () => {
  it('go through symbols', () => {
    expect(infer(['n', 3, 8, 8], [4, 3, 3, 3])).toEqual(['n', 4, 6, 6]);
    expect(infer(['n', 3, 'h', 'w'], [4, 3, 3, 3], { pads: [1, 1, 1, 1] })).toEqual(['n', 4, 'h', 'w']);
    expect(infer(['n', 'h', 'w', 3], [4, 3, 3, 3], { auto_pad: 'SAME_UPPER', channelsLast: true })).toEqual(['n', 'h', 'w', 4]);
    expect(infer(['n', 3, 'h', 5], [4, 3, 1, 1], { channelsLast: true, readsChannelsFirst: true })).toEqual(['n', 'h', 5, 4]);
    expect(infer(['n', 'h', 5, 3], [4, 3, 1, 1], { channelsLast: true, writesChannelsFirst: true })).toEqual(['n', 4, 'h', 5]);
    const [, , h, w] = infer([1, 3, 's', 's'], [4, 3, 3, 3], { strides: [2, 2] }) ?? [];
    expect(h).toBe(w);
    expect(h).not.toBe('s');
    expect(infer([1, 3, 8, 8], [4, 3, 'k', 3])).toBeUndefined();
  });

  it.each<[string, Shape, Shape, Attributes, Shape | undefined, RegExp]>([
    ['rank', [1, 3], [4, 3], {}, undefined, /at least 3 dimensions/],
    ['weight rank', [1, 3, 8, 8], [4, 3, 3], {}, undefined, /weight must have 4/],
    ['channels', [1, 3, 8, 8], [4, 2, 3, 3], {}, undefined, /input channels must be 2/],
    ['group', [1, 4, 8, 8], [5, 2, 3, 3], { group: 2 }, undefined, /does not divide 5/],
    ['bias rank', [1, 3, 8, 8], [4, 3, 3, 3], {}, [4, 1], /bias must have 1/],
    ['bias length', [1, 3, 8, 8], [4, 3, 3, 3], {}, [3], /bias must be 4/],
    ['kernel too large', [1, 3, 2, 8], [4, 3, 3, 3], {}, undefined, /does not fit into 2/],
    ['kernel_shape', [1, 3, 8, 8], [4, 3, 3, 3], { kernel_shape: [3, 2] }, undefined, /differs/],
    ['strides', [1, 3, 8, 8], [4, 3, 3, 3], { strides: [1] }, undefined, /strides must have 2/],
    ['zero stride', [1, 3, 8, 8], [4, 3, 3, 3], { strides: [1, 0] }, undefined, /strides must be positive/],
    ['zero dilation', [1, 3, 8, 8], [4, 3, 3, 3], { dilations: [0, 1] }, undefined, /dilations must be positive/],
    ['pads', [1, 3, 8, 8], [4, 3, 3, 3], { pads: [1, 1] }, undefined, /pads must have 4/],
    ['negative pads', [1, 3, 8, 8], [4, 3, 3, 3], { pads: [0, 0, -1, 0] }, undefined, /must not be negative/],
    ['pads and auto_pad', [1, 3, 8, 8], [4, 3, 3, 3], { auto_pad: 'VALID', pads: [1, 1, 1, 1] }, undefined, /together/],
    ['huge pads', [1, 3, 8, 8], [4, 3, 3, 3], { pads: [2 ** 31, 0, 0, 0] }, undefined, /beyond 2\^31/],
    ['empty kernel', [1, 3, 8, 8], [4, 3, 0, 3], {}, undefined, /kernel_shape must be positive/],
  ])('are refused: %s', (_, x, w, attributes, b, message) => {
    expect(() => infer(x, w, attributes, b)).toThrow(message);
  });

  it('refuses integers', () => {
    const inputs = [
      { shape: [1, 1, 2, 2], dtype: 'int32' as const },
      { shape: [1, 1, 1, 1], dtype: 'int32' as const },
    ];
    return expect(checkOp({ name: 'int', op: 'Conv', inputs, tolerance: matmulTolerance(1) })).rejects.toThrow(
      /not defined for int32/,
    );
  });
});
