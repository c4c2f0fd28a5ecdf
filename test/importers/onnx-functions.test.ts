import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { inferShapes } from '../../src/ops/infer.js';
import { compareNumbers, tolerances } from '../../src/tensor/compare.js';
import { fromNumbers, toNumbers } from '../../src/tensor/convert.js';
import type { DType } from '../../src/tensor/dtype.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { constant, errorOf, importModel, info, type ModelParts, node } from './models.js';

const tensor = (dtype: DType, shape: readonly number[], numbers: readonly number[]): Tensor =>
  new Tensor(dtype, fromNumbers(dtype, numbers), shape);
const expectNumbers = (actual: Tensor | undefined, expected: readonly number[]): void => {
  const numbers = [...toNumbers(actual!.type, actual!.data)];
  expect(compareNumbers(numbers, expected, tolerances.transcendental).equal, `${numbers} is not ${expected}`).toBe(true);
};

/** What the model gives for feeds of x. */
const run = (parts: ModelParts, x: Tensor): Map<string, Tensor> =>
  runGraph(inferShapes(importModel({ inputs: [info('x', x.dims)], ...parts })), new Map([['x', x]]));

const initializers = [constant('t', 'int64', [3], [0, 1, 1]), constant('w', 'float32', [2], [3, 5])];
const x = tensor('float32', [3, 2], [-1, -2, -3, -4, -5, -6]);
const loss = (attributes: Parameters<typeof node>[3], weighted: boolean): Tensor | undefined => {
  const made = node('NegativeLogLikelihoodLoss', ['x', 't', ...(weighted ? ['w'] : [])], ['y'], attributes);
  return run({ opset: 13, initializers, nodes: [made], outputs: [info('y')] }, x).get('y');
};

describe('losses', () => {
  it.each([
    [{ reduction: 'none' }, false, [1, 4, 6]],
    [{ reduction: 'sum' }, false, [11]],
    [{}, false, [11 / 3]],
    [{ reduction: 'none' }, true, [3, 20, 30]],
    [{ reduction: 'sum' }, true, [53]],
    [{ reduction: 'mean' }, true, [53 / 13]],
    [{ reduction: 'none', ignore_index: 0 }, true, [0, 20, 30]],
    [{ reduction: 'mean', ignore_index: 0 }, true, [5]],
    [{ reduction: 'mean', ignore_index: 0 }, false, [5]],
    [{ reduction: 'sum', ignore_index: -1 }, false, [11]],
  ])('NegativeLogLikelihoodLoss %o, weights %s', (attributes, weighted, expected) => {
    expectNumbers(loss(attributes, weighted), expected);
  });

  it('NegativeLogLikelihoodLoss over pixels', () => {
    const targets = [constant('t', 'int64', [1, 2], [1, 0])];
    const made = node('NegativeLogLikelihoodLoss', ['x', 't'], ['y'], { reduction: 'none' });
    const parts = { opset: 13, initializers: targets, nodes: [made], outputs: [info('y')] };
    expectNumbers(run(parts, tensor('float32', [1, 2, 2], [1, 2, 3, 4])).get('y'), [-3, -2]);
  });

  it('SoftmaxCrossEntropyLoss, with the logarithms', () => {
    const made = node('SoftmaxCrossEntropyLoss', ['x', 't'], ['y', 'log'], { reduction: 'none' });
    const outputs = run({ opset: 13, initializers, nodes: [made], outputs: [info('y'), info('log')] }, x);
    const [large, small] = [-Math.log1p(Math.exp(-1)), -1 - Math.log1p(Math.exp(-1))];
    expectNumbers(outputs.get('log'), [large, small, large, small, large, small]);
    expectNumbers(outputs.get('y'), [-large, -small, -small]);
  });

  it('refuses reductions that are not known', () => {
    expect(errorOf(() => loss({ reduction: 'max' }, false)).message).toMatch(/reduction 'max'/);
  });
});

