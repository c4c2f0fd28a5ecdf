import { Tensor } from '../../../src/tensor/tensor.js';
import { constant, info, node, subgraph, withGraphs } from '../models.js';
import { chain, type HostileCase, model, oneNode } from './cases.js';

const HUGE = 60_000;
const times = (count: number) => Array.from({ length: count }, (_, i) => i);
/** v0 -> v1 -> ... where each node reads the value before it as often as `inputs`. */
const doubling = (count: number, op: string, first: string, inputs = 2, attributes = {}) =>
  times(count).map((i) => {
    const before = i === 0 ? first : `v${i - 1}`;
    return node(op, new Array(inputs).fill(before), [`v${i}`], attributes, { name: `n${i}` });
  });

const alone: HostileCase[] = [
  { name: 'ConstantOfShape', bytes: chain([node('ConstantOfShape', ['s'], ['y'], {}, { name: 'n' })], { s: [HUGE, HUGE] }, 'y') },
  {
    name: 'ConstantOfShape of 2^62',
    bytes: chain([node('ConstantOfShape', ['s'], ['y'], {}, { name: 'n' })], { s: [2 ** 31, 2 ** 31] }, 'y'),
  },
  {
    name: 'ConstantOfShape below the byte budget',
    bytes: chain([node('ConstantOfShape', ['s'], ['y'], {}, { name: 'n' })], { s: [2 ** 28] }, 'y'),
  },
  {
    name: 'Expand of a constant',
    bytes: chain([node('Expand', ['c', 's'], ['y'], {}, { name: 'n' })], { c: { ones: [1] }, s: [HUGE, HUGE] }, 'y'),
  },
  { name: 'Expand of a feed', bytes: oneNode({ op: 'Expand', x: [1], constants: { s: [HUGE, HUGE] } }) },
  { name: 'Expand of a feed of any length', bytes: oneNode({ op: 'Expand', x: [1], constants: { s: [2 ** 40] } }) },
  { name: 'Tile', bytes: oneNode({ op: 'Tile', x: [2, 2], constants: { r: [HUGE, HUGE] } }) },
  {
    name: 'Tile of a constant',
    bytes: chain([node('Tile', ['c', 'r'], ['y'], {}, { name: 'n' })], { c: { ones: [1, 1] }, r: [HUGE, HUGE] }, 'y'),
  },
  { name: 'Pad', bytes: oneNode({ op: 'Pad', x: [1, 1], constants: { p: [HUGE, HUGE, HUGE, HUGE] } }) },
  {
    name: 'Resize by sizes',
    bytes: oneNode({ op: 'Resize', x: [1, 1, 1, 1], constants: { s: [1, 1, HUGE, HUGE] }, inputs: ['', '', 's'] }),
  },
  {
    name: 'OneHot',
    bytes: chain(
      [node('OneHot', ['i', 'd', 'v'], ['y'], {}, { name: 'n' })],
      { i: new Array(4096).fill(1), d: [2 ** 30], v: [0, 1] },
      'y',
    ),
  },
  { name: 'Gather', bytes: oneNode({ op: 'Gather', x: [1, 2 ** 20], constants: { i: new Array(4096).fill(0) } }) },
  { name: 'MatMul of vectors', bytes: oneNode({ op: 'MatMul', x: [2 ** 20, 1], constants: { w: { ones: [1, 4096] } } }) },
  {
    name: 'Conv with huge pads',
    bytes: oneNode({
      op: 'Conv',
      x: [1, 1, 4, 4],
      attributes: { pads: [HUGE, HUGE, HUGE, HUGE] },
      constants: { w: { ones: [1, 1, 1, 1] } },
    }),
  },
  {
    name: 'ConvTranspose with huge strides',
    bytes: oneNode({
      op: 'ConvTranspose',
      x: [1, 1, 4, 4],
      attributes: { strides: [HUGE, HUGE] },
      constants: { w: { ones: [1, 1, 1, 1] } },
    }),
  },
  {
    name: 'MaxPool with huge pads',
    bytes: oneNode({
      op: 'MaxPool',
      x: [1, 1, 4, 4],
      attributes: { kernel_shape: [HUGE, HUGE], pads: [HUGE - 1, HUGE - 1, HUGE - 1, HUGE - 1] },
    }),
  },
  { name: 'Einsum', bytes: oneNode({ op: 'Einsum', x: [2 ** 16], attributes: { equation: 'i,j->ij' }, inputs: ['x'] }) },
  { name: 'Add that broadcasts', bytes: oneNode({ op: 'Add', x: [2 ** 16, 1], constants: { w: { ones: [1, 2 ** 16] } } }) },
  {
    name: 'EyeLike',
    bytes: model({ nodes: [node('EyeLike', ['x'], ['y'], {}, { name: 'n' })], inputs: [info('x', [HUGE, 2 ** 14])] }),
  },
].map((one): HostileCase => ({ ...one, load: 'limit-exceeded' }));

