import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import { Executable } from '../../src/device/executable.js';
import { sampleRepeated, timeRepeated } from '../../src/device/timed-run.js';
import { inferShapes } from '../../src/ops/infer.js';
import { buildPlan } from '../../src/plan/build.js';
import { doubtOf, inTurns, piecesOf, summarize } from '../../src/profile/timings.js';
import { testDevice } from '../support/device.js';
import { NetBuilder } from '../support/graphs.js';

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('piecesOf', () => {
  it('cuts a long run into submits', () => {
    expect(piecesOf([10, 10, 10])).toEqual([[0, 3]]);
    expect(piecesOf([50, 40, 30, 200, 1])).toEqual([
      [0, 1],
      [1, 3],
      [3, 4],
      [4, 5],
    ]);
    expect(piecesOf([])).toEqual([]);
  });
});

/**
 * Rounds over [commands, the whole] on a machine that another process takes away for a while now and then: what
 * is long is almost always hit, what is short hardly ever.
 */
const busyRounds = (commands: readonly number[], count: number, seed: number): number[][] => {
  const next = random(seed);
  const perceived = (ms: number): number =>
    ms + sum(Array.from({ length: Math.ceil(ms) }, () => (next() < 0.25 ? 2 * next() : 0)));
  return Array.from({ length: count }, () => [...commands.map(perceived), perceived(sum(commands))]);
};

describe('summarize', () => {
  const commands = Array.from({ length: 40 }, (_, i) => 0.5 + (i % 5) / 2);
  const pieces = [[0, commands.length]] as const;

  it('gives the times of a calm machine as they are', () => {
    const { times, gpuMs } = summarize(pieces, [[...commands, sum(commands)]]);
    expect(times).toEqual(commands);
    expect(gpuMs).toBe(sum(commands));
  });

  it('has the parts make the whole on a busy machine, where medians would not', () => {
    const medians = (rounds: readonly number[][]): number[] =>
      rounds[0]!.map((_, i) => rounds.map((round) => round[i]!).sort((a, b) => a - b)[rounds.length >> 1]!);
    const worst = (ratios: readonly number[]): number => Math.max(...ratios.map((ratio) => Math.abs(ratio - 1)));
    const runs = Array.from({ length: 50 }, (_, seed) => busyRounds(commands, 7, seed + 1));
    const agreements = runs.map((rounds) => {
      const { times, gpuMs } = summarize(pieces, rounds);
      return sum(times) / gpuMs;
    });
    const byMedians = runs.map((rounds) => {
      const all = medians(rounds);
      return sum(all.slice(0, -1)) / all.at(-1)!;
    });
    expect(worst(agreements)).toBeLessThan(0.15);
    expect(worst(byMedians)).toBeGreaterThan(0.15);
  });

  it('does not hide what is between the commands', () => {
    const rounds = Array.from({ length: 5 }, () => [...commands, 1.5 * sum(commands)]);
    const { times, gpuMs } = summarize(pieces, rounds);
    expect(gpuMs / sum(times)).toBeCloseTo(1.5, 9);
  });

  it('takes the calmer rounds of every piece, the same ones for its commands', () => {
    const { times, gpuMs } = summarize(
      [
        [0, 2],
        [2, 3],
      ],
      [
        [1, 2, 3, 90, 90],
        [9, 9, 18, 4, 4],
        [3, 2, 5, 6, 6],
      ],
    );
    expect(times).toEqual([2, 2, 5]);
    expect(gpuMs).toBe(4 + 5);
  });
});

describe('doubtOf', () => {
  it('is the spread over the root of those that count', () => {
    expect(doubtOf([1, 1, 1])).toBe(0);
    // A variance of 2 x 0.2 ^ 2 / 3, over 2 that count.
    expect(doubtOf([1, 1.2, 0.8, 1])).toBeCloseTo(Math.sqrt(0.08 / 3 / 2), 12);
  });
});

describe('inTurns', () => {
  const steps = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name }));
  const names = (span: number): string =>
    inTurns(steps, { name: '*' }, span)
      .steps.map(({ name }) => name)
      .join('');

  it('times a piece behind its commands, or between them where that takes long', () => {
    expect(names(5)).toBe('abcde*');
    expect(names(160)).toBe('abc*de*');
    expect(names(1e6)).toBe('a*b*c*d*e*');
    expect(inTurns(steps, { name: '*' }, 5).steps.at(-1)?.target).toBe(5);
    expect(inTurns(steps, { name: '*' }, 120).steps.at(-1)?.target).toBe(60);
  });

  it('folds the samples of a piece into their mean', () => {
    expect(inTurns(steps, { name: '*' }, 160).fold([1, 2, 3, 10, 4, 5, 20])).toEqual([1, 2, 3, 4, 5, 15]);
  });
});

describe('sampleRepeated', () => {
  const executableOf = async (): Promise<Executable> => {
    const net = new NetBuilder();
    net.output(net.op('Neg', [net.op('Exp', [net.input('x', 'float32', [64])])]));
    const device = await testDevice();
    return await Executable.load(buildPlan(inferShapes(net.build()), device.facts), device);
  };

  it.each(['timestamp-query', 'host-clock'] as const)('samples every step in every round, with %s', async (clock) => {
    const device = await testDevice();
    const executable = await executableOf();
    const encoded: number[] = [];
    const steps = executable.plan.commands.map((_, i) => ({
      isDispatch: true,
      encode: (...to: Parameters<Executable['encodeCommand']> extends [number, ...infer Rest] ? Rest : never) => {
        encoded.push(i);
        executable.encodeCommand(i, ...to);
      },
      target: i === 0 ? 0.0001 : 2,
    }));
    const rounds = await sampleRepeated(device, steps, { target: 1, rounds: 3, clock });
    expect(rounds).toHaveLength(3);
    for (const round of rounds) {
      expect(round).toHaveLength(steps.length);
      for (const ms of round) expect(Number.isFinite(ms) && ms >= 0).toBe(true);
    }
    const count = (i: number): number => encoded.filter((command) => command === i).length;
    // Two rounds to choose the repeats and three that count; a step of a longer target is repeated more often.
    expect(count(0)).toBe(5);
    expect(count(1)).toBeGreaterThan(5);
    const some = await sampleRepeated(device, steps, { target: 0.01, rounds: 9, clock, isEnough: (all) => all.length === 4 });
    expect(some).toHaveLength(4);
    expect(await timeRepeated(device, steps, { target: 0.01, rounds: 2, clock })).toHaveLength(steps.length);
    executable.dispose();
  });
});
