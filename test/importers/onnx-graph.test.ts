import { describe, expect, it } from 'vitest';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { constant, errorOf, importModel, info, type ModelParts, modelBytes, node } from './models.js';

const relu = (from: string, to: string, name = '') => node('Relu', [from], [to], {}, { name });

describe('a graph', () => {
  it('with nodes out of order is sorted; one in order stays', () => {
    const nodes = [relu('b', 'y', 'last'), relu('a', 'b', 'middle'), relu('x', 'a', 'first'), relu('x', 'z', 'alone')];
    expect(importModel({ nodes }).nodes.map(({ name }) => name)).toEqual(['first', 'middle', 'last', 'alone']);
    const inOrder = [relu('x', 'z', 'alone'), relu('x', 'a', 'first'), relu('a', 'b', 'middle'), relu('b', 'y', 'last')];
    expect(importModel({ nodes: inOrder }).nodes.map(({ name }) => name)).toEqual(['alone', 'first', 'middle', 'last']);
  });

  it('has initializers as constants, not as inputs', () => {
    const graph = importModel({
      nodes: [node('Add', ['x', 'w'], ['y'])],
      inputs: [info('x', [2]), info('w', [2])],
      initializers: [constant('w', 'float32', [2], [1, 2])],
    });
    expect(graph.inputs).toEqual(['x']);
  });

  it('names extents that are not known', () => {
    const graph = importModel({
      nodes: [node('Relu', ['x'], ['y']), node('Relu', ['free'], ['z'])],
      inputs: [info('x', ['batch', '', 3, '']), info('w', ['dim0_of_v']), info('v', ['']), info('free')],
      outputs: [info('y', ['', 'anything', 3, 4]), info('z')],
    });
    expect(graph.values.get('x')?.shape).toEqual(['batch', 'dim1_of_x', 3, 'dim3_of_x']);
    expect(graph.values.get('v')?.shape).toEqual(['dim0_of_v_1']);
    expect(graph.values.get('free')?.shape).toBeUndefined();
    expect(graph.values.get('y')?.shape).toEqual(['dim0_of_y', 'anything', 3, 4]);
  });

  it('may have odd names', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '名前', 'a/b:0', ' ', '\u0000'];
    for (const name of names) {
      const graph = importModel({
        nodes: [node('Add', [name, `${name}w`], [`${name}y`], {}, { name })],
        inputs: [info(name, [name])],
        outputs: [info(`${name}y`)],
        initializers: [constant(`${name}w`, 'float32', [1], [1])],
      });
      expect(graph.inputs).toEqual([name]);
      expect(graph.nodes[0]?.name).toBe(name);
      expect(graph.values.get(name)?.shape).toEqual([name]);
      expect(graph.values.get(`${name}w`)?.tensor?.size).toBe(1);
    }
  });

  it('has nodes with names of their own', () => {
    const nodes = [relu('x', 'a', 'n'), relu('a', 'b', 'n'), relu('b', 'c'), relu('c', 'y', 'n_1')];
    expect(importModel({ nodes }).nodes.map(({ name }) => name)).toEqual(['n', 'n_1', 'c', 'n_1_1']);
  });

  it('may have no nodes', () => {
    expect(importModel({ nodes: [], outputs: [info('x')] })).toMatchObject({ nodes: [], inputs: ['x'], outputs: ['x'] });
  });

  it('may be of the domain ai.onnx, and import others', () => {
    const opsets = [
      { domain: 'ai.onnx.ml', version: 2 },
      { domain: 'ai.onnx', version: 13 },
    ];
    const nodes = [node('Relu', ['x'], ['y'], {}, { domain: 'ai.onnx' })];
    expect(importModel({ nodes, more: { opsets } }).nodes[0]?.op).toBe('Relu');
  });

  it.each<[string, ModelParts, RegExp]>([
    ['a cycle', { nodes: [relu('b', 'a'), relu('a', 'b'), relu('x', 'y')] }, /cycle/],
    ['a node that reads itself', { nodes: [relu('y', 'y')] }, /cycle/],
    ['a value that nothing produces', { nodes: [relu('missing', 'y', 'n')] }, /'n' reads 'missing', which nothing produces/],
    ['an output that nothing produces', { outputs: [info('nothing')] }, /'nothing' is never produced/],
    ['an output of two nodes', { nodes: [relu('x', 'y'), relu('x', 'y')] }, /'y' is produced twice/],
    ['an output with the name of an input', { nodes: [relu('x', 'x')] }, /'x' is produced twice/],
    ['an output with the name of a constant', { initializers: [constant('y', 'float32', [], [0])] }, /'y' is produced twice/],
    [
      'two constants of one name',
      { initializers: [constant('w', 'float32', [], [0]), constant('w', 'float32', [], [0])] },
      /two constants are named 'w'/,
    ],
    ['two inputs of one name', { inputs: [info('x', [1]), info('x', [1])] }, /'x' is twice/],
    ['two outputs of one name', { outputs: [info('y'), info('y')] }, /'y' is twice/],
    ['an input without a name', { inputs: [info('x', [1]), info('', [1])] }, /no name/],
    ['a negative extent', { inputs: [info('x', [-1])] }, /dimension 0 is -1/],
    ['a huge extent', { inputs: [info('x', [2 ** 40])] }, /out of range/],
    ['no graph', { more: { graph: undefined as never } }, /no graph/],
    ['no IR version', { more: { irVersion: 0 } }, /no ONNX IR version/],
    ['no opset', { more: { opsets: [] } }, /no opset version/],
    ['opset 0', { opset: 0 }, /opset version 0/],
    [
      'an attribute that the operator lacks',
      { nodes: [node('Relu', ['x'], ['y'], { __proto__x: 1 })] },
      /'__proto__x' is not one/,
    ],
    ['an attribute called constructor', { nodes: [node('Relu', ['x'], ['y'], { constructor: 1 })] }, /'constructor' is not one/],
    ['an internal attribute', { nodes: [node('Relu', ['x'], ['y'], { epilogue: [1] })] }, /epilogue/],
    ['an attribute of the wrong type', { nodes: [node('LeakyRelu', ['x'], ['y'], { alpha: 'x' })] }, /must be a number/],
    ['too many outputs', { nodes: [node('Relu', ['x'], ['y', 'z'])] }, /1 to 1 outputs/],
  ])('is refused: %s', (_, parts, message) => {
    const error = errorOf(() => importModel(parts));
    expect(error.code).toBe('invalid-model');
    expect(error.message).toMatch(message);
  });

  it.each<[string, ModelParts, RegExp]>([
    ['opset 999', { opset: 999 }, /opset version 999 is not supported \(1 to/],
    [
      'a model of another domain alone',
      {
        nodes: [node('Adam', ['x'], ['y'], {}, { domain: 'ai.onnx.preview.training' })],
        more: { opsets: [{ domain: 'ai.onnx.preview.training', version: 1 }] },
      },
      /ai\.onnx\.preview\.training\.Adam/,
    ],
    ['IR version 2', { more: { irVersion: 2 } }, /IR version 2/],
    ['IR version 999', { more: { irVersion: 999 } }, /IR version 999/],
    ['an input that is no tensor', { inputs: [{ name: 'x' }] }, /'x' is not a tensor/],
  ])('is not supported: %s', (_, parts, message) => {
    const error = errorOf(() => importModel(parts));
    expect(error.code).toBe('unsupported-model');
    expect(error.message).toMatch(message);
  });

  it('has all its unknown operators named at once', () => {
    const nodes = [
      node('Foo', ['x'], ['a'], {}, { name: 'first' }),
      node('Bar', ['a'], ['b'], {}, { name: 'second', domain: 'com.example' }),
      relu('b', 'c'),
      node('Foo', ['c'], ['y']),
      node('constructor', ['x'], ['z'], {}, { domain: '__proto__' }),
    ];
    const error = errorOf(() => importModel({ nodes }));
    expect(error.code).toBe('unsupported-model');
    expect(error.message).toBe(
      'these operators are not supported: Foo (first, y); com.example.Bar (second); __proto__.constructor (z)',
    );
    const many = Array.from({ length: 1000 }, (_, i) => node('Foo', ['x'], [`v${i}`]));
    expect(errorOf(() => importModel({ nodes: many })).message).toMatch(/v9 and 990 more\)$/);
  });

  it('with an attribute twice is refused', () => {
    const twice = node('LeakyRelu', ['x'], ['y'], { alpha: { float: 1 } });
    const nodes = [{ ...twice, attributes: [...twice.attributes, ...twice.attributes] }];
    expect(errorOf(() => importModel({ nodes })).message).toMatch(/LeakyRelu 'y': attribute 'alpha' appears twice/);
  });

  it('leaves the bytes as they were', () => {
    const bytes = modelBytes();
    const before = bytes.slice();
    importOnnx(bytes);
    expect(bytes).toEqual(before);
  });
});
