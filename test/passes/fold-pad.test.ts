import { describe, expect, it } from 'vitest';
import { foldPad } from '../../src/passes/fold-pad.js';
import { type BuildNet, netOf, opsAfter } from '../support/check-pass.js';

const shape = [2, 4, 5, 6];

describe('fold-pad', () => {
  it.each<[string, BuildNet]>([
    ['zeros around pixels', (b, x) => [b.conv(b.op('Pad', [x, b.ints(0, 0, 1, 2, 0, 0, 0, 1)]), 4, 4, 3)]],
    [
      'zeros along one axis, before a convolution that has none of its own',
      (b, x) => [b.conv(b.op('Pad', [x, b.ints(1, 1), '', b.ints(-1)]), 4, 4, 3, { auto_pad: 'VALID', pads: undefined })],
    ],
    [
      'a stated zero, before strides and groups',
      (b, x) => [
        b.conv(b.op('Pad', [x, b.ints(0, 0, 1, 1, 0, 0, 2, 2), b.values([], [0])]), 4, 4, 3, { group: 4, strides: [2, 2] }),
      ],
    ],
  ])('makes a Pad part of the convolution: %s', (_, build) => {
    expect(opsAfter(foldPad, build, shape)).toEqual(['Conv']);
  });

  const pixels = [0, 0, 1, 1, 0, 0, 1, 1] as const;
  it.each<[string, BuildNet]>([
    ['adds channels', (b, x) => [b.op('Conv', [b.op('Pad', [x, b.ints(0, 1, 0, 0, 0, 0, 0, 0)]), b.weight([4, 5, 1, 1])])]],
    ['adds something else than zero', (b, x) => [b.conv(b.op('Pad', [x, b.ints(...pixels), b.values([], [1])]), 4, 4, 3)]],
    ['reflects', (b, x) => [b.conv(b.op('Pad', [x, b.ints(...pixels)], { mode: 'reflect' }), 4, 4, 3)]],
    ['removes pixels', (b, x) => [b.conv(b.op('Pad', [x, b.ints(0, 0, -1, 0, 0, 0, 0, 0)]), 4, 4, 3)]],
    [
      'stands before automatic padding',
      (b, x) => [b.conv(b.op('Pad', [x, b.ints(...pixels)]), 4, 4, 3, { auto_pad: 'SAME_UPPER', pads: undefined })],
    ],
    [
      'is read elsewhere',
      (b, x) => {
        const padded = b.op('Pad', [x, b.ints(...pixels)]);
        return [b.conv(padded, 4, 4, 3), padded];
      },
    ],
  ])('leaves a Pad alone that %s', (_, build) => {
    expect(opsAfter(foldPad, build, shape)).toEqual(['Pad', 'Conv']);
    const before = netOf(build, shape);
    expect(foldPad(before)).toBe(before);
  });
});
