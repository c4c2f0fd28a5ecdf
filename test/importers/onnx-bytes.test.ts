import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TilewiseError } from '../../src/errors.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { constant, errorOf, importModel, info, modelBytes, node, plainGraph } from './models.js';

/** A small model with every part that the format has here. */
const small = modelBytes({
  nodes: [
    node('Constant', [], ['two'], { value_float: { float: 2 } }),
    node('Clip', ['x', 'low', 'two'], ['clipped'], {}, { name: 'clip' }),
    node('LeakyRelu', ['clipped'], ['leaky'], { alpha: { float: 0.5 } }),
    node('Add', ['leaky', 'w'], ['y']),
  ],
  inputs: [info('x', ['batch', 3])],
  outputs: [info('y', ['batch', 3])],
  valueInfo: [info('leaky', ['batch', 3])],
  initializers: [constant('low', 'float32', [], [-1]), constant('w', 'float32', [3], [1, 2, 3])],
});

const codes = ['invalid-model', 'unsupported-model', 'limit-exceeded'];

/** Imports bytes that may be damaged: undefined after a typed error, which is the only kind allowed. */
const attempt = (bytes: Uint8Array) => {
  try {
    return importOnnx(bytes);
  } catch (error) {
    if (error instanceof TilewiseError && codes.includes(error.code)) return undefined;
    throw error;
  }
};

const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const withTail = (...tail: number[]): Uint8Array => Uint8Array.from([...small, ...tail]);

