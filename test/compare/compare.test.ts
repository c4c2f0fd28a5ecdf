import { describe, expect, it } from 'vitest';
import { InferenceSession } from '#tilewise';
import { forecastHalf } from '../../src/compare/half.js';
import { errorStatistics, indexOf } from '../../src/compare/statistics.js';
import { compareGraph, compareValues, traceValues } from '../../src/compare.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import type { Graph } from '../../src/graph/graph.js';
import { inferShapes } from '../../src/ops/infer.js';
import { bind, optimize } from '../../src/passes/index.js';
import type { Plan } from '../../src/plan/plan.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { testDevice } from '../support/device.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const row = (...numbers: number[]): Tensor => new Tensor('float32', Float32Array.from(numbers), [numbers.length]);

describe('errorStatistics', () => {
  it('keeps the worst elements, the largest error first', () => {
    const { worst, largest } = errorStatistics([1, 2.5, 3, 4.1], [1, 2, 3, 4], [2, 2], 1);
    expect(worst).toEqual([{ index: [0, 1], actual: 2.5, expected: 2, error: 0.5 }]);
    expect(largest).toBe(4);
    expect(errorStatistics([0, 1, 3], [0, 0, 0], [3]).worst.map(({ error }) => error)).toEqual([3, 1]);
  });

  it('counts errors by decades of the largest magnitude', () => {
    const expected = [100, 100, 100, 100, 100, 100];
    const actual = [100, 100 + 1e-8, 100.5, 150, 300, Number.NaN];
    const { histogram, nonFinite } = errorStatistics(actual, expected, [6]);
    const counted = histogram.filter(({ count }) => count > 0).map(({ from, to, count }) => [from, to, count]);
    expect(counted).toEqual([
      [0, 0, 1],
      [0, 1e-9, 1],
      [1e-3, 1e-2, 1],
      [0.1, 1, 1],
      [1, Number.POSITIVE_INFINITY, 2],
    ]);
    expect(histogram.reduce((sum, { count }) => sum + count, 0)).toBe(6);
    expect(nonFinite).toEqual({ actual: { nan: 1, infinite: 0 }, expected: { nan: 0, infinite: 0 } });
  });

  it('takes equal infinities and NaNs as equal', () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    expect(errorStatistics(odd, odd, [3]).worst).toEqual([]);
    expect(errorStatistics([Number.NEGATIVE_INFINITY], [Number.POSITIVE_INFINITY], [1]).worst[0]?.error).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it('tells indices along dimensions', () => {
    expect(indexOf(23, [2, 3, 4])).toEqual([1, 2, 3]);
    expect(indexOf(0, [])).toEqual([]);
  });
});

/** y = Log(x), then two steps that keep what it makes, and an infinity of Exp beside it. */
const logNet = (): Graph => {
  const b = new NetBuilder();
  const x = b.input('x', 'float32', [4]);
  b.output(b.op('Softmax', [b.op('Log', [x])]));
  return bind(optimize(b.build()), new Map([['x', [4]]]));
};

describe('the origin of NaN and infinity', () => {
  it('is the model where the reference has it too', async () => {
    const { nonFinite, first } = await compareGraph(logNet(), new Map([['x', row(1, -1, 2, 3)]]), await testDevice());
    expect(nonFinite).toMatchObject({ op: 'Log', kind: 'NaN', expected: true });
    expect(first).toBeUndefined();
  });

  it('is the kernel where only the GPU has it', async () => {
    const device = await testDevice();
    const feeds = new Map([['x', row(1, 5, 2, 3)]]);
    // e^(1000 v) overflows.
    const alter = (plan: Plan): Plan => ({
      ...plan,
      pipelines: plan.pipelines.map((pipeline) =>
        pipeline.kernel.startsWith('softmax')
          ? { ...pipeline, code: pipeline.code.replaceAll(/\bexp\(/g, 'exp(1000.0 + ') }
          : pipeline,
      ),
    });
    const { nonFinite } = await compareGraph(logNet(), feeds, device, { alter });
    expect(nonFinite).toMatchObject({ op: 'Softmax', expected: false });
    expect((await compareGraph(logNet(), feeds, device)).nonFinite).toBeUndefined();
  });
});

describe('forecastHalf', () => {
  const graph = (): Graph => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [4]);
    const large = b.op('Exp', [x]);
    const small = b.op('Neg', [b.op('Log', [large])]);
    b.output(b.op('Relu', [small]));
    return b.build();
  };

  it('names what would overflow, and who must stay float32', async () => {
    const one = inferShapes(graph());
    const feeds = new Map([['x', row(0, 1, 11, 12)]]);
    const values = await traceValues(one, feeds, await testDevice());
    const { overflowing, keepFloat32, headroom } = forecastHalf(one, new Map([...feeds, ...values]));
    // e^11 = 59874 fits, e^12 = 162755 does not.
    expect(overflowing).toHaveLength(1);
    expect(overflowing[0]).toMatchObject({ node: 'Exp_0', overflows: 1, size: 4 });
    expect(keepFloat32).toEqual(['Exp_0', 'Log_1']);
    expect(headroom).toBeCloseTo(65504 / Math.exp(12), 4);
  });

  it('counts weights too, and what would vanish', () => {
    const b = new NetBuilder();
    b.output(b.op('Add', [b.input('x', 'float32', [2]), b.values([2], [1e5, 1e-9])]));
    const { overflowing, keepFloat32 } = forecastHalf(b.build(), new Map([['x', row(0, 0)]]));
    expect(overflowing).toMatchObject([{ node: undefined, overflows: 1, underflows: 1, largest: 1e5 }]);
    expect(keepFloat32).toEqual(['Add_0']);
  });
});

