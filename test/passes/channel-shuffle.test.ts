import { describe, expect, it } from 'vitest';
import { channelsLast } from '../../src/passes/channels-last.js';
import { type BuildNet, opsAfter } from '../support/check-pass.js';

const shape = [2, 8, 3, 5];

/** A convolution, channels in groups with their axes changed, and another convolution. */
const shuffled =
  (split: readonly number[], perm: readonly number[], back: readonly number[] = shape): BuildNet =>
  (b, x) => {
    const apart = b.op('Reshape', [b.conv(x, 8, 8, 1), b.ints(...split)]);
    const joined = b.op('Reshape', [b.op('Transpose', [apart], { perm }), b.ints(...back)]);
    return [b.conv(joined, back[1] as number, 4, 1)];
  };

const transposes = (build: BuildNet): number => opsAfter(channelsLast, build, shape).filter((op) => op === 'Transpose').length;

describe('channel-shuffle', () => {
  // One Transpose is the shuffle itself, and one stands at each border.
  it.each([
    ['two groups', [2, 2, 4, 3, 5]],
    ['four groups', [2, 4, 2, 3, 5]],
  ])('goes on channels-last: %s', (_, split) => {
    expect(transposes(shuffled(split as number[], [0, 2, 1, 3, 4]))).toBe(3);
  });

  // Two more where the region ends and begins again.
  it.each<[string, BuildNet]>([
    ['pixels that move', shuffled([2, 8, 3, 5, 1], [0, 1, 3, 2, 4], [2, 8, 5, 3])],
    ['other pixels after it', shuffled([2, 2, 4, 3, 5], [0, 2, 1, 3, 4], [2, 8, 5, 3])],
  ])('does not take %s', (_, build) => {
    expect(transposes(build)).toBe(5);
  });
});
