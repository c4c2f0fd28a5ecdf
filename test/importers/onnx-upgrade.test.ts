import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import type { Graph } from '../../src/graph/graph.js';
import { fromNumbers } from '../../src/tensor/convert.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { constant, constantsOf, errorOf, importModel, info, type ModelParts, node } from './models.js';

/** Imports the node `op` from x (and constants) to y. */
const importNode = (opset: number, made: ReturnType<typeof node>, parts: ModelParts = {}): Graph =>
  importModel({ opset, nodes: [made], inputs: [info('x', [2, 3, 4, 4])], outputs: [info('y')], ...parts });

/** The only node, with the data of its constant inputs in their places. */
const only = (graph: Graph) => {
  const [first, ...others] = graph.nodes;
  if (!first || others.length > 0) throw new Error(`${graph.nodes.length} nodes`);
  const constants = constantsOf(graph);
  return { ...first, inputs: first.inputs.map((name) => constants.get(name) ?? name) };
};

const ints = (name: string, ...numbers: number[]) => constant(name, 'int64', [numbers.length], numbers);
const scalar = (name: string, value: number) => constant(name, 'float32', [], [value]);

describe('older forms of operators', () => {
  it('Clip: bounds as attributes', () => {
    const bounds = { min: { float: -1 }, max: { float: 6 } };
    expect(only(importNode(7, node('Clip', ['x'], ['y'], bounds)))).toMatchObject({
      inputs: ['x'],
      attributes: { min: -1, max: 6 },
    });
    expect(errorOf(() => importNode(11, node('Clip', ['x'], ['y'], bounds))).code).toBe('invalid-model');
  });

  it('Clip: bounds as constant inputs, either of them absent', () => {
    const initializers = [scalar('low', -1), scalar('high', 6)];
    const clip = (...inputs: string[]) => only(importNode(13, node('Clip', ['x', ...inputs], ['y']), { initializers }));
    expect(clip('low', 'high')).toMatchObject({ inputs: ['x'], attributes: { min: -1, max: 6 } });
    expect(clip('low')).toMatchObject({ inputs: ['x'], attributes: { min: -1, max: Number.POSITIVE_INFINITY } });
    expect(clip('', 'high')).toMatchObject({ inputs: ['x'], attributes: { min: Number.NEGATIVE_INFINITY, max: 6 } });
  });

  it('Clip: bounds through Identity nodes, computed bounds and bounds of two numbers', () => {
    const nodes = [node('Clip', ['x', 'i'], ['y']), node('Identity', ['low'], ['i'])];
    expect(importModel({ nodes, initializers: [scalar('low', 2)] }).nodes[0]).toMatchObject({
      op: 'Clip',
      attributes: { min: 2 },
    });
    const computed = errorOf(() => importModel({ nodes: [node('Clip', ['x', 'x'], ['y'], {}, { name: 'c' })] }));
    expect(computed).toMatchObject({ code: 'invalid-model', node: 'c' });
    const initializers = [constant('low', 'float32', [2], [0, 1])];
    expect(errorOf(() => importNode(13, node('Clip', ['x', 'low'], ['y']), { initializers })).code).toBe('invalid-model');
  });

  it.each([
    ['both', ['low', 'high'], [-1, 0, 2, 2]],
    ['low', ['low'], [-1, 0, 3, 9]],
    ['high', ['', 'high'], [-5, 0, 2, 2]],
    ['both, with high below low', ['high', 'low'], [-1, -1, -1, -1]],
  ])('Clip: computed bounds: %s', (_, bounds, expected) => {
    const names = ['low', 'high'];
    const inputs = [info('x', [4]), ...names.map((name) => info(name, []))];
    const graph = importModel({ nodes: [node('Clip', ['x', ...bounds], ['y'])], inputs });
    const feeds = new Map([
      ['x', new Tensor('float32', [-5, 0, 3, 9])],
      ['low', new Tensor('float32', [-1], [])],
      ['high', new Tensor('float32', [2], [])],
    ]);
    expect([...(runGraph(graph, feeds).get('y') as Tensor).data]).toEqual(expected);
  });

  it.each([
    ['ReduceLogSum', [1, 2, 3, 4], Math.log(10)],
    ['ReduceLogSumExp', [1, 2, 3, 4], Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3) + Math.exp(4))],
    ['ReduceLogSumExp', [1000, 1000, 0, -1000], 1000 + Math.log(2)],
    ['ReduceLogSumExp', [Number.POSITIVE_INFINITY, 0, 0, 0], Number.POSITIVE_INFINITY],
    ['ReduceLogSumExp', [1, 2, 3, 4].map(() => Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY],
  ])('%s of %j', (op, numbers, expected) => {
    for (const keepdims of [0, 1]) {
      const graph = importNode(13, node(op, ['x'], ['y'], { axes: [1], keepdims }), { inputs: [info('x', [1, 4])] });
      const y = runGraph(graph, new Map([['x', new Tensor('float32', numbers, [1, 4])]])).get('y') as Tensor;
      expect(y.dims).toEqual(keepdims ? [1, 1] : [1]);
      expect(y.data[0]).toBeCloseTo(expected, 3);
    }
  });

  it('GridSample of opset 16, and the places of tf_half_pixel_for_nn', () => {
    const grid = { inputs: [info('x', [1, 1, 4, 4]), info('g', [1, 2, 2, 2])] };
    const sample = (mode: string) => only(importNode(16, node('GridSample', ['x', 'g'], ['y'], { mode }), grid)).attributes.mode;
    expect(['bilinear', 'nearest', 'bicubic'].map(sample)).toEqual(['linear', 'nearest', 'cubic']);
    const initializers = [constant('scales', 'float32', [4], [1, 1, 2, 2])];
    const coordinates = { coordinate_transformation_mode: 'tf_half_pixel_for_nn' };
    const resize = (given: object) =>
      importNode(11, node('Resize', ['x', '', 'scales'], ['y'], { ...coordinates, ...given }), { initializers });
    const half = { coordinate_transformation_mode: 'half_pixel' };
    expect(only(resize({ nearest_mode: 'floor' })).attributes).toMatchObject({ ...half, nearest_mode: 'round_prefer_ceil' });
    expect(only(resize({})).attributes).toMatchObject({ ...half, nearest_mode: 'ceil' });
    expect(errorOf(() => resize({ nearest_mode: 'ceil' })).code).toBe('unsupported-model');
  });

  it('Identity nodes in a circle end', () => {
    const nodes = [node('Identity', ['b'], ['a']), node('Identity', ['a'], ['b']), node('Clip', ['x', 'a'], ['y'])];
    expect(errorOf(() => importModel({ nodes })).code).toBe('invalid-model');
  });

  it.each([
    ['Squeeze', 11, 'axes', [0]],
    ['Unsqueeze', 9, 'axes', [0]],
    ['ReduceSum', 11, 'axes', [1, 2]],
    ['ReduceMean', 13, 'axes', [2, 3]],
    ['ReduceMax', 12, 'axes', [-1]],
    ['Pad', 10, 'pads', [0, 0, 1, 1, 0, 0, 1, 1]],
    ['Split', 11, 'split', [1, 2]],
  ])('%s at opset %i: %s is an input now', (op, opset, name, list) => {
    const outputs = op === 'Split' ? ['y', 'z'] : ['y'];
    const made = node(op, ['x'], outputs, { [name]: list });
    expect(only(importNode(opset, made)).inputs).toEqual(['x', list]);
    expect(errorOf(() => importNode(21, made)).message).toMatch(`'${name}' is not one`);
  });

  it('names of new constants are fresh', () => {
    const graph = importModel({
      opset: 11,
      nodes: [node('Squeeze', ['x'], ['y'], { axes: [0] }, { name: 'n' }), node('Relu', ['y'], ['n.axes'])],
      inputs: [info('x', [1, 2])],
      initializers: [constant('n.axes_1', 'float32', [], [0])],
    });
    expect(graph.nodes[0]?.inputs).toEqual(['x', 'n.axes_2']);
  });

  it('Slice, with and without axes', () => {
    const bounds = { starts: [0, 1], ends: [2, 2 ** 53] };
    expect(only(importNode(9, node('Slice', ['x'], ['y'], bounds))).inputs).toEqual(['x', [0, 1], [2, 2 ** 53]]);
    expect(only(importNode(9, node('Slice', ['x'], ['y'], { ...bounds, axes: [2, 3] }))).inputs[3]).toEqual([2, 3]);
  });

  it('Pad with a value', () => {
    const made = node('Pad', ['x'], ['y'], { pads: [0, 0, 1, 1, 0, 0, 1, 1], value: { float: 2.5 }, mode: 'constant' });
    expect(only(importNode(7, made)).inputs).toEqual(['x', [0, 0, 1, 1, 0, 0, 1, 1], [2.5]]);
  });

  it('Split into equal parts', () => {
    expect(only(importNode(13, node('Split', ['x'], ['y', 'z'], { axis: 2 }))).attributes).toMatchObject({
      axis: 2,
      num_outputs: 2,
    });
  });

  it('Dropout', () => {
    expect(only(importNode(7, node('Dropout', ['x'], ['y', 'mask'], { ratio: { float: 0.5 } })))).toMatchObject({
      inputs: ['x'],
      outputs: ['y'],
    });
    const initializers = [scalar('ratio', 0.5), constant('off', 'bool', [], [0]), constant('on', 'bool', [], [1])];
    const dropout = (mode: string) => importNode(13, node('Dropout', ['x', 'ratio', mode], ['y'], { seed: 1 }), { initializers });
    expect(only(dropout('off')).inputs).toEqual(['x']);
    expect(errorOf(() => dropout('on')).message).toMatch(/training_mode is not supported/);
    // What is fed is looked at when a plan is made; a ratio of 0 drops nothing.
    expect(only(dropout('x')).inputs).toEqual(['x', [0.5], 'x']);
    const masked = { nodes: [node('Dropout', ['x'], ['y', 'mask'])], outputs: [info('y'), info('mask')] };
    const graph = importModel(masked);
    const mask = runGraph(graph, new Map([['x', new Tensor('float32', new Float32Array(6), [2, 3])]])).get('mask');
    expect(mask).toMatchObject({ type: 'bool', dims: [2, 3], data: new Uint8Array(6).fill(1) });
    expect(errorOf(() => importModel({ ...masked, opset: 7 })).message).toMatch(/output 'mask' is not supported/);
  });

  it('Resize of opset 10', () => {
    const initializers = [constant('scales', 'float32', [4], [1, 1, 2, 2])];
    expect(only(importNode(10, node('Resize', ['x', 'scales'], ['y'], { mode: 'linear' }), { initializers }))).toMatchObject({
      inputs: ['x', '', [1, 1, 2, 2]],
      attributes: { mode: 'linear', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    });
  });

  it('Resize with empty tensors for absent inputs', () => {
    const initializers = [constant('empty', 'float32', [0], []), ints('sizes', 2, 3, 8, 8)];
    const made = node('Resize', ['x', 'empty', 'empty', 'sizes'], ['y']);
    expect(only(importNode(13, made, { initializers })).inputs).toEqual(['x', '', '', [2, 3, 8, 8]]);
  });

  it('Upsample', () => {
    const initializers = [constant('scales', 'float32', [4], [1, 1, 2, 2])];
    const expected = {
      op: 'Resize',
      inputs: ['x', '', [1, 1, 2, 2]],
      attributes: { coordinate_transformation_mode: 'asymmetric' },
    };
    expect(only(importNode(9, node('Upsample', ['x', 'scales'], ['y']), { initializers }))).toMatchObject(expected);
    const made = node('Upsample', ['x'], ['y'], { scales: { floats: [1, 1, 2, 2] }, mode: 'bilinear' });
    expect(only(importNode(7, made))).toMatchObject({ ...expected, attributes: { mode: 'linear', nearest_mode: 'floor' } });
  });

  it('attributes that say nothing', () => {
    expect(only(importNode(13, node('Cast', ['x'], ['y'], { to: 7 }))).attributes).toMatchObject({ to: 'int64' });
    expect(only(importNode(21, node('Cast', ['x'], ['y'], { to: 10, saturate: 1, round_mode: 'up' }))).attributes.to).toBe(
      'float16',
    );
  });

  const sums = (op: string, count: number, opset = 13) =>
    importNode(opset, node(op, Array<string>(count).fill('x'), ['y'], {}, { name: 'n' }));
  it('Sum of any number of inputs', () => {
    expect(only(sums('Sum', 1))).toMatchObject({ op: 'Identity', inputs: ['x'], outputs: ['y'] });
    const graph = sums('Sum', 3);
    expect(graph.nodes.map(({ op, inputs, outputs }) => [op, inputs, outputs])).toEqual([
      ['Add', ['x', 'x'], ['n.0']],
      ['Add', ['n.0', 'x'], ['y']],
    ]);
  });

  it('Mean of any number of inputs', () => {
    const graph = sums('Mean', 4);
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Add', 'Add', 'Add', 'Mul']);
    expect(constantsOf(graph).get(graph.nodes[3]?.inputs[1] ?? '')).toEqual([0.25]);
  });

  it('Max and Min of any number of inputs', () => {
    for (const op of ['Max', 'Min']) expect(sums(op, 3).nodes.map((n) => n.op)).toEqual([op, op]);
  });

  it('Softmax', () => {
    const softmax = (opset: number, axis: Record<string, number>) =>
      only(importNode(opset, node('Softmax', ['x'], ['y'], axis))).attributes;
    expect(softmax(11, {})).toMatchObject({ axis: 1, toEnd: true });
    expect(softmax(11, { axis: 2 })).toMatchObject({ axis: 2, toEnd: true });
    expect(softmax(11, { axis: -1 })).toMatchObject({ axis: -1, toEnd: false });
    expect(softmax(13, {})).toMatchObject({ axis: -1, toEnd: false });
    expect(errorOf(() => softmax(13, { toEnd: 1 })).code).toBe('invalid-model');
  });

  it('Hardmax', () => {
    expect(only(importNode(12, node('Hardmax', ['x'], ['y']))).attributes).toMatchObject({ axis: 1, toEnd: true });
    expect(only(importNode(13, node('Hardmax', ['x'], ['y']))).attributes).toMatchObject({ axis: -1, toEnd: false });
  });

  it('BatchNormalization', () => {
    const initializers = ['s', 'b', 'm', 'v'].map((name) => constant(name, 'float32', [3], [1, 2, 3]));
    const inputs = ['x', 's', 'b', 'm', 'v'];
    const made = node('BatchNormalization', inputs, ['y', 'a', 'c'], {
      epsilon: { float: 0.5 },
      momentum: { float: 1 },
      spatial: 1,
    });
    expect(only(importNode(7, made, { initializers }))).toMatchObject({ outputs: ['y'], attributes: { epsilon: 0.5 } });
    const bad = (attributes: Record<string, number>) =>
      errorOf(() => importNode(8, node('BatchNormalization', inputs, ['y'], attributes), { initializers })).code;
    expect(bad({ spatial: 0 })).toBe('unsupported-model');
    expect(bad({ training_mode: 1 })).toBe('unsupported-model');
  });

  it('BatchNormalization in training mode', () => {
    const names = ['s', 'b', 'm', 'v'];
    const initializers = names.map((name, i) => constant(name, 'float32', [2], [i + 1, i + 2]));
    const attributes = { training_mode: 1, epsilon: { float: 0 }, momentum: { float: 0.75 } };
    const nodes = [node('BatchNormalization', ['x', ...names], ['y', 'mean', 'variance'], attributes)];
    const parts = { initializers, inputs: [info('x', [2, 2])], outputs: ['y', 'mean', 'variance'].map((name) => info(name)) };
    // The channels have mean 2 and 10, variance 1 and 16.
    const results = runGraph(importModel({ nodes, ...parts }), new Map([['x', new Tensor('float32', [1, 6, 3, 14], [2, 2])]]));
    const dataOf = (name: string) => [...(results.get(name) as Tensor).data];
    expect(dataOf('y')).toEqual([-1 + 2, -2 + 3, 1 + 2, 2 + 3]);
    expect(dataOf('mean')).toEqual([0.75 * 3 + 0.25 * 2, 0.75 * 4 + 0.25 * 10]);
    expect(dataOf('variance')).toEqual([0.75 * 4 + 0.25 * 1, 0.75 * 5 + 0.25 * 16]);
    const undeclared = [node('Relu', ['x'], ['r']), node('BatchNormalization', ['r', ...names], ['y'], { training_mode: 1 })];
    expect(errorOf(() => importModel({ initializers, nodes: undeclared })).message).toMatch(/the rank of 'r' is not declared/);
  });

  it('MaxPool', () => {
    const pool = (outputs: string[], more: ModelParts = {}) =>
      importNode(12, node('MaxPool', ['x'], outputs, { kernel_shape: [2, 2], storage_order: 1 }), more);
    expect(only(pool(['y', 'indices'])).outputs).toEqual(['y']);
    const read = pool(['y', 'indices'], { outputs: [info('y'), info('indices')] });
    expect(only(read)).toMatchObject({ outputs: ['y', 'indices'], attributes: { storage_order: 1 } });
  });

  it('TopK', () => {
    expect(only(importNode(9, node('TopK', ['x'], ['y', 'i'], { k: 2 }))).inputs).toEqual(['x', [2]]);
  });

  it('tensor attributes are read', () => {
    const value = new Tensor('int64', fromNumbers('int64', [7]), [1]);
    const made = node('ConstantOfShape', ['shape'], ['y'], { value });
    const graph = importNode(9, made, { initializers: [ints('shape', 2)] });
    expect((only(graph).attributes.value as Tensor).data).toEqual(BigInt64Array.of(7n));
  });
});
