import { describe, expect, it } from 'vitest';
import {
  channelsLastAxis,
  imageStrides,
  movesNoData,
  permute,
  TO_CHANNELS_FIRST,
  TO_CHANNELS_LAST,
} from '../../src/tensor/layout.js';
import { addDims, broadcastShapes, type Dim, mulDims, resolveAxis, sizeOf, stridesOf } from '../../src/tensor/shape.js';

describe('shapes', () => {
  it('have a size and strides', () => {
    expect([sizeOf([]), sizeOf([2, 3]), sizeOf([2, 0])]).toEqual([1, 6, 0]);
    expect([stridesOf([]), stridesOf([5]), stridesOf([2, 3, 4])]).toEqual([[], [1], [12, 4, 1]]);
    expect(() => sizeOf([2 ** 27, 2 ** 27])).toThrow('too many elements');
  });

  it.each<[number, number, number | undefined]>([
    [0, 3, 0],
    [2, 3, 2],
    [-1, 3, 2],
    [-3, 3, 0],
    [3, 3, undefined],
    [-4, 3, undefined],
    [0, 0, undefined],
    [0.5, 3, undefined],
    [Number.NaN, 3, undefined],
  ])('axis %d of rank %d', (axis, rank, resolved) => {
    expect(resolveAxis(axis, rank)).toBe(resolved);
  });

  it.each<[Dim[], Dim[], Dim[] | undefined]>([
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [3], [2, 3]],
    [
      [2, 1],
      [1, 3],
      [2, 3],
    ],
    [[], [4], [4]],
    [
      [0, 1],
      [1, 5],
      [0, 5],
    ],
    [[2], [3], undefined],
    [[2, 3], [2], undefined],
    [['n', 3], [1], ['n', 3]],
    [['n'], ['n'], ['n']],
    [['n'], [4], [4]],
    [
      [1, 'n'],
      ['m', 1],
      ['m', 'n'],
    ],
  ])('%j broadcasts with %j', (a, b, expected) => {
    expect(broadcastShapes(a, b)).toEqual(expected);
    expect(broadcastShapes(b, a)).toEqual(expected);
  });

  it('compute with symbols', () => {
    expect([addDims(2, 3), addDims('n', 0), addDims('n', 1)]).toEqual([5, 'n', 'n+1']);
    expect([mulDims(2, 3), mulDims('n', 1), mulDims(0, 'n'), mulDims(2, 'n'), mulDims('n+1', 2)]).toEqual([
      6,
      'n',
      0,
      '2*n',
      '(n+1)*2',
    ]);
  });
});

describe('layouts', () => {
  it('turn into each other', () => {
    const shape = ['n', 'c', 'h', 'w'];
    expect(permute(shape, TO_CHANNELS_LAST)).toEqual(['n', 'h', 'w', 'c']);
    expect(permute(permute(shape, TO_CHANNELS_LAST), TO_CHANNELS_FIRST)).toEqual(shape);
    expect([0, 1, 2, 3].map(channelsLastAxis)).toEqual([0, 3, 1, 2]);
  });

  it.each<[number[], number[], boolean]>([
    [[2, 3, 1, 1], [0, 2, 3, 1], true],
    [[2, 1, 4, 5], [0, 2, 3, 1], true],
    [[2, 3, 4, 1], [0, 2, 3, 1], false],
    [[2, 3], [1, 0], false],
    [[2, 3], [0, 1], true],
    [[], [], true],
  ])('%j permuted by %j', (shape, permutation, still) => {
    expect(movesNoData(shape, permutation)).toBe(still);
  });

  it('have strides by axis', () => {
    expect(imageStrides([2, 3, 4, 5], false)).toEqual({ n: 60, c: 20, h: 5, w: 1 });
    expect(imageStrides([2, 4, 5, 3], true)).toEqual({ n: 60, h: 15, w: 3, c: 1 });
  });
});