describe('older forms', () => {
  it('GroupNormalization of opset 18: scale and bias of groups', () => {
    const parts = {
      opset: 18,
      initializers: [constant('s', 'float32', [2], [2, 3]), constant('b', 'float32', [2], [10, 20])],
      nodes: [node('GroupNormalization', ['x', 's', 'b'], ['y'], { num_groups: 2, epsilon: { float: 0 } })],
      outputs: [info('y')],
    };
    const y = run(parts, tensor('float32', [1, 4, 1], [1, 3, 5, 9])).get('y');
    expectNumbers(y, [8, 12, 17, 23]);
    expect(y?.dims).toEqual([1, 4, 1]);
  });

  it('Scatter', () => {
    const made = node('Scatter', ['x', 'i', 'u'], ['y'], { axis: 1 });
    const given = [constant('i', 'int64', [1, 1], [1]), constant('u', 'float32', [1, 1], [7])];
    const y = run({ opset: 9, initializers: given, nodes: [made], outputs: [info('y')] }, tensor('float32', [1, 3], [1, 2, 3]));
    expectNumbers(y.get('y'), [1, 7, 3]);
  });

  it('RoiAlign before opset 16 and MeanVarianceNormalization before opset 9', () => {
    const roi = node('RoiAlign', ['x', 'r', 'i'], ['y']);
    const given = [constant('r', 'float32', [1, 4], [0, 0, 1, 1]), constant('i', 'int64', [1], [0])];
    expect(importModel({ opset: 10, initializers: given, nodes: [roi] }).nodes[0]?.attributes).toMatchObject({
      coordinate_transformation_mode: 'output_half_pixel',
    });
    const axes = (attributes: Parameters<typeof node>[3]) =>
      importModel({ opset: 7, nodes: [node('MeanVarianceNormalization', ['x'], ['y'], attributes)] }).nodes[0]?.attributes.axes;
    expect([axes({}), axes({ across_channels: 1 })]).toEqual([
      [2, 3],
      [1, 2, 3],
    ]);
    expect(errorOf(() => axes({ normalize_variance: 0 })).code).toBe('unsupported-model');
  });

  it('RotaryEmbedding of com.microsoft: the positions come second', () => {
    const given = [
      constant('p', 'int64', [1, 2], [0, 1]),
      constant('c', 'float32', [2, 1], [1, 0]),
      constant('o', 'int64', [1], [0]),
    ];
    const rotary = (positions: string, attributes: Parameters<typeof node>[3] = {}) =>
      importModel({
        opset: 17,
        initializers: given,
        inputs: [info('x', [1, 1, 2, 2])],
        nodes: [node('RotaryEmbedding', ['x', positions, 'c', 'c'], ['y'], attributes, { domain: 'com.microsoft' })],
      }).nodes[0];
    expect(rotary('p', { scale: { float: 1 } })).toMatchObject({ op: 'RotaryEmbedding', inputs: ['x', 'c', 'c', 'p'] });
    expect(errorOf(() => rotary('o')).message).toMatch(/offset/);
    expect(errorOf(() => rotary('p', { is_packed_batching: 1 })).message).toMatch(/is_packed_batching/);
  });
});

describe('functions of language models', () => {
  it('SwiGLU', () => {
    const parts = (inputs: string[]): ModelParts => ({
      opset: 28,
      initializers: [constant('b', 'float32', [2], [2, -1])],
      nodes: [node('SwiGLU', inputs, ['y'], { alpha: { float: 0.5 } })],
      outputs: [info('y')],
    });
    const swish = (v: number): number => v / (1 + Math.exp(-0.5 * v));
    expectNumbers(run(parts(['x', 'b']), tensor('float32', [2], [1, 3])).get('y'), [2 * swish(1), -swish(3)]);
    expect(errorOf(() => importModel({ ...parts(['x']), inputs: [info('x', [2])] })).code).toBe('invalid-model');
  });

  it('CausalConvWithState goes on where the last part ended', () => {
    const parts = (inputs: string[], attributes: Parameters<typeof node>[3] = {}): ModelParts => ({
      opset: 27,
      initializers: [
        constant('w', 'float32', [2, 1, 3], [1, 2, 3, -1, 0.5, 1]),
        constant('b', 'float32', [2], [1, -1]),
        constant('p', 'float32', [1, 2, 2], [4, 5, 6, 7]),
        constant('one', 'float32', [2, 1, 1], [2, 3]),
      ],
      nodes: [node('CausalConvWithState', inputs, ['y', 'state'], attributes)],
      outputs: [info('y'), info('state')],
    });
    const given = tensor('float32', [1, 2, 2], [1, -1, 2, 0.5]);
    const first = run(parts(['x', 'w']), given);
    expectNumbers(first.get('y'), [3, 2 - 3, 2, 1 + 0.5]);
    expectNumbers(first.get('state'), [1, -1, 2, 0.5]);
    const next = run(parts(['x', 'w', 'b', 'p'], { activation: 'silu' }), given);
    const silu = (v: number): number => v / (1 + Math.exp(-v));
    expectNumbers(next.get('y'), [4 + 10 + 3 + 1, 5 + 2 - 3 + 1, -6 + 3.5 + 2 - 1, -7 + 1 + 0.5 - 1].map(silu));
    expectNumbers(next.get('state'), [1, -1, 2, 0.5]);
    const short = run(parts(['x', 'one']), given);
    expectNumbers(short.get('y'), [2, -2, 6, 1.5]);
    expect(short.get('state')?.dims).toEqual([1, 2, 0]);
    const refused = (inputs: string[], attributes?: Parameters<typeof node>[3], x = info('x', [1, 2, 2])): string =>
      errorOf(() => importModel({ ...parts(inputs, attributes), inputs: [x, info('v')] })).code;
    expect(refused(['x', 'w'], { activation: 'relu' })).toBe('invalid-model');
    expect(refused(['x', 'p'])).toBe('invalid-model');
    expect(refused(['x', 'v'])).toBe('unsupported-model');
  });
});
