import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { Executable } from '../../src/device/executable.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import { withDefaults } from '../../src/ops/attributes.js';
import { operators } from '../../src/ops/index.js';
import { inferShapes } from '../../src/ops/infer.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { caseGraph, checkOp, type OpCase, tensorOf } from '../support/check-op.js';
import { testDevice } from '../support/device.js';

const shapeOf = (shape: number[], attributes = {}): OpCase => ({
  name: `Shape of [${shape}] ${JSON.stringify(attributes)}`,
  op: 'Shape',
  attributes,
  inputs: [{ shape }],
  tolerance: tolerances.exact,
});

const shapes = [
  shapeOf([2, 3, 4]),
  shapeOf([2, 3, 4], { start: 1 }),
  shapeOf([2, 3, 4], { start: -2, end: -1 }),
  shapeOf([2, 3, 4], { start: -9, end: 9 }),
  shapeOf([2, 3, 4], { start: 2, end: 1 }),
  shapeOf([]),
  shapeOf([0, 5]),
];

const constants = [
  { value: undefined, dims: [2, 3] },
  { value: new Tensor('int64', [-3n]), dims: [5] },
  { value: new Tensor('float32', [Number.NaN], []), dims: [33] },
  { value: new Tensor('bool', [true], [1]), dims: [] },
  { value: undefined, dims: [0, 3] },
].map(
  ({ value, dims }): OpCase => ({
    name: `ConstantOfShape ${value?.type} [${dims}]`,
    op: 'ConstantOfShape',
    attributes: { value },
    inputs: [{ shape: [dims.length], dtype: 'int64', data: dims, constant: true }],
    tolerance: tolerances.exact,
  }),
);

/** The kernels run only where no pass has folded the node away: a plan of the graph as it is. */
const checkUnfolded = async ({ op, attributes, inputs, name }: OpCase): Promise<void> => {
  const builder = new GraphBuilder();
  const x = tensorOf(inputs[0]!, 1);
  const given = inputs[0]!.constant ? builder.constant('x', x) : builder.input('x', x.type, x.dims);
  const [y = ''] = builder.node(op, [given], withDefaults(operators.get(op)!.attributes, attributes ?? {}));
  builder.output(y);
  const graph = inferShapes(builder.build());
  const feeds = new Map(inputs[0]!.constant ? [] : [['x', x]]);
  const device = await testDevice();
  const executable = await Executable.load(buildPlan(graph, device.facts), device);
  const actual = (await executable.run(feeds, [y])).get(y);
  executable.dispose();
  const expected = runGraph(graph, feeds).get(y) as Tensor;
  expect({ type: actual?.type, dims: actual?.dims, data: actual?.data }, name).toEqual({
    type: expected.type,
    dims: expected.dims,
    data: expected.data,
  });
};

describe('shape', () => {
  it.each([...shapes, ...constants])('$name', (opCase) => checkOp(opCase));
  it.each([...shapes, ...constants])('$name, not folded', checkUnfolded);
  it('folds away', () => expect(caseGraph(shapes[0] as OpCase).graph.nodes).toEqual([]));
  it('refuses a ConstantOfShape of a negative extent, and one whose value has two elements', () => {
    const [first] = constants as [OpCase];
    const negative = { ...first, inputs: [{ shape: [1], dtype: 'int64' as const, data: [-1], constant: true }] };
    expect(() => caseGraph(negative)).toThrow('negative extent');
    const attributes = { value: new Tensor('float32', [1, 2]) };
    expect(() => caseGraph({ ...first, attributes })).toThrow('must have one element, got 2');
  });
});
