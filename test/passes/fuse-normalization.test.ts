import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.js';
import { optimize } from '../../src/passes/index.js';
import { tolerances } from '../../src/tensor/compare.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

interface Form {
  readonly shape?: readonly (number | string)[];
  readonly axes?: readonly number[];
  /** The shape under which the means are taken. */
  readonly view?: readonly number[];
  readonly square?: 'pow' | 'mul' | 'shifted';
  readonly reciprocal?: boolean;
  readonly scale?: readonly number[];
  readonly bias?: readonly number[];
  readonly keepdims?: boolean;
  /** Another reader of x - mean(x). */
  readonly shared?: boolean;
  readonly secondAxes?: readonly number[];
  readonly exponent?: number;
  readonly residual?: boolean;
}

const graphOf = (form: Form): Graph => {
  const { shape = [2, 3, 8], axes = [-1], view, square = 'pow', keepdims = true } = form;
  const b = new NetBuilder();
  const x = b.op('Abs', [b.input('x', 'float32', shape)]);
  const mean = (value: string, over: readonly number[]): string => {
    const viewed = view ? b.op('Reshape', [value, b.ints(...view)]) : value;
    return b.op('ReduceMean', [viewed, b.ints(...over)], { keepdims });
  };
  const d = b.op('Sub', [x, mean(x, axes)]);
  const squared =
    square === 'pow'
      ? b.op('Pow', [d, b.values([], [form.exponent ?? 2])])
      : b.op('Mul', [d, square === 'mul' ? d : b.op('Add', [d, b.values([], [0.25])])]);
  const root = b.op('Sqrt', [b.op('Add', [mean(squared, form.secondAxes ?? axes), b.values([1], [1e-5])])]);
  let y = form.reciprocal ? b.op('Mul', [b.op('Reciprocal', [root]), d]) : b.op('Div', [d, root]);
  if (form.scale) y = b.op('Mul', [y, b.weight(form.scale, 0.5, 2)]);
  if (form.bias) y = b.op('Add', [b.weight(form.bias), y]);
  if (form.residual) y = b.op('Add', [y, x]);
  b.output(b.op('Relu', [y]));
  if (form.shared) b.output(b.op('Neg', [d]));
  return b.build();
};

const concrete = (form: Form): readonly number[] => (form.shape ?? [2, 3, 8]).map((d) => (typeof d === 'number' ? d : 2));

const check = (form: Form, op: string | undefined): void => {
  const graph = graphOf(form);
  const optimized = optimize(graph);
  const ops = optimized.nodes.map((node) => node.op);
  if (op) {
    expect(ops).toContain(op);
    expect(ops).not.toContain('ReduceMean');
  } else {
    expect(ops).toContain('ReduceMean');
    expect(ops.filter((name) => name.endsWith('Normalization'))).toEqual([]);
  }
  expectSameResults(optimized, graph, randomFeeds(new Map([['x', concrete(form)]])), tolerances.reduction);
};

const image = { shape: [2, 5, 4, 6] } as const;

describe('fuse-layer-normalization', () => {
  it.each<Form>([
    { scale: [8], bias: [8] },
    { scale: [8], bias: [8], square: 'mul' },
    { scale: [8], bias: [8], reciprocal: true },
    { scale: [8] },
    { bias: [8] },
    {},
    { residual: true },
    { scale: [8], residual: true },
    { shape: ['batch', 3, 8], axes: [2], scale: [8], bias: [8] },
    { axes: [-2, -1], scale: [3, 8], bias: [3, 8] },
  ])('fires: %o', (form) => check(form, 'LayerNormalization'));

  it.each<Form>([
    { axes: [1] },
    { axes: [0, 2] },
    { scale: [2, 3, 1] },
    { bias: [3, 8] },
    { shape: [2, 3, 'width'], scale: [2, 3, 1] },
    { shared: true },
    { secondAxes: [1] },
    { exponent: 3 },
  ])('does not fire: %o', (form) => check(form, undefined));
});

describe('fuse-instance-normalization', () => {
  it.each<Form>([
    { ...image, axes: [2, 3], scale: [5, 1, 1], bias: [1, 5, 1, 1] },
    { scale: [3, 1] },
    { shape: [2, 3, 'width'] },
    { ...image, axes: [-1, -2], square: 'mul', reciprocal: true, scale: [1] },
    { ...image, view: [2, 5, 1, -1], axes: [3], square: 'shifted', scale: [1, 5, 1, 1], bias: [1, 5, 1, 1] },
    { ...image, view: [0, 0, 24, 1], axes: [2], scale: [5, 1, 1] },
    { shape: ['batch', 5, 4, 6], axes: [2, 3], scale: [5, 1, 1], residual: true },
  ])('fires: %o', (form) => check(form, 'InstanceNormalization'));

  it.each<Form>([
    { ...image, axes: [1, 2] },
    { ...image, axes: [2] },
    { shape: [1, 10, 4, 6], view: [1, 1, 10, 24], axes: [2, 3] },
    { ...image, axes: [2, 3], scale: [1, 1, 4, 6] },
    { ...image, axes: [2, 3], shared: true },
  ])('does not fire: %o', (form) => check(form, undefined));
});
