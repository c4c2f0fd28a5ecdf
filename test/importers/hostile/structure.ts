import { Tensor } from '../../../src/tensor/tensor.js';
import { constant, info, modelBytes, node } from '../models.js';
import { type HostileCase, model } from './cases.js';

const good = modelBytes();
const text = (words: string) => () => new TextEncoder().encode(words);
const bytes =
  (...values: number[]) =>
  () =>
    Uint8Array.from(values);
const joined =
  (...parts: (Uint8Array | readonly number[])[]) =>
  () =>
    Uint8Array.from(parts.flatMap((part) => [...part]));
const repeated = (count: number, pattern: readonly number[]) => () => {
  const out = new Uint8Array(count * pattern.length);
  for (let i = 0; i < out.length; i++) out[i] = pattern[i % pattern.length] as number;
  return out;
};
/** A field of the wire format that has a length, around itself, `depth` times. */
const nested = (fields: readonly number[], depth: number) => () => {
  let inner: number[] = [];
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
  for (let i = depth; i-- > 0; )
    inner = [...varint((fields[i % fields.length] as number) * 8 + 2), ...varint(inner.length), ...inner];
  return Uint8Array.from([0x08, 8, 0x3a, ...varint(inner.length), ...inner]);
};
const ramp = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => i - 2);

const container: HostileCase[] = [
  { name: 'empty', bytes: bytes(), load: 'invalid-model', message: 'empty' },
  { name: 'one byte', bytes: bytes(8), load: 'invalid-model' },
  { name: 'zeros', bytes: () => new Uint8Array(1000), load: 'invalid-model' },
  { name: 'ones', bytes: () => new Uint8Array(1000).fill(255), load: 'invalid-model' },
  { name: 'a PNG', bytes: bytes(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13), load: 'invalid-model', message: 'PNG' },
  { name: 'gzip', bytes: bytes(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), load: 'invalid-model', message: 'gzip' },
  { name: 'zip', bytes: bytes(0x50, 0x4b, 3, 4, 20, 0), load: 'invalid-model', message: 'zip' },
  { name: 'HTML', bytes: text('<!doctype html><title>404</title>'), load: 'invalid-model', message: 'HTML' },
  { name: 'JSON', bytes: text('{"layers": []}'), load: 'invalid-model', message: 'JSON' },
  {
    name: 'an LFS pointer',
    bytes: text('version https://git-lfs.github.com/spec/v1\noid sha256:0'),
    load: 'invalid-model',
    message: 'LFS',
  },
  { name: 'trailing garbage', bytes: joined(good, [1, 2, 3]), load: 'invalid-model' },
  { name: 'trailing zeros', bytes: joined(good, [0, 0, 0]), load: 'invalid-model' },
  { name: 'a model twice', bytes: joined(good, good), load: 'invalid-model' },
  { name: 'half a model', bytes: () => good.slice(0, good.length >> 1), load: 'invalid-model' },
  { name: 'a model without its last byte', bytes: () => good.slice(0, -1), load: 'invalid-model' },
  { name: 'a length past the end', bytes: bytes(8, 8, 0x3a, 100), load: 'invalid-model' },
  { name: 'a length of 2^63', bytes: bytes(8, 8, 0x3a, 255, 255, 255, 255, 255, 255, 255, 255, 127), load: 'invalid-model' },
  { name: 'a number of 11 bytes', bytes: bytes(8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1), load: 'invalid-model' },
  { name: 'nested graphs', bytes: nested([1, 5, 6], 30_000), load: ['limit-exceeded', 'invalid-model'] },
  { name: 'nested tensors', bytes: nested([11, 2, 1], 3000), load: ['limit-exceeded', 'invalid-model'] },
  {
    name: '1.6 million empty messages',
    bytes: () => joined([8, 8, 0x3a, 128, 168, 195, 1], repeated(1_600_000, [0x0a, 0])(), [0x42, 2, 16, 21])(),
    load: ['limit-exceeded', 'invalid-model'],
  },
  {
    name: 'bad UTF-8 in a name',
    bytes: () => good.map((b) => (b === 'y'.charCodeAt(0) ? 0xff : b)),
    load: 'invalid-model',
    message: 'UTF-8',
  },
  { name: 'no graph', bytes: bytes(8, 8, 0x42, 2, 16, 21), load: 'invalid-model', message: 'no graph' },
];

