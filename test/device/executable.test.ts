import { afterAll, describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { type Device, openDevice } from '../../src/device/device.js';
import { Executable } from '../../src/device/executable.js';
import type { Graph } from '../../src/graph/graph.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { inferShapes } from '../../src/ops/infer.js';
import { buildPlan } from '../../src/plan/build.js';
import { platform } from '../../src/platform.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { testDevice } from '../support/device.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const shapes = new Map([['x', [2, 5]]]);

/** tanh(x + 1) * x, with a second output. */
const net = (): Graph => {
  const b = new NetBuilder();
  const x = b.input('x', 'float32', [2, 5]);
  const t = b.op('Tanh', [b.op('Add', [x, b.values([1], [1])])]);
  b.output(b.op('Mul', [t, x]), t);
  return inferShapes(b.build());
};

const loaded: Executable[] = [];
const load = async (graph: Graph, device?: Device): Promise<Executable> => {
  const on = device ?? (await testDevice());
  const executable = await Executable.load(buildPlan(graph, on.facts), on);
  loaded.push(executable);
  return executable;
};
afterAll(() => {
  for (const executable of loaded) executable.dispose();
});

const ownDevice = async (): Promise<Device> => openDevice(await platform().gpu(), '', platform().pause);

describe('Executable', () => {
  it('answers overlapping runs each with its own result', async () => {
    const graph = net();
    const executable = await load(graph);
    const feeds = Array.from({ length: 24 }, (_, i) => randomFeeds(shapes, i));
    const results = await Promise.all(feeds.map((feed) => executable.run(feed, graph.outputs)));
    results.forEach((outputs, i) => {
      const expected = runGraph(graph, feeds[i] as Map<string, Tensor>);
      for (const name of graph.outputs) {
        const want = expected.get(name)?.data as Float32Array;
        const got = outputs.get(name)?.data as Float32Array;
        got.forEach((v, k) => expect(v).toBeCloseTo(want[k] as number, 5));
      }
    });
  });

  it('reads back only what is fetched', async () => {
    const graph = net();
    const outputs = await (await load(graph)).run(randomFeeds(shapes), [graph.outputs[1] as string]);
    expect([...outputs.keys()]).toEqual([graph.outputs[1]]);
  });

  it('keeps outputs on the GPU and takes them as inputs again', async () => {
    const graph = net();
    const executable = await load(graph);
    const feeds = randomFeeds(shapes);
    const [name] = graph.outputs as [string];
    const first = (await executable.run(feeds, [name], { outputLocation: 'gpu' })).get(name) as Tensor;
    expect(first.location).toBe('gpu');
    expect(() => first.data).toThrow(/on the GPU/);
    const host = (await executable.run(feeds, [name])).get(name) as Tensor;
    expect(await first.getData()).toEqual(host.data);
    const again = (await executable.run(new Map([['x', first]]), [name])).get(name) as Tensor;
    const expected = (await executable.run(new Map([['x', host]]), [name])).get(name) as Tensor;
    expect(again.data).toEqual(expected.data);
    first.dispose();
    await expect(first.getData()).rejects.toMatchObject({ code: 'disposed' });
  });

  it('hands back an input or a constant that is an output', async () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [2, 5]);
    const c = b.values([3], [7, 8, 9]);
    b.output(x, c, b.op('Identity', [x]));
    const graph = inferShapes(b.build());
    const feeds = randomFeeds(shapes);
    const outputs = await (await load(graph)).run(feeds, graph.outputs);
    expect(outputs.get('x')?.data).toEqual(feeds.get('x')?.data);
    expect(outputs.get(c)?.data).toEqual(new Float32Array([7, 8, 9]));
    expect(outputs.get(graph.outputs[2] as string)?.data).toEqual(feeds.get('x')?.data);
  });

  it('refuses to run after it was disposed, or when the signal has fired', async () => {
    const graph = net();
    const executable = await load(graph);
    await expect(executable.run(randomFeeds(shapes), graph.outputs, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    executable.dispose();
    await expect(executable.run(randomFeeds(shapes), graph.outputs)).rejects.toMatchObject({ code: 'disposed' });
  });

  it('rejects what is under way, and what comes later, when the device is lost', async () => {
    const device = await ownDevice();
    const graph = net();
    const executable = await load(graph, device);
    const pending = executable.run(randomFeeds(shapes), graph.outputs);
    device.gpu.destroy();
    await expect(pending).rejects.toMatchObject({ code: expect.stringMatching(/device-lost|gpu-error/) });
    await device.gpu.lost;
    expect(device.isLost).toBe(true);
    await expect(executable.run(randomFeeds(shapes), graph.outputs)).rejects.toMatchObject({ code: 'device-lost' });
    await expect(Executable.load(buildPlan(graph, device.facts), device)).rejects.toMatchObject({ code: 'device-lost' });
  });

  it('names the kernel that does not compile, and leaves the device usable', async () => {
    const device = await testDevice();
    const graph = net();
    const plan = buildPlan(graph, device.facts);
    const broken = { ...plan, pipelines: plan.pipelines.map((p) => ({ ...p, code: p.code.replace('fn main', 'fn main!') })) };
    await expect(Executable.load(broken, device)).rejects.toMatchObject({
      code: 'gpu-error',
      message: expect.stringMatching(/'(unary|binary)' does not compile/),
    });
    await (await load(graph)).run(randomFeeds(shapes), graph.outputs);
  });

  it('compiles a pipeline once, however many plans want it', async () => {
    const device = await ownDevice();
    let compiled = 0;
    const compile = device.gpu.createComputePipelineAsync.bind(device.gpu);
    device.gpu.createComputePipelineAsync = (descriptor) => {
      compiled++;
      return compile(descriptor);
    };
    await load(net(), device);
    const once = compiled;
    await load(net(), device);
    expect(once).toBeGreaterThan(0);
    expect(compiled).toBe(once);
  });

  it('makes no buffer and no bind group in a run once it is warm', async () => {
    const device = await ownDevice();
    const graph = net();
    const executable = await load(graph, device);
    await executable.run(randomFeeds(shapes), graph.outputs);
    let made = 0;
    for (const method of ['createBuffer', 'createBindGroup', 'createComputePipelineAsync'] as const) {
      const original = device.gpu[method].bind(device.gpu) as (d: never) => never;
      device.gpu[method] = ((descriptor: never) => {
        made++;
        return original(descriptor);
      }) as never;
    }
    for (let i = 0; i < 5; i++) await executable.run(randomFeeds(shapes, i), graph.outputs);
    expect(made).toBe(0);
  });
});

describe('buildPlan', () => {
  it('refuses a tensor that the device cannot bind, and names the limit', () => {
    const limits = { ...defaultFacts.limits, maxStorageBufferBindingSize: 32 };
    expect(() => buildPlan(net(), { ...defaultFacts, limits })).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
  });
});