const chains: HostileCase[] = [
  {
    name: '36 doublings of a feed by Concat',
    bytes: model({ nodes: doubling(36, 'Concat', 'x', 2, { axis: 0 }), inputs: [info('x', [2])], outputs: [info('v35')] }),
    load: 'limit-exceeded',
  },
  {
    name: '36 doublings of a constant by Concat',
    bytes: chain(doubling(36, 'Concat', 'c', 2, { axis: 0 }), { c: { ones: [2] } }, 'v35'),
    load: 'limit-exceeded',
  },
  {
    name: '36 doublings of a symbolic extent',
    bytes: model({ nodes: doubling(36, 'Concat', 'x', 2, { axis: 0 }), inputs: [info('x', ['n'])], outputs: [info('v35')] }),
    load: 'limit-exceeded',
  },
  {
    name: '200 doublings',
    bytes: model({ nodes: doubling(200, 'Concat', 'x', 2, { axis: 0 }), inputs: [info('x', [2])], outputs: [info('v199')] }),
    load: 'limit-exceeded',
  },
  {
    name: '36 doublings of extents by Mul',
    bytes: model({
      nodes: [node('Shape', ['x'], ['s']), ...doubling(36, 'Add', 's'), node('Expand', ['x', 'v35'], ['y'])],
      inputs: [info('x', [2])],
    }),
    load: ['limit-exceeded', 'invalid-model'],
  },
  {
    name: 'outer products of outer products',
    bytes: chain(
      [
        node('Mul', ['a', 'b'], ['p'], {}, { name: 'n0' }),
        node('Reshape', ['p', 'column'], ['q']),
        node('Reshape', ['p', 'row'], ['r']),
        node('Mul', ['q', 'r'], ['y'], {}, { name: 'n1' }),
      ],
      { a: { ones: [1024, 1] }, b: { ones: [1, 1024] }, column: [-1, 1], row: [1, -1] },
      'y',
    ),
    load: 'limit-exceeded',
  },
  { name: 'a Range', bytes: chain([node('Range', ['a', 'b', 'd'], ['y'], {}, { name: 'n' })], {}, 'y'), load: 'invalid-model' },
  {
    name: 'a long Range',
    bytes: model({
      nodes: [node('Range', ['a', 'b', 'd'], ['y'], {}, { name: 'n' })],
      inputs: [],
      initializers: [constant('a', 'int64', [], [0]), constant('b', 'int64', [], [2 ** 30]), constant('d', 'int64', [], [1])],
    }),
    load: 'limit-exceeded',
  },
  {
    name: 'an endless Range',
    bytes: model({
      nodes: [node('Range', ['a', 'b', 'd'], ['y'], {}, { name: 'n' })],
      inputs: [],
      initializers: [
        constant('a', 'float32', [], [0]),
        constant('b', 'float32', [], [Number.POSITIVE_INFINITY]),
        constant('d', 'float32', [], [1]),
      ],
    }),
    load: 'invalid-model',
  },
  {
    name: '500 large constants',
    bytes: model({
      nodes: times(500).flatMap((i) => [
        node('ConstantOfShape', ['s'], [`c${i}`]),
        node('Add', [i === 0 ? 'x' : `a${i - 1}`, `c${i}`], [`a${i}`]),
      ]),
      inputs: [info('x', [2 ** 20])],
      outputs: [info('a499')],
      initializers: [constant('s', 'int64', [1], [2 ** 20])],
    }),
    load: 'limit-exceeded',
  },
  {
    name: 'a Range by a feed, too long at the run',
    bytes: model({
      nodes: [node('Range', ['a', 'b', 'd'], ['y'], {}, { name: 'n' })],
      inputs: [info('b', [], 'int64')],
      initializers: [constant('a', 'int64', [], [0]), constant('d', 'int64', [], [1])],
    }),
    feeds: { b: new Tensor('int64', BigInt64Array.of(2n ** 40n), []) },
    run: 'invalid-model',
  },
  {
    name: 'an Expand by a feed, too large at the run',
    bytes: model({
      nodes: [node('Expand', ['x', 's'], ['y'], {}, { name: 'n' })],
      inputs: [info('x', [1]), info('s', [2], 'int64')],
    }),
    feeds: { x: new Tensor('float32', [1]), s: new Tensor('int64', BigInt64Array.of(60000n, 60000n)) },
    run: 'limit-exceeded',
  },
];