const twoRelus = [node('Relu', ['x'], ['m']), node('Relu', ['m'], ['y'])];
const graph: HostileCase[] = [
  {
    name: 'a cycle',
    bytes: model({ nodes: [node('Add', ['x', 'b'], ['a']), node('Relu', ['a'], ['b'])], outputs: [info('b')] }),
    load: 'invalid-model',
    message: 'cycle',
  },
  {
    name: 'a node that reads itself',
    bytes: model({ nodes: [node('Add', ['x', 'y'], ['y'])] }),
    load: 'invalid-model',
    message: 'cycle',
  },
  {
    name: 'an output of two nodes',
    bytes: model({ nodes: [...twoRelus, node('Abs', ['x'], ['y'])] }),
    load: 'invalid-model',
    message: 'twice',
  },
  {
    name: 'an output twice in one node',
    bytes: model({ nodes: [node('TopK', ['x', 'k'], ['y', 'y'])], initializers: [constant('k', 'int64', [1], [1])] }),
    load: 'invalid-model',
    message: 'twice',
  },
  {
    name: 'an input that is computed',
    bytes: model({ nodes: [node('Relu', ['x'], ['x'])], outputs: [info('x')] }),
    load: 'invalid-model',
  },
  { name: 'an input twice', bytes: model({ inputs: [info('x', [2]), info('x', [2])] }), load: 'invalid-model' },
  { name: 'an output twice', bytes: model({ outputs: [info('y'), info('y')] }), load: 'invalid-model' },
  {
    name: 'a missing initializer',
    bytes: model({ nodes: [node('Add', ['x', 'w'], ['y'])] }),
    load: 'invalid-model',
    tensor: 'w',
  },
  {
    name: 'an initializer twice',
    bytes: model({ initializers: [constant('w', 'float32', [1], [1]), constant('w', 'float32', [1], [2])] }),
    load: 'invalid-model',
    tensor: 'w',
  },
  { name: 'an output that nothing computes', bytes: model({ outputs: [info('z')] }), load: 'invalid-model', tensor: 'z' },
  {
    name: 'an unknown operator',
    bytes: model({ nodes: [node('Frobnicate', ['x'], ['y'])] }),
    load: 'unsupported-model',
    message: 'Frobnicate',
  },
  {
    name: 'an unknown domain',
    bytes: model({ nodes: [node('Relu', ['x'], ['y'], {}, { domain: 'evil' })] }),
    load: 'unsupported-model',
    message: 'evil.Relu',
  },
  {
    name: 'an operator named constructor',
    bytes: model({ nodes: [node('constructor', ['x'], ['y'])] }),
    load: 'unsupported-model',
  },
  { name: 'an operator named __proto__', bytes: model({ nodes: [node('__proto__', ['x'], ['y'])] }), load: 'unsupported-model' },
  { name: 'an operator of no name', bytes: model({ nodes: [node('', ['x'], ['y'])] }), load: 'unsupported-model' },
  { name: 'opset 0', bytes: model({ opset: 0 }), load: 'invalid-model' },
  { name: 'opset 999', bytes: model({ opset: 999 }), load: 'unsupported-model' },
  { name: 'no opset', bytes: model({ more: { opsets: [] } }), load: 'invalid-model' },
  { name: 'two opsets', bytes: model({ more: { opsets: [{ version: 13 }, { version: 14 }] } }), load: 'invalid-model' },
  { name: 'no IR version', bytes: model({ more: { irVersion: 0 } }), load: 'invalid-model' },
  { name: 'IR version 999', bytes: model({ more: { irVersion: 999 } }), load: 'unsupported-model' },
  {
    name: 'an attribute twice',
    bytes: () => {
      const twice = node('LeakyRelu', ['x'], ['y'], { alpha: { float: 1 } });
      return modelBytes({ nodes: [{ ...twice, attributes: [...twice.attributes, ...twice.attributes] }] });
    },
    load: 'invalid-model',
    message: 'twice',
  },
  {
    name: 'an attribute named __proto__',
    bytes: model({ nodes: [node('Relu', ['x'], ['y'], Object.fromEntries([['__proto__', 1]]))] }),
    load: 'invalid-model',
  },
  { name: 'no inputs', bytes: model({ nodes: [node('Add', [], ['y'])] }), load: 'invalid-model' },
  { name: 'no outputs', bytes: model({ nodes: [...twoRelus, node('Relu', ['x'], [])] }), load: 'invalid-model' },
  { name: 'too many outputs', bytes: model({ nodes: [node('Relu', ['x'], ['y', 'z'])] }), load: 'invalid-model' },
  {
    name: 'an input of strings',
    bytes: () => modelBytes({ inputs: [{ name: 'x', type: { tensor: { elementType: 8 } } }] }),
    load: 'unsupported-model',
  },
  { name: 'an input of no type', bytes: () => modelBytes({ inputs: [{ name: 'x' }] }), load: 'unsupported-model' },
  {
    name: 'nodes out of order',
    bytes: model({ nodes: [...twoRelus].reverse(), inputs: [info('x', [3])] }),
    feeds: { x: new Tensor('float32', ramp(3)) },
    expected: [[0, 0, 0]],
  },
  {
    name: 'no nodes',
    bytes: model({ nodes: [], inputs: [info('x', [3])], outputs: [info('x')] }),
    feeds: { x: new Tensor('float32', ramp(3)) },
    expected: [[-2, -1, 0]],
  },
  {
    name: 'an initializer as an output',
    bytes: model({ nodes: [], inputs: [], outputs: [info('w')], initializers: [constant('w', 'float32', [2], [5, 6])] }),
    feeds: {},
    expected: [[5, 6]],
  },
];

