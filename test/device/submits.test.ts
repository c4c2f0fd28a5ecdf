import { afterAll, describe, expect, it } from 'vitest';
import { observe } from '../../bench/observe.js';
import { Executable } from '../../src/device/executable.js';
import { refine } from '../../src/device/submits.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import type { Graph } from '../../src/graph/graph.js';
import { inferShapes } from '../../src/ops/infer.js';
import { buildPlan } from '../../src/plan/build.js';
import { InferenceSession } from '../../src/session.js';
import { testDevice } from '../support/device.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const shapes = new Map([['x', [4, 6]]]);
/** So short that every kernel is longer, and so long that none is. */
const [SHORT, LONG] = [1e-6, 1e6];

/** A chain of 20 kernels, and an output in its middle. */
const chain = (): Graph => {
  const net = new NetBuilder();
  let x = net.input('x', 'float32', [4, 6]);
  const middle: string[] = [];
  for (let i = 0; i < 20; i++) {
    x = net.op(i % 2 === 0 ? 'Sin' : 'Neg', [x]);
    if (i === 9) middle.push(x);
  }
  net.output(x, ...middle);
  return inferShapes(net.build());
};

const graph = chain();
const loaded: Executable[] = [];
const load = async (): Promise<Executable> => {
  const device = await testDevice();
  const executable = await Executable.load(buildPlan(graph, device.facts), device);
  loaded.push(executable);
  return executable;
};
afterAll(() => {
  for (const executable of loaded) executable.dispose();
});

describe('refine', () => {
  it.each([
    ['cuts what is long into equal parts', [8, 8], [90, 350], 100, [8, 2, 2, 2, 2]],
    ['cuts no single command', [1, 1], [500, 80], 100, [1, 1]],
    ['joins neighbours that stay well below', [8, 8, 8, 4], [10, 20, 30, 40], 100, [24, 4]],
    ['cuts unequal parts without losing a command', [7], [250], 100, [2, 2, 3]],
    ['keeps what fits', [3, 3], [60, 60], 100, [3, 3]],
    ['takes no commands', [], [], 100, []],
  ] as const)('%s', (_, sizes, ms, most, expected) => {
    expect(refine(sizes, ms, most)).toEqual(expected);
  });
});

describe('runs in several submits', () => {
  it('begin in some, and settle on as many as they need', async () => {
    const executable = await load();
    const { gpu } = await testDevice();
    const feeds = randomFeeds(shapes);
    const submitsOf = async (maxSubmitMs: number): Promise<number> => {
      const seen = observe(gpu);
      try {
        await executable.run(feeds, graph.outputs, { maxSubmitMs });
        return seen.submits;
      } finally {
        seen.stop();
      }
    };
    expect([await submitsOf(LONG), await submitsOf(LONG)]).toEqual([3, 1]);
    expect([await submitsOf(SHORT), await submitsOf(SHORT)]).toEqual([3, executable.plan.commands.length]);
  });

  it.each(['cpu', 'gpu'] as const)('have the results of one, left on the %s, also where they overlap', async (outputLocation) => {
    const executable = await load();
    const feeds = Array.from({ length: 8 }, (_, i) => randomFeeds(shapes, i));
    const expected = await Promise.all(feeds.map((feed) => executable.run(feed, graph.outputs)));
    for (let turn = 0; turn < 2; turn++) {
      const runs = feeds.map((feed) => executable.run(feed, graph.outputs, { outputLocation, maxSubmitMs: SHORT }));
      for (const [i, outputs] of (await Promise.all(runs)).entries()) {
        for (const name of graph.outputs) {
          expect(await outputs.get(name)?.getData()).toEqual(expected[i]?.get(name)?.data);
          outputs.get(name)?.dispose();
        }
      }
    }
  });

  it('reject where a part is refused', async () => {
    const executable = await load();
    const feeds = randomFeeds(shapes);
    const resident = await executable.run(feeds, [graph.outputs[0] as string], { outputLocation: 'gpu' });
    const x = resident.get(graph.outputs[0] as string)!;
    x.gpuBuffer.destroy();
    const run = executable.run(new Map([['x', x]]), graph.outputs, { maxSubmitMs: SHORT });
    await expect(run).rejects.toMatchObject({ code: 'gpu-error' });
    await executable.run(feeds, graph.outputs, { maxSubmitMs: SHORT });
  });

  it('are an option of a session, which checks it', async () => {
    const session = await InferenceSession.create(exportOnnx(graph));
    const feeds = Object.fromEntries(randomFeeds(shapes));
    const [plain, cut] = [await session.run(feeds), await session.run(feeds, { maxSubmitMs: SHORT })];
    for (const name of session.outputNames) expect(cut[name]?.data).toEqual(plain[name]?.data);
    for (const maxSubmitMs of [0, -1, Number.NaN]) {
      await expect(session.run(feeds, { maxSubmitMs })).rejects.toMatchObject({ code: 'invalid-argument' });
    }
    await session.release();
  });
});