describe('compareValues', () => {
  const shapes = new Map([['x', [2, 5]]]);
  const net = (): Graph => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [2, 5]);
    b.output(b.op('Softmax', [b.op('MatMul', [b.op('Tanh', [b.op('MatMul', [x, b.weight([5, 5])])]), b.weight([5, 5])])]));
    return bind(optimize(b.build()), shapes);
  };

  it('finds the first value that is not as expected', async () => {
    const device = await testDevice();
    const feeds = randomFeeds(shapes);
    const expected = await traceValues(net(), feeds, device);
    expect((await compareValues(net(), feeds, device, expected)).first).toBeUndefined();
    const [, second] = net().nodes;
    const name = second?.outputs[0] as string;
    const wrong = (expected.get(name) as Tensor).data.slice() as Float32Array;
    wrong[3] = (wrong[3] as number) + 1;
    expected.set(name, new Tensor('float32', wrong, (expected.get(name) as Tensor).dims));
    const { first } = await compareValues(net(), feeds, device, expected);
    expect(first).toMatchObject({ node: second?.name, tensor: name, comparison: { differing: 1 } });
  });

  it('refuses to compare nothing', async () => {
    const comparing = compareValues(net(), randomFeeds(shapes), await testDevice(), new Map([['z', row(1)]]));
    await expect(comparing).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

describe('session', () => {
  const model = (scale: number): Uint8Array => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [1, 3]);
    b.output(
      b.op('Sigmoid', [
        b.op('MatMul', [
          x,
          b.values(
            [3, 2],
            [1, 2, 3, 4, 5, 6].map((v) => v * scale),
          ),
        ]),
      ]),
    );
    return exportOnnx(b.build());
  };
  const feeds = { x: new Tensor('float32', Float32Array.of(0.1, 0.2, -0.3), [1, 3]) };

  it('compares with the reference, with another session, and with tensors', async () => {
    const [one, same, other] = await Promise.all([model(1), model(1), model(1.5)].map((bytes) => InferenceSession.create(bytes)));
    const seen: string[] = [];
    const alone = await one!.compare(feeds, { onNode: ({ op }) => seen.push(op) });
    expect(alone.first).toBeUndefined();
    expect(alone.nodes.length).toBe(seen.length);
    expect((await one!.compare(feeds, { against: same! })).first).toBeUndefined();
    const { first } = await one!.compare(feeds, { against: other! });
    expect(first?.comparison.equal).toBe(false);
    const outputs = await one!.run(feeds);
    expect((await one!.compare(feeds, { against: outputs })).first).toBeUndefined();
    const [name] = Object.keys(outputs) as [string];
    const wrong = new Tensor('float32', Float32Array.of(0.5, 0.5), [1, 2]);
    expect((await one!.compare(feeds, { against: { [name]: wrong } })).first?.tensor).toBe(name);
    for (const session of [one, same, other]) await session!.release();
    await expect(one!.compare(feeds)).rejects.toMatchObject({ code: 'disposed' });
  });

  it('profiles a run, and has no graph to look into once it was saved', async () => {
    const session = await InferenceSession.create(model(1));
    const profile = await session.profile(feeds, { runs: 1, roofs: { aluGflops: 1, memoryGBs: 1, launchMicroseconds: 1 } });
    expect(profile.nodes.map(({ macs }) => macs)).toContain(6);
    expect(profile.commands.length).toBeGreaterThan(0);
    await session.run(feeds);
    const saved = await InferenceSession.create(await session.save());
    await expect(saved.profile(feeds)).rejects.toMatchObject({ code: 'invalid-argument', hint: expect.stringContaining('ONNX') });
    await expect(saved.compare(feeds)).rejects.toMatchObject({ code: 'invalid-argument' });
    await saved.release();
    await session.release();
  });
});