const dims =
  (...extents: number[]) =>
  () =>
    modelBytes({ initializers: [{ ...constant('w', 'float32', [0], []), dims: extents }] });
const tensors: HostileCase[] = [
  { name: 'a negative extent', bytes: dims(-1), load: 'invalid-model', tensor: 'w' },
  { name: 'an extent of 2^40', bytes: dims(2 ** 40), load: 'invalid-model', tensor: 'w' },
  { name: 'an extent of 2^63 - 1', bytes: dims(2 ** 63), load: 'invalid-model', tensor: 'w' },
  { name: 'a product beyond 2^53', bytes: dims(2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1), load: 'invalid-model', tensor: 'w' },
  {
    name: 'raw data too short',
    bytes: () => modelBytes({ initializers: [{ ...constant('w', 'float32', [2], [1, 2]), dims: [3] }] }),
    load: 'invalid-model',
    tensor: 'w',
  },
  {
    name: 'raw data too long',
    bytes: () => modelBytes({ initializers: [{ ...constant('w', 'float32', [2], [1, 2]), dims: [1] }] }),
    load: 'invalid-model',
    tensor: 'w',
  },
  ...[0, 8, 999, -1].map(
    (dataType): HostileCase => ({
      name: `element type ${dataType}`,
      bytes: () => modelBytes({ initializers: [{ ...constant('w', 'float32', [1], [1]), dataType }] }),
      load: ['invalid-model', 'unsupported-model'],
      tensor: 'w',
    }),
  ),
  {
    name: 'data in the wrong field',
    bytes: () => {
      const { rawData: _, ...rest } = constant('w', 'float32', [1], [1]);
      return modelBytes({ initializers: [{ ...rest, int64Data: [1n] }] });
    },
    load: 'invalid-model',
    tensor: 'w',
  },
  {
    name: 'external data',
    bytes: () => modelBytes({ initializers: [{ ...constant('w', 'float32', [1], [1]), dataLocation: 1 }] }),
    load: 'unsupported-model',
    tensor: 'w',
  },
  { name: 'an input of extent 2^40', bytes: model({ inputs: [info('x', [2 ** 40])] }), load: 'invalid-model', tensor: 'x' },
  { name: 'an input of extent -5', bytes: model({ inputs: [info('x', [-5])] }), load: 'invalid-model', tensor: 'x' },
  { name: 'an input larger than a binding', bytes: model({ inputs: [info('x', [2 ** 31 - 1, 64])] }), load: 'limit-exceeded' },
  {
    name: 'an input of 2^62 elements',
    bytes: model({ inputs: [info('x', [2 ** 31 - 1, 2 ** 31 - 1])] }),
    load: 'limit-exceeded',
  },
  {
    name: 'no elements',
    bytes: model({ inputs: [info('x', [0, 3])] }),
    feeds: { x: new Tensor('float32', [], [0, 3]) },
    expected: [[]],
  },
  {
    name: 'weights NaN and Inf',
    bytes: model({
      nodes: [node('Add', ['x', 'w'], ['y'])],
      inputs: [info('x', [3])],
      initializers: [constant('w', 'float32', [3], [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])],
    }),
    feeds: { x: new Tensor('float32', ramp(3)) },
    expected: [[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  },
  ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY].map(
    (scale): HostileCase => ({
      name: `a quantization scale of ${scale}`,
      bytes: model({
        nodes: [node('QuantizeLinear', ['x', 's', 'z'], ['y'], {}, { name: 'n' })],
        inputs: [info('x', [3])],
        initializers: [constant('s', 'float32', [], [scale]), constant('z', 'uint8', [], [0])],
      }),
      load: 'invalid-model',
      node: 'n',
    }),
  ),
];

const long = 'n'.repeat(10_000);
const oddNames = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '0',
  ' ',
  '\u0000',
  '𝕏 ünïcode/名前',
  'a"b\\c\n',
  '../../etc',
  long,
];

