import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.js';
import { verify } from '../../src/graph/verify.js';
import { inferShapes } from '../../src/ops/infer.js';
import { fuseActivation } from '../../src/passes/fuse-activation.js';
import { tolerances } from '../../src/tensor/compare.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const shape = [2, 3, 4];
const feeds = randomFeeds(new Map([['x', shape]]));
type Build = (b: NetBuilder, x: string) => string;

const fused = (build: Build): Graph => {
  const b = new NetBuilder();
  b.output(build(b, b.op('Neg', [b.input('x', 'float32', shape)])));
  const before = inferShapes(b.build());
  const after = verify(fuseActivation(before), 'fuse-activation');
  expectSameResults(after, before, feeds, tolerances.transcendental);
  return after;
};
const scalar = (b: NetBuilder, v: number): string => b.values([], [v]);
const gate = (b: NetBuilder, x: string): string =>
  b.op('Add', [b.op('Erf', [b.op('Div', [x, scalar(b, Math.SQRT2)])]), scalar(b, 1)]);
const shifted = (b: NetBuilder, x: string): string => b.op('Clip', [b.op('Add', [x, scalar(b, 3)])], { min: 0, max: 6 });

const cases: [string, string, Build][] = [
  ['x * sigmoid(x)', 'Swish', (b, x) => b.op('Mul', [x, b.op('Sigmoid', [x])])],
  ['sigmoid(1.5 x) * x', 'Swish', (b, x) => b.op('Mul', [b.op('Sigmoid', [b.op('Mul', [scalar(b, 1.5), x])]), x])],
  ['x * hardsigmoid(x)', 'HardSwish', (b, x) => b.op('Mul', [x, b.op('HardSigmoid', [x], { alpha: 1 / 6, beta: 0.5 })])],
  ['x * relu6(x + 3) / 6', 'HardSwish', (b, x) => b.op('Div', [b.op('Mul', [x, shifted(b, x)]), scalar(b, 6)])],
  ['x * (relu6(x + 3) / 6)', 'HardSwish', (b, x) => b.op('Mul', [x, b.op('Div', [shifted(b, x), scalar(b, 6)])])],
  ['x * tanh(softplus(x))', 'Mish', (b, x) => b.op('Mul', [x, b.op('Tanh', [b.op('Softplus', [x])])])],
  ['x * (1 + erf(x / sqrt 2)) * 0.5', 'Gelu', (b, x) => b.op('Mul', [b.op('Mul', [x, gate(b, x)]), scalar(b, 0.5)])],
  ['0.5 x * (1 + erf(x / sqrt 2))', 'Gelu', (b, x) => b.op('Mul', [b.op('Mul', [scalar(b, 0.5), x]), gate(b, x)])],
];

describe('fuse-activation', () => {
  it.each(cases)('%s is %s', (_, op, build) => {
    expect(fused(build).nodes.map((node) => node.op)).toEqual(['Neg', op]);
  });

  it.each<[string, Build]>([
    ['the gate reads something else', (b, x) => b.op('Mul', [x, b.op('Sigmoid', [b.op('Tanh', [x])])])],
    ['the constant is another', (b, x) => b.op('Mul', [b.op('Mul', [x, gate(b, x)]), scalar(b, 0.4)])],
    ['the slope of the gate is another', (b, x) => b.op('Mul', [x, b.op('HardSigmoid', [x], { alpha: 0.2, beta: 0.5 })])],
  ])('leaves a product alone where %s', (_, build) => {
    expect(fused(build).nodes.some(({ op }) => ['Swish', 'HardSwish', 'Gelu', 'Mish'].includes(op))).toBe(false);
  });

  it('keeps a gate that is read elsewhere', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', shape);
    const sigmoid = b.op('Sigmoid', [x]);
    b.output(b.op('Mul', [x, sigmoid]), sigmoid);
    expect(fuseActivation(inferShapes(b.build())).nodes).toHaveLength(2);
  });
});
