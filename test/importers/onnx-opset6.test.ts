import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import type { Graph } from '../../src/graph/graph.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { constant, constantsOf, errorOf, importModel, info, type ModelParts, node } from './models.js';

/** Imports nodes of opset 6 from x [1, 2, 3, 1] and b [2] to y. */
const old = (nodes: ReturnType<typeof node>, parts: ModelParts = {}): Graph =>
  importModel({ opset: 6, nodes: [nodes], inputs: [info('x', [1, 2, 3, 1]), info('b', [2])], outputs: [info('y')], ...parts });

const x = new Tensor('float32', [1, 2, 3, -4, -5, -6], [1, 2, 3, 1]);
const b = new Tensor('float32', [10, 20]);
const run = (graph: Graph): number[] =>
  [
    ...(
      runGraph(
        graph,
        new Map([
          ['x', x],
          ['b', b],
        ]),
      ).get('y') as Tensor
    ).data,
  ] as number[];

describe('opset 1 to 6', () => {
  it.each([
    [1, [2]],
    [-3, [2]],
  ])('Add broadcasts from axis %i on', (axis) => {
    const graph = old(node('Add', ['x', 'b'], ['y'], { broadcast: 1, axis }));
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Unsqueeze', 'Add']);
    expect(run(graph)).toEqual([11, 12, 13, 16, 15, 14]);
  });

  it('broadcasts from the last axes without an axis, and not without broadcast', () => {
    const inputs = [info('x', [1, 2, 3, 2]), info('b', [2])];
    for (const attributes of [{ broadcast: 1 }, { broadcast: 1, axis: 3 }, { axis: 1 }]) {
      expect(old(node('Mul', ['x', 'b'], ['y'], attributes), { inputs }).nodes.map(({ op }) => op)).toEqual(['Mul']);
    }
  });

  it('refuses axes that do not fit and ranks that are not known', () => {
    expect(errorOf(() => old(node('Add', ['x', 'b'], ['y'], { broadcast: 1, axis: 4 }))).code).toBe('invalid-model');
    const nodes = [node('Relu', ['x'], ['r']), node('Add', ['r', 'b'], ['y'], { broadcast: 1, axis: 1 })];
    expect(errorOf(() => old(nodes[0]!, { nodes })).message).toMatch(/the rank of 'r' must be declared/);
  });

  it('PRelu has a slope for each channel', () => {
    expect(run(old(node('PRelu', ['x', 'b'], ['y'])))).toEqual([1, 2, 3, -80, -100, -120]);
  });

  it('Cast names its type', () => {
    expect(old(node('Cast', ['x'], ['y'], { to: 'INT32' })).nodes[0]?.attributes.to).toBe('int32');
    expect(old(node('Cast', ['x'], ['y'], { to: 'DOUBLE' })).nodes[0]?.attributes.to).toBe('float64');
    expect(errorOf(() => old(node('Cast', ['x'], ['y'], { to: 'STRING' }))).code).toBe('unsupported-model');
  });

  it('Concat is over axis 1', () => {
    expect(old(node('Concat', ['x', 'x'], ['y']), { opset: 1 }).nodes[0]?.attributes.axis).toBe(1);
  });

  it('attributes that are inputs now', () => {
    const reshaped = old(node('Reshape', ['x'], ['y'], { shape: [2, 3] }), { opset: 1 });
    expect([...constantsOf(reshaped).values()]).toEqual([[2, 3]]);
    const padded = old(node('Pad', ['x'], ['y'], { paddings: [0, 0, 1, 0, 0, 0, 1, 0] }), { opset: 1 });
    expect([...constantsOf(padded).values()]).toEqual([[0, 0, 1, 0, 0, 0, 1, 0]]);
    const scaled = old(node('Upsample', ['x'], ['y'], { height_scale: { float: 2 }, width_scale: { float: 3 } }), { opset: 1 });
    expect([...constantsOf(scaled).values()]).toEqual([[1, 1, 2, 3]]);
  });

  it('attributes that are gone', () => {
    expect(old(node('Relu', ['x'], ['y'], { consumed_inputs: [0] }), { opset: 1 }).nodes[0]?.op).toBe('Relu');
    expect(old(node('Dropout', ['x'], ['y'], { is_test: 1 })).nodes[0]?.op).toBe('Dropout');
    const matrices = {
      inputs: [info('x', [2, 3])],
      initializers: [constant('w', 'float32', [3, 4], new Array(12).fill(1)), constant('c', 'float32', [4], [0, 0, 0, 0])],
    };
    expect(old(node('Gemm', ['x', 'w', 'c'], ['y'], { broadcast: 1 }), matrices).nodes[0]?.op).toBe('Gemm');
    expect(errorOf(() => old(node('Tile', ['x', 'b', 'b'], ['y']))).code).toBe('unsupported-model');
    const initializers = [
      constant('times', 'float32', [1], [2]),
      constant('axis', 'float32', [], [1]),
      constant('four', 'int64', [], [4]),
    ];
    const tiled = (axis: string) => old(node('Tile', ['x', 'times', axis], ['y']), { initializers });
    expect(run(tiled('axis'))).toEqual([1, 2, 3, -4, -5, -6, 1, 2, 3, -4, -5, -6]);
    expect(errorOf(() => tiled('four')).code).toBe('invalid-model');
  });
});
