import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import { summarizeNodes, total } from '../../src/inspect.js';
import { inferShapes } from '../../src/ops/infer.js';
import { ptflopsMacs } from '../../src/profile/ptflops.js';
import { NetBuilder } from '../support/graphs.js';
import { zoo } from './zoo.js';

const within = (actual: number, stated: number): number => Math.abs(actual / stated - 1);

describe.each(zoo)('$name', ({ gmacs, params, build }) => {
  const graph = build();

  it(`has ${gmacs} GMACs as ptflops counts`, () => expect(within(ptflopsMacs(graph) / 1e9, gmacs)).toBeLessThan(0.01));

  it(`has ${params} million parameters`, () => {
    const summed = total(summarizeNodes(inferShapes(graph))).params / 1e6;
    expect(within(summed, params)).toBeLessThan(0.01);
  });
});

describe('ptflopsMacs', () => {
  const macs = (op: string, attributes: Attributes = {}, weights: readonly number[][] = [], shape = [1, 4, 6, 6]): number => {
    const b = new NetBuilder();
    b.output(b.op(op, [b.input('x', 'float32', shape), ...weights.map((w) => b.weight(w))], attributes));
    return ptflopsMacs(b.build());
  };

  it.each([
    ['a convolution', macs('Conv', { kernel_shape: [3, 3] }, [[8, 4, 3, 3]]), 8 * 16 * 36],
    ['its bias', macs('Conv', { kernel_shape: [3, 3] }, [[8, 4, 3, 3], [8]]), 8 * 16 * 36 + 8 * 16],
    ['a group', macs('Conv', { kernel_shape: [3, 3], group: 4 }, [[4, 1, 3, 3]]), 4 * 16 * 9],
    ['a normalisation', macs('BatchNormalization', {}, [[4], [4], [4], [4]]), 2 * 144],
    ['an activation', macs('Relu'), 2 * 144],
    ['a bound', macs('Clip', { min: 0, max: 6 }), 144],
    ['a pool', macs('MaxPool', { kernel_shape: [2, 2], strides: [2, 2] }), 2 * 144],
    ['a product with weights', macs('MatMul', {}, [[5, 7]], [2, 3, 5]), 2 * 3 * 5 * 7],
    ['a layer', macs('Gemm', {}, [[5, 7], [7]], [3, 5]), 3 * 5 * 7 + 3 * 7],
    ['a sum', macs('Add', {}, [[1]]), 0],
  ])('counts %s', (_, counted, expected) => expect(counted).toBe(expected));

  it('does not count products of computed matrices, and SiLU once', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [4, 4]);
    const y = b.op('MatMul', [x, x]);
    b.output(b.op('Mul', [b.op('Sigmoid', [y]), y]));
    expect(ptflopsMacs(b.build())).toBe(16);
  });

  it('counts the bias that is an addition of its own', () => {
    const b = new NetBuilder();
    b.output(b.op('Add', [b.op('MatMul', [b.input('x', 'float32', [2, 3]), b.weight([3, 5])]), b.weight([5])]));
    expect(ptflopsMacs(b.build())).toBe(2 * 3 * 5 + 2 * 5);
  });
});