/** A Loop of x with a body of these nodes, which carries s to t. */
const looping = (trips: number, nodes: Parameters<typeof subgraph>[1]) => ({
  nodes: [
    withGraphs(node('Loop', ['m', '', 'x'], ['y'], {}, { name: 'n' }), subgraph('body', nodes, ['i', 'c', 's'], ['c', 't'])),
  ],
  inputs: [info('x', [2])],
  initializers: [constant('m', 'int64', [], [trips])],
});
const ones = { x: new Tensor('float32', [1, 1]) };
const stages: HostileCase[] = [
  { name: 'a Loop of 2^62 turns', bytes: model(looping(2 ** 62, [node('Neg', ['s'], ['t'])])), load: 'limit-exceeded' },
  {
    name: 'a NonMaxSuppression of 2^62 boxes',
    bytes: model({
      nodes: [node('NonMaxSuppression', ['b', 'x', 'm'], ['y'], {}, { name: 'n' })],
      inputs: [info('b', [1, 3, 4]), info('x', [1, 2, 3])],
      initializers: [constant('m', 'int64', [1], [2 ** 62])],
    }),
    feeds: {
      b: new Tensor('float32', new Float32Array(12), [1, 3, 4]),
      x: new Tensor('float32', [3, 2, 1, 1, 2, 3], [1, 2, 3]),
    },
    // Boxes without area overlap nothing.
    expected: [[0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 1, 2, 0, 1, 1, 0, 1, 0]],
  },
  {
    name: 'a NonMaxSuppression of a million classes',
    bytes: model({
      nodes: [node('NonMaxSuppression', ['b', 'x', 'm'], ['y'], {}, { name: 'n' })],
      inputs: [info('b', [1, 1000, 4]), info('x', [1, 1_000_000, 1000])],
      initializers: [constant('m', 'int64', [1], [2 ** 40])],
    }),
    load: 'limit-exceeded',
  },
  {
    name: 'Concat of what NonZero counts, doubled 40 times',
    bytes: model({
      nodes: [
        node('NonZero', ['x'], ['p']),
        ...doubling(40, 'Concat', 'p', 2, { axis: 0 }),
        node('Cast', ['v39'], ['y'], { to: 1 }),
      ],
      inputs: [info('x', [2])],
    }),
    feeds: ones,
    run: 'limit-exceeded',
  },
  {
    name: 'an If of two branches that cannot be',
    bytes: model({
      nodes: [
        withGraphs(
          node('If', ['c'], ['y'], {}, { name: 'n' }),
          subgraph('then_branch', [node('Reshape', ['x', 'two'], ['t'])], [], ['t']),
          subgraph('else_branch', [node('Reshape', ['x', 'three'], ['t'])], [], ['t']),
        ),
      ],
      inputs: [info('x', [4]), info('c', [], 'bool')],
      initializers: [constant('two', 'int64', [2], [-1, -1]), constant('three', 'int64', [1], [3])],
    }),
    load: 'invalid-model',
  },
];

export const bombCases: HostileCase[] = [...alone, ...chains, ...stages].map((one) => ({ ...one, name: `bomb: ${one.name}` }));
