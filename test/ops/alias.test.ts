import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Attributes } from '../../src/graph/graph.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { withDefaults } from '../../src/ops/attributes.js';
import { operators } from '../../src/ops/index.js';
import { inferShapes } from '../../src/ops/infer.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import type { Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { caseGraph, checkOp, type OpCase } from '../support/check-op.js';

/** The shape that an operator gives data of a shape; `list` is its second input. */
const inferred = (op: string, shape: Shape, list?: number[], attributes: Attributes = {}): Shape | undefined => {
  const builder = new GraphBuilder();
  const inputs = [builder.input('x', 'float32', shape)];
  if (list) inputs.push(builder.constant('list', new Tensor('int64', list.map(BigInt))));
  const [y = ''] = builder.node(op, inputs, withDefaults(operators.get(op)!.attributes, attributes));
  return inferShapes(builder.build()).values.get(y)?.shape;
};

const shapes: [string, Shape, number[] | undefined, Attributes, Shape | undefined][] = [
  ['Reshape', [2, 3, 4], [4, 6], {}, [4, 6]],
  ['Reshape', [2, 3, 4], [0, -1], {}, [2, 12]],
  ['Reshape', [2, 3, 4], [-1], {}, [24]],
  ['Reshape', [], [1, 1], {}, [1, 1]],
  ['Reshape', [1], [], {}, []],
  ['Reshape', ['N', 3, 4], [0, -1], {}, ['N', 12]],
  ['Reshape', ['N', 4], [-1, 4], {}, ['N', 4]],
  ['Reshape', ['N', 4], [-1, 2], {}, ['2*N', 2]],
  ['Reshape', ['N', 4], [1, -1], {}, [1, '4*N']],
  ['Reshape', ['N', 4], [-1, 3], {}, undefined],
  ['Reshape', ['N', 'M', 4], [0, 0, -1], {}, ['N', 'M', 4]],
  ['Reshape', ['N', 4], [2, 4], {}, [2, 4]],
  ['Reshape', [0, 4], [0, -1], {}, [0, 4]],
  ['Reshape', [0, 4], [4, 0], { allowzero: true }, [4, 0]],
  ['Flatten', [2, 3, 4], undefined, {}, [2, 12]],
  ['Flatten', [2, 3, 4], undefined, { axis: 0 }, [1, 24]],
  ['Flatten', [2, 3, 4], undefined, { axis: 3 }, [24, 1]],
  ['Flatten', [2, 3, 4], undefined, { axis: -1 }, [6, 4]],
  ['Flatten', ['N', 3, 4], undefined, {}, ['N', 12]],
  ['Flatten', [], undefined, { axis: 0 }, [1, 1]],
  ['Squeeze', [1, 3, 1], undefined, {}, [3]],
  ['Squeeze', [1, 3, 1], [-1], {}, [1, 3]],
  ['Squeeze', ['N', 3, 1], [2], {}, ['N', 3]],
  ['Squeeze', ['N', 3, 1], undefined, {}, undefined],
  ['Unsqueeze', [3], [0, -1], {}, [1, 3, 1]],
  ['Unsqueeze', ['N', 3], [1], {}, ['N', 1, 3]],
  ['Unsqueeze', [], [0], {}, [1]],
  ['Identity', ['N', 3], undefined, {}, ['N', 3]],
  ['Dropout', [2, 3], undefined, {}, [2, 3]],
];

const wrong: [string, string, Shape, number[] | undefined, Attributes][] = [
  ['cannot be reshaped', 'Reshape', [2, 3], [4, 2], {}],
  ['cannot be reshaped', 'Reshape', [2, 3], [4, -1], {}],
  ['cannot be reshaped', 'Reshape', [2, 3], [0, 0, -1, 5], {}],
  ['more than one -1', 'Reshape', [2, 3], [-1, -1], {}],
  ['below -1', 'Reshape', [2, 3], [-2, 3], {}],
  ['no such axis', 'Reshape', [2], [2, 0], {}],
  ['both 0 and -1', 'Reshape', [0, 4], [0, -1], { allowzero: true }],
  ['axis 3 is out of range', 'Flatten', [2, 3], undefined, { axis: 3 }],
  ['axis 1 has extent 3', 'Squeeze', [1, 3], [1], {}],
  ['out of range', 'Squeeze', [1, 3], [2], {}],
  ['name one axis twice', 'Unsqueeze', [3], [0, 0], {}],
  ['name one axis twice', 'Unsqueeze', [3], [0, -3], {}],
];

const list = (data: number[]) => ({ shape: [data.length], dtype: 'int64' as const, data, constant: true });
const cases: OpCase[] = [
  { op: 'Reshape', inputs: [{ shape: [2, 3, 5] }, list([5, -1])] },
  { op: 'Flatten', inputs: [{ shape: [2, 3, 5] }] },
  { op: 'Squeeze', inputs: [{ shape: [2, 1, 5] }, list([1])] },
  { op: 'Unsqueeze', inputs: [{ shape: [2, 5], dtype: 'int32' as const }, list([1])] },
  { op: 'Identity', inputs: [{ shape: [0, 5] }] },
  { op: 'Dropout', inputs: [{ shape: [33] }, { shape: [], data: [0.3], constant: true }] },
].map((given) => ({ ...given, name: given.op, tolerance: tolerances.exact }));

describe('operators that only change the shape', () => {
  it.each(shapes)('%s of [%s] by %s %o', (op, shape, by, attributes, expected) =>
    expect(inferred(op, shape, by, attributes)).toEqual(expected),
  );
  it.each(wrong)('refuses: %s (%s)', (message, op, shape, by, attributes) =>
    expect(() => inferred(op, shape, by, attributes)).toThrow(message),
  );
  it.each(cases)('$name leaves the data as it is', (opCase) => checkOp(opCase));
  it.each(cases)('$name runs no kernel', (opCase) =>
    expect(buildPlan(caseGraph(opCase).graph, defaultFacts).pipelines).toEqual([]),
  );
  it.each([
    ['off', [0.5], [false]],
    ['on, with a ratio of 0', [0], [true]],
  ])('Dropout with training_mode %s is the input', (_, ratio, training) => {
    const one = (dtype: 'float32' | 'bool', value: number) => ({ shape: [], dtype, data: [value], constant: true });
    const inputs = [{ shape: [5] }, one('float32', ratio[0] as number), one('bool', Number(training[0]))];
    return checkOp({ name: 'Dropout', op: 'Dropout', inputs, tolerance: tolerances.exact });
  });
  it.each([
    ['mask', 2, []],
    ['training', 1, ['ratio', 'training']],
  ] as const)('refuses Dropout with %s', (message, outputs, more) => {
    const builder = new GraphBuilder();
    const x = builder.input('x', 'float32', [3]);
    builder.constant('ratio', new Tensor('float32', [0.5], []));
    builder.constant('training', new Tensor('bool', [true], []));
    builder.node('Dropout', [x, ...more], {}, outputs);
    expect(() => inferShapes(builder.build())).toThrow(message);
  });
});
