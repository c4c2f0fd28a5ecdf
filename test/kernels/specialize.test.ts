import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { grid } from '../../src/kernels/kernel.js';
import { packParams, reflect, specialize } from '../../src/kernels/specialize.js';
import { broadcastStrides, collapseLoops } from '../../src/kernels/strides.js';

const wgsl = `// y = x
struct Params {
  count: u32, // a comment, with a comma
  scale: f32,
  shape: array<vec4u, 2>,
  offset: i32,
  window: vec4f,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(3) var picture: texture_2d<f32>;
@group(0) @binding(4) var nearest: sampler;
@group(0) @binding(5) var frame: texture_external;

alias Elem = f32;
const ROWS = 4;
const COLUMNS: u32 = 8;
override WORKGROUP_SIZE: u32 = 64;
override HAS_BIAS: bool = false;

fn epilogue(v: Elem) -> Elem { return v; }
`;

describe('reflect', () => {
  it('finds bindings, Params and overrides', () => {
    const { bindings, params, overrides } = reflect(wgsl);
    expect(bindings.map(({ index, name, type }) => [index, name, type])).toEqual([
      [0, 'params', 'uniform'],
      [1, 'x', 'read'],
      [2, 'y', 'read_write'],
      [3, 'picture', 'texture'],
      [4, 'nearest', 'sampler'],
      [5, 'frame', 'external-texture'],
    ]);
    expect(params.map(({ name, type, offset, length }) => [name, type, offset, length])).toEqual([
      ['count', 'u32', 0, 1],
      ['scale', 'f32', 4, 1],
      ['shape', 'u32', 16, 8],
      ['offset', 'i32', 48, 1],
      ['window', 'f32', 64, 4],
    ]);
    expect([...overrides]).toEqual([
      ['WORKGROUP_SIZE', 'u32'],
      ['HAS_BIAS', 'bool'],
    ]);
  });

  it('refuses a Params field that it cannot lay out', () => {
    expect(() => reflect('struct Params {\n  size: vec3u,\n}\n')).toThrow('Params field not understood:   size: vec3u,');
  });
});

describe('packParams', () => {
  const values = { count: 7, scale: 0.5, shape: [1, 2, 3, 4, 5], offset: -3, window: [1, 2, 3, 4] };

  it('puts every field at its offset and pads to 16 bytes', () => {
    const bytes = packParams(wgsl, values);
    const view = new DataView(bytes.buffer);
    expect(bytes.byteLength).toBe(80);
    expect([view.getUint32(0, true), view.getFloat32(4, true), view.getInt32(48, true)]).toEqual([7, 0.5, -3]);
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((i) => view.getUint32(16 + 4 * i, true))).toEqual([1, 2, 3, 4, 5, 0, 0, 0]);
    expect([0, 1, 2, 3].map((i) => view.getFloat32(64 + 4 * i, true))).toEqual([1, 2, 3, 4]);
    expect([8, 12, 52, 56, 60].map((at) => view.getUint32(at, true))).toEqual([0, 0, 0, 0, 0]);
  });

  it('wants every field, no other, and not too many numbers', () => {
    const { count: _, ...rest } = values;
    expect(() => packParams(wgsl, rest)).toThrow('missing [count]');
    expect(() => packParams(wgsl, { ...values, size: 1 })).toThrow('unknown [size]');
    expect(() => packParams(wgsl, { ...values, window: [1, 2, 3, 4, 5] })).toThrow('Params.window holds 4 numbers, got 5');
  });
});