describe('bytes of a model', () => {
  it('are read whole', () => {
    const graph = importOnnx(small);
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Clip', 'LeakyRelu', 'Add']);
    expect(graph.nodes[0]?.attributes).toMatchObject({ min: -1, max: 2 });
    expect(graph.values.get('leaky')?.shape).toEqual(['batch', 3]);
  });

  it('are read from anywhere in a larger buffer', () => {
    for (let offset = 0; offset < 8; offset++) {
      const buffer = new Uint8Array(small.length + offset + 3).fill(0xff);
      buffer.set(small, offset);
      const graph = importOnnx(buffer.subarray(offset, offset + small.length));
      expect(plainGraph(graph)).toEqual(plainGraph(importOnnx(small)));
    }
  });

  it('keep aligned weights as views and copy the others', () => {
    const views = ['a', 'ab', 'abc', 'abcd'].map((producerName) => {
      const bytes = modelBytes({
        initializers: [constant('w', 'float32', [2], [1, 2])],
        nodes: [node('Add', ['x', 'w'], ['y'])],
        more: { producerName },
      });
      return importOnnx(bytes).values.get('w')?.tensor?.data.buffer === bytes.buffer;
    });
    expect(views.filter(Boolean)).toHaveLength(1);
  });

  it('copy unaligned weights of a Node Buffer', () => {
    for (let offset = 0; offset < 4; offset++) {
      const buffer = Buffer.concat([Buffer.alloc(offset), small]).subarray(offset);
      expect(importOnnx(buffer).values.get('w')?.tensor?.data).toEqual(Float32Array.of(1, 2, 3));
    }
  });

  it('give a typed error when cut anywhere', () => {
    for (let length = 0; length < small.length; length++) {
      expect(attempt(small.subarray(0, length)), `cut at ${length}`).toBeUndefined();
    }
  });

  it('give a typed error or a graph when any bit is flipped', () => {
    let refused = 0;
    for (let bit = 0; bit < small.length * 8; bit++) {
      const bytes = small.slice();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      if (!attempt(bytes)) refused++;
    }
    expect(refused).toBeGreaterThan(small.length);
  });

  it('give a typed error or a graph when mutated at random', () => {
    const mutation = fc.tuple(fc.nat(small.length - 1), fc.nat(255), fc.constantFrom('set', 'insert', 'remove'));
    const property = fc.property(fc.array(mutation, { minLength: 1, maxLength: 8 }), (mutations) => {
      const bytes = [...small];
      for (const [at, byte, kind] of mutations) {
        if (kind === 'set') bytes[at] = byte;
        else if (kind === 'insert') bytes.splice(at, 0, byte);
        else bytes.splice(at, 1);
      }
      attempt(Uint8Array.from(bytes));
    });
    fc.assert(property, { numRuns: 20_000, seed: 1 });
  });

  it('give a typed error when they are random', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => attempt(bytes) === undefined);
    fc.assert(property, { numRuns: 5_000, seed: 1 });
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /empty/],
    ['one byte', Uint8Array.of(8), /cut off/],
    ['zeros', new Uint8Array(100), /field number 0/],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0), /PNG image/],
    ['a JPEG', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0), /JPEG/],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0), /gzip/],
    ['a zip', Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0), /zip/],
    ['HTML', text('<!DOCTYPE html><html><body>404</body></html>'), /HTML page/],
    ['text', text('Not found'), /like text/],
    ['JSON', text('{"format": "graph-model"}'), /JSON/],
    ['a Git LFS pointer', text('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'), /Git LFS/],
    ['a TensorFlow Lite model', Uint8Array.of(0x1c, 0, 0, 0, 0x54, 0x46, 0x4c, 0x33), /TensorFlow Lite/],
    ['trailing zeros', withTail(0, 0), /field number 0/],
    ['trailing text', Uint8Array.from([...small, ...text('garbage!')]), /./],
    ['a model twice', Uint8Array.from([...small, ...small]), /twice/],
    ['a length of 2^63', withTail(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), /runs past|twice/],
    ['a number of 11 bytes', withTail(0x28, ...new Array<number>(10).fill(0xff), 1), /10 bytes/],
    ['a group', withTail(0x4b, 0x4c), /not known/],
    ['a field of the wrong type', withTail(0x2d, 0, 0, 0, 0), /wire type/],
  ])('are refused: %s', (_, bytes, message) => {
    const error = errorOf(() => importOnnx(bytes));
    expect(error.code).toBe('invalid-model');
    expect(error.message).toMatch(message);
  });

  it('are refused when a name is not UTF-8', () => {
    const bytes = modelBytes({ nodes: [node('Relu', ['x'], ['y'], {}, { name: 'QQQQQQ' })] });
    const at = bytes.indexOf(0x51);
    bytes[at] = 0xff;
    expect(errorOf(() => importOnnx(bytes)).message).toMatch(/UTF-8/);
  });

  it('are held to the budgets', () => {
    expect(errorOf(() => importOnnx(small, { maxBytes: 10 })).code).toBe('limit-exceeded');
    expect(errorOf(() => importOnnx(small, { maxItems: 10 })).code).toBe('limit-exceeded');
    expect(importOnnx(small, { maxItems: 1000, maxBytes: 1000 }).nodes).toHaveLength(3);
  });

  it('may hold millions of empty messages only within the budget', () => {
    const graph = new Uint8Array(2 * 9_000_000);
    for (let i = 0; i < graph.length; i += 2) graph[i] = 0x0a;
    const length = [0x80 | (graph.length & 0x7f), 0x80 | ((graph.length >> 7) & 0x7f), 0x80 | ((graph.length >> 14) & 0x7f)];
    const bytes = new Uint8Array(graph.length + 7);
    bytes.set([8, 8, 0x3a, ...length, graph.length >> 21]);
    bytes.set(graph, 7);
    expect(errorOf(() => importOnnx(bytes)).code).toBe('limit-exceeded');
  });

  it('may hold a name of ten million letters and a long chain of nodes', () => {
    const name = 'n'.repeat(10_000_000);
    expect(importModel({ nodes: [node('Relu', ['x'], ['y'], {}, { name })] }).nodes[0]?.name).toHaveLength(10_000_000);
    const count = 100_000;
    const chain = Array.from({ length: count }, (_, i) => node('Relu', [i ? `v${i}` : 'x'], [`v${i + 1}`], {}, { name: 'same' }));
    const graph = importModel({ nodes: chain.reverse(), outputs: [info(`v${count}`)] });
    expect(graph.nodes).toHaveLength(count);
    expect(graph.nodes[0]?.inputs).toEqual(['x']);
  });
});
