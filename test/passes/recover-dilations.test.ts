import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import type { Attributes } from '../../src/graph/graph.js';
import { verify } from '../../src/graph/verify.js';
import { recoverDilations } from '../../src/passes/recover-dilations.js';
import { tolerances } from '../../src/tensor/compare.js';
import { netOf } from '../support/check-pass.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { type NetBuilder, randomFeeds } from '../support/graphs.js';

/** Random weights that are zero where a tap stands off the multiples of `steps`. */
const withZeros = (b: NetBuilder, dims: readonly number[], steps: readonly number[]): string => {
  const next = random(3);
  const kernel = dims.slice(2);
  const numbers = Array.from({ length: dims.reduce((a, d) => a * d, 1) }, (_, at) => {
    let rest = at;
    const onSteps = kernel.toReversed().map((extent, i) => {
      const index = rest % extent;
      rest = Math.floor(rest / extent);
      return index % (steps.toReversed()[i] as number) === 0;
    });
    return onSteps.every(Boolean) ? 1 + next() : 0;
  });
  return b.values(dims, numbers);
};

/** Shape of x, weights, steps between taps, attributes; then the kernel and dilations after the pass. */
type Row = readonly [number[], number[], number[], Attributes, number[], number[]];

const rows: readonly Row[] = [
  [[2, 3, 9, 8], [4, 3, 5, 5], [2, 2], { pads: [2, 2, 2, 2] }, [3, 3], [2, 2]],
  [[1, 6, 12, 12], [6, 1, 9, 9], [4, 4], { group: 6, pads: [4, 4, 4, 4] }, [3, 3], [4, 4]],
  [[1, 3, 12, 13], [2, 3, 7, 5], [3, 1], { strides: [2, 1] }, [3, 5], [3, 1]],
  [[1, 3, 12, 13], [2, 3, 1, 5], [1, 2], { auto_pad: 'SAME_UPPER' }, [1, 3], [1, 2]],
  [[1, 3, 20, 20], [2, 3, 5, 3], [2, 1], { dilations: [3, 2] }, [3, 3], [6, 2]],
  [[1, 3, 20], [2, 3, 5], [2], {}, [3], [2]],
  [[1, 2, 7, 7, 7], [2, 2, 3, 5, 3], [1, 2, 1], {}, [3, 3, 3], [1, 2, 1]],
  [[1, 3, 8, 8], [2, 3, 3, 3], [2, 2], {}, [2, 2], [2, 2]],
];

describe('recover-dilations', () => {
  it.each(rows.map((row) => [`${row[1].join('x')} by ${row[2].join('x')} ${JSON.stringify(row[3])}`, row] as const))(
    'takes the zeros out of %s',
    (_, [shape, dims, steps, given, kernel, dilations]) => {
      const before = netOf((b, x) => [b.op('Conv', [x, withZeros(b, dims, steps), b.weight([dims[0] as number])], given)], shape);
      const after = verify(recoverDilations(before), 'recover-dilations');
      expectSameResults(after, before, randomFeeds(new Map([['x', shape]])), tolerances.reduction);
      expect(after.nodes).toHaveLength(1);
      expect(after.nodes[0]?.attributes).toMatchObject({ kernel_shape: kernel, dilations });
      expect(after.values.get(after.nodes[0]?.inputs[1] as string)?.shape).toEqual([...dims.slice(0, 2), ...kernel]);
    },
  );

  it.each<[string, (b: NetBuilder, x: string) => string]>([
    ['whose taps are all there', (b, x) => b.conv(x, 3, 4, 5)],
    ['whose kernel ends in zeros', (b, x) => b.op('Conv', [x, withZeros(b, [2, 3, 4, 4], [2, 2])])],
    ['of one tap', (b, x) => b.conv(x, 3, 4, 1)],
    ['that is fed its weights', (b, x) => b.op('Conv', [x, b.input('w', 'float32', [2, 3, 5, 5])])],
  ])('leaves alone a convolution %s', (_, build) => {
    const before = netOf((b, x) => [build(b, x)], [1, 3, 8, 8]);
    expect(recoverDilations(before)).toBe(before);
  });

  it('is not misled by one filter with more taps than the others', () => {
    const build = (b: NetBuilder, x: string): string[] => {
      const numbers = Array.from({ length: 2 * 25 }, (_, i) =>
        (i < 25 ? (i % 25) % 2 === 0 && Math.floor(i / 5) % 2 === 0 : true) ? 1 + i / 50 : 0,
      );
      return [b.op('Conv', [x, b.values([2, 1, 5, 5], numbers)])];
    };
    const before = netOf(build, [1, 1, 8, 8]);
    expect(recoverDilations(before)).toBe(before);
  });
});