/** Input, weight and output of that name: what is fed comes back plus the weight. */
const names: HostileCase[] = oddNames.flatMap((name): HostileCase[] => [
  {
    name: `names like ${JSON.stringify(name.slice(0, 20))}`,
    bytes: model({
      nodes: [node('Add', [name, `${name}w`], [`${name}y`], {}, { name }), node('Relu', [`${name}y`], [`${name}z`])],
      inputs: [info(name, [3])],
      outputs: [info(`${name}y`), info(`${name}z`)],
      initializers: [constant(`${name}w`, 'float32', [1], [1])],
    }),
    feeds: Object.fromEntries([[name, new Tensor('float32', ramp(3))]]),
    expected: [
      [-1, 0, 1],
      [0, 0, 1],
    ],
  },
  {
    name: `an output named ${JSON.stringify(name.slice(0, 20))}`,
    bytes: model({
      nodes: [node('Add', ['x', name === 'x' ? 'v' : `w${name}`], [name])],
      inputs: [info('x', [3])],
      outputs: [info(name)],
      initializers: [constant(`w${name}`, 'float32', [1], [2])],
    }),
    feeds: { x: new Tensor('float32', ramp(3)) },
    expected: [[0, 1, 2]],
  },
  {
    name: `an initializer named ${JSON.stringify(name.slice(0, 20))}`,
    bytes: model({
      nodes: [node('Mul', ['x', name], ['y'])],
      inputs: [info('x', [name === '' ? 3 : 3])],
      initializers: [constant(name, 'float32', [1], [2])],
    }),
    feeds: { x: new Tensor('float32', ramp(3)) },
    expected: [[-4, -2, 0]],
  },
  {
    name: `an extent named ${JSON.stringify(name.slice(0, 20))}`,
    bytes: model({ inputs: [info('x', [name])] }),
    feeds: { x: new Tensor('float32', ramp(3)) },
    expected: [[0, 0, 0]],
  },
]);

export const structureCases: HostileCase[] = [...container, ...graph, ...tensors, ...names];