describe('specialize', () => {
  it('replaces definitions and bodies and keeps every line where it is', () => {
    const code = specialize(wgsl, { Elem: 'vec4f', ROWS: 8, COLUMNS: 16 }, { epilogue: 'return max(v, Elem(0));' });
    expect(code).toContain('alias Elem = vec4f;');
    expect(code).toContain('const ROWS = 8;');
    expect(code).toContain('const COLUMNS: u32 = 16;');
    expect(code).toContain('fn epilogue(v: Elem) -> Elem { return max(v, Elem(0)); }');
    expect(code.split('\n')).toHaveLength(wgsl.split('\n').length);
  });

  it('takes text with $ as it is', () => {
    expect(specialize(wgsl, {}, { epilogue: "return v; // $& $1 $'" })).toContain("{ return v; // $& $1 $' }");
  });

  it('throws on unknown names', () => {
    expect(() => specialize(wgsl, { TILE: 8 })).toThrow('no const or alias named TILE');
    expect(() => specialize(wgsl, {}, { prologue: 'return v;' })).toThrow('no one-line function named prologue');
    expect(() => specialize(wgsl, { WORKGROUP_SIZE: 8 }), 'overrides are not definitions').toThrow('WORKGROUP_SIZE');
  });
});

describe('broadcastStrides', () => {
  it.each([
    [
      [3, 4],
      [2, 3, 4],
      [0, 4, 1],
    ],
    [
      [3, 1],
      [2, 3, 4],
      [0, 1, 0],
    ],
    [[], [2, 3], [0, 0]],
    [
      [2, 3],
      [2, 3],
      [3, 1],
    ],
  ])('%j as %j', (shape, target, strides) => {
    expect(broadcastStrides(shape, target)).toEqual(strides);
  });
});

describe('collapseLoops', () => {
  it('merges what is stepped through as one', () => {
    expect(collapseLoops([2, 3, 4], [[12, 4, 1]])).toEqual({ extents: [24], strides: [[1]] });
  });
  it('keeps apart what one operand steps through otherwise', () => {
    expect(
      collapseLoops(
        [2, 3, 4],
        [
          [12, 4, 1],
          [0, 1, 0],
        ],
      ),
    ).toEqual({
      extents: [2, 3, 4],
      strides: [
        [12, 4, 1],
        [0, 1, 0],
      ],
    });
  });
  it('merges broadcast neighbours and drops extents of 1', () => {
    expect(
      collapseLoops(
        [2, 1, 3, 4],
        [
          [12, 12, 4, 1],
          [0, 0, 0, 0],
        ],
      ),
    ).toEqual({ extents: [24], strides: [[1], [0]] });
    expect(collapseLoops([1, 1], [[1, 1]])).toEqual({ extents: [], strides: [[]] });
  });
  it('visits the same addresses as the full nest', () => {
    const extents = [2, 1, 3, 2, 5];
    const strides = [broadcastStrides([3, 1, 5], extents), broadcastStrides(extents, extents)];
    const collapsed = collapseLoops(extents, strides);
    expect(addresses(collapsed.extents, collapsed.strides)).toEqual(addresses(extents, strides));
  });
});

/** The address of every operand at every step of a loop nest. */
const addresses = (extents: readonly number[], strides: readonly (readonly number[])[]): number[][] => {
  const size = extents.reduce((a, b) => a * b, 1);
  return Array.from({ length: size }, (_, i) =>
    strides.map((stride) => {
      let rest = i;
      let at = 0;
      for (let k = extents.length - 1; k >= 0; k--) {
        at += (rest % extents[k]!) * stride[k]!;
        rest = Math.floor(rest / extents[k]!);
      }
      return at;
    }),
  );
};

describe('grid', () => {
  const covered = ([x, y, z]: readonly [number, number, number], size: number): number => x * y * z * size;

  it.each([0, 1, 63, 64, 65, 64 * 65535])('%i invocations take one dimension', (count) => {
    expect(grid(count, 64, defaultFacts)).toEqual([Math.max(1, Math.ceil(count / 64)), 1, 1]);
  });

  it.each([64 * 65535 + 1, 2 ** 23, 2 ** 28 + 5, 64 * 65535 * 3])('%i invocations fold within the limit', (count) => {
    const groups = grid(count, 64, defaultFacts);
    for (const extent of groups) expect(extent).toBeLessThanOrEqual(65535);
    expect(covered(groups, 64)).toBeGreaterThanOrEqual(count);
    expect(covered(groups, 64) - count, 'few idle groups').toBeLessThan(64 * (groups[1] + 1));
  });
});
