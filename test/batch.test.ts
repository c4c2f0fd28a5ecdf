import { beforeAll, describe, expect, it } from 'vitest';
import { createQueue, InferenceSession, Tensor } from '#tilewise';
import { random } from '../bench/support/random.js';
import { runGraph } from '../kernels-ref/run-graph.js';
import { exportOnnx } from '../src/exporters/onnx.js';
import { type Graph, valueNamed } from '../src/graph/graph.js';
import { inferShapes } from '../src/ops/infer.js';
import { compareNumbers, describeComparison, tolerances } from '../src/tensor/compare.js';
import { toNumbers } from '../src/tensor/convert.js';
import { testDevice } from './support/device.js';
import { NetBuilder } from './support/graphs.js';

type Dim = number | string;

const graphOf = (net: (b: NetBuilder) => string[]): Graph => {
  const b = new NetBuilder();
  b.output(...net(b));
  return inferShapes(b.build());
};

/** A small classifier of pictures, as exported for one sample: a Reshape has its batch written out. */
const classifier = (batch: Dim = 1): Graph =>
  graphOf((b) => {
    const x = b.input('x', 'float32', [batch, 2, 8, 8]);
    const pooled = b.op('MaxPool', [b.op('Relu', [b.conv(x, 2, 8, 3)])], { kernel_shape: [2, 2], strides: [2, 2] });
    const rows = b.op('Reshape', [pooled, batch === 1 ? b.ints(1, 128) : b.ints(-1, 128)]);
    const logits = b.op('Gemm', [rows, b.weight([128, 5]), b.weight([5])]);
    return [b.op('Softmax', [logits]), logits];
  });

/** Two inputs that both carry the batch, and a third that all samples share. */
const mixer = (): Graph =>
  graphOf((b) => {
    const sum = b.op('Add', [b.input('a', 'float32', ['n', 'w']), b.input('b', 'float32', ['n', 'w'])]);
    return [b.op('Mul', [b.op('Softmax', [sum]), b.input('gain', 'float32', [])])];
  });

/** Samples that see each other. */
const crowd = (): Graph => graphOf((b) => [b.op('Softmax', [b.input('x', 'float32', ['n', 16])], { axis: 0 })]);

const tensor = (shape: readonly number[], seed: number): Tensor => {
  const next = random(seed);
  const size = shape.reduce((a, v) => a * v, 1);
  return new Tensor(
    'float32',
    Float32Array.from({ length: size }, () => 4 * next() - 2),
    shape,
  );
};

const pictures = (count: number, seed = 1): Tensor => tensor([count, 2, 8, 8], seed);

const expectClose = (actual: Tensor | undefined, expected: Tensor | undefined): void => {
  expect(actual?.dims).toEqual(expected?.dims);
  const [a, e] = [actual, expected].map((t) => toNumbers(t!.type, t!.data)) as [Float64Array, Float64Array];
  const comparison = compareNumbers(a, e, { ...tolerances.reduction, atol: 1e-5 });
  expect(comparison.equal, describeComparison(comparison)).toBe(true);
};

/** What the CPU reference gives for these feeds. */
const expected = (graph: Graph, feeds: Readonly<Record<string, Tensor>>): Map<string, Tensor> =>
  runGraph(graph, new Map(Object.entries(feeds)));

const anyBatch = classifier('n');
const [probabilities, logits] = anyBatch.outputs as [string, string];
const expectRight = (outputs: Record<string, Tensor>, x: Tensor): void => {
  const right = expected(anyBatch, { x });
  for (const [name, output] of Object.entries(outputs)) expectClose(output, right.get(name));
};

let session: InferenceSession;
beforeAll(async () => {
  session = await InferenceSession.create(exportOnnx(classifier()), { batch: 'dynamic' });
});

describe("a session with batch: 'dynamic'", () => {
  it('takes any number of samples of a model for one', async () => {
    expect(session.inputMetadata[0]?.shape).toEqual(['batch', 2, 8, 8]);
    expect(session.outputMetadata.map(({ shape }) => shape)).toEqual([
      ['batch', 5],
      ['batch', 5],
    ]);
    for (const count of [1, 2, 7]) {
      const x = pictures(count, count);
      expectRight(await session.run({ x }), x);
    }
  });

  it('is hinted at where a model for one sample gets several', async () => {
    const fixed = await InferenceSession.create(exportOnnx(classifier()));
    await expect(fixed.run({ x: pictures(2) })).rejects.toMatchObject({
      code: 'invalid-feed',
      hint: expect.stringContaining("batch: 'dynamic'"),
    });
    expect(() => createQueue(fixed)).toThrow(expect.objectContaining({ hint: expect.stringContaining("batch: 'dynamic'") }));
    await fixed.release();
  });

  it('names the node that mixes samples', async () => {
    const bytes = exportOnnx(crowd());
    const wrong = InferenceSession.create(bytes, { batch: 'dynamic' });
    await expect(wrong).rejects.toMatchObject({ code: 'unsupported-model', node: expect.stringContaining('Softmax') });
    await expect(InferenceSession.create(bytes, { batch: 4 as never })).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('can be saved, for the batches that it has run', async () => {
    const saved = await session.save();
    const again = await InferenceSession.create(saved);
    const x = pictures(2);
    expectRight(await again.run({ x }), x);
    await again.release();
  });
});

describe('a batch that is too large', () => {
  const bytes = exportOnnx(anyBatch);
  /** Of the limits that there are, the budget can be lowered on every adapter. */
  const small = (device?: GPUDevice): Promise<InferenceSession> =>
    InferenceSession.create(bytes, { maxBytes: 40_000, ...(device && { device }) });

  it('runs in parts, and again', async () => {
    const own = await small();
    for (const count of [37, 37, 5, 1]) {
      const x = pictures(count, count);
      const outputs = await own.run({ x });
      expect(outputs[probabilities]?.dims).toEqual([count, 5]);
      expectRight(outputs, x);
    }
    await own.release();
  });

  it('comes from the GPU and stays there', async () => {
    const { gpu } = await testDevice();
    const identity = graphOf((b) => [b.op('Identity', [b.input('x', 'float32', ['n', 2, 8, 8])])]);
    const upload = await InferenceSession.create(exportOnnx(identity), { device: gpu, outputLocation: 'gpu' });
    const x = pictures(23, 4);
    const resident = Object.values(await upload.run({ x }))[0] as Tensor;
    const own = await small(gpu);
    const { [logits]: result } = await own.run({ x: resident }, [logits], { outputLocation: 'gpu' });
    expect(result?.location).toBe('gpu');
    const data = (await result?.getData()) as Float32Array;
    expectRight({ [logits]: new Tensor('float32', data, result?.dims) }, x);
    result?.dispose();
    expectRight(await own.run({ x: resident }), x);
    resident.dispose();
    await upload.release();
    await own.release();
  });

  it('is refused where one sample is too large, and where samples see each other', async () => {
    const tiny = await InferenceSession.create(bytes, { maxBytes: 6_000 });
    await expect(tiny.run({ x: pictures(8) })).rejects.toMatchObject({ code: 'limit-exceeded' });
    await expect(tiny.run({ x: pictures(1) })).rejects.toMatchObject({ code: 'limit-exceeded' });
    const mixing = await InferenceSession.create(exportOnnx(crowd()), { maxBytes: 4_000 });
    await expect(mixing.run({ x: tensor([64, 16], 1) })).rejects.toMatchObject({ code: 'limit-exceeded' });
    await expect(mixing.checkSamples()).rejects.toMatchObject({ code: 'unsupported-model' });
    await Promise.all([tiny.release(), mixing.release()]);
  });

  it('keeps inputs whole that samples share', async () => {
    const graph = mixer();
    const own = await InferenceSession.create(exportOnnx(graph), { maxBytes: 4_000 });
    const feeds = { a: tensor([50, 7], 1), b: tensor([50, 7], 2), gain: new Tensor('float32', [3], []) };
    const outputs = await own.run(feeds);
    const right = expected(graph, feeds);
    for (const name of graph.outputs) expectClose(outputs[name], right.get(name));
    await own.release();
  });
});

describe('concurrent runs', () => {
  it('are all right: 1,000 over three sessions, of mixed shapes', async () => {
    const graphs = [anyBatch, mixer(), crowd()];
    const sessions = await Promise.all(graphs.map((graph) => InferenceSession.create(exportOnnx(graph))));
    const feedsOf = (which: number, i: number): Record<string, Tensor> => {
      if (which === 0) return { x: pictures(1 + (i % 4), i) };
      if (which === 2) return { x: tensor([1 + (i % 5), 16], i) };
      // More shapes than plans are kept.
      const shape = [1 + (i % 3), 2 + (i % 5)];
      return { a: tensor(shape, i), b: tensor(shape, i + 1), gain: new Tensor('float32', [i], []) };
    };
    const all = Array.from({ length: 1000 }, (_, i) => ({ which: i % 3, feeds: feedsOf(i % 3, i) }));
    const results = await Promise.all(all.map(({ which, feeds }) => (sessions[which] as InferenceSession).run(feeds)));
    results.forEach((outputs, i) => {
      const { which, feeds } = all[i] as (typeof all)[number];
      const right = expected(graphs[which] as Graph, feeds);
      for (const [name, output] of Object.entries(outputs)) expectClose(output, right.get(name));
    });
    await Promise.all(sessions.map((one) => one.release()));
  });

  it('wait in order, and leave when their signal fires', async () => {
    const order: number[] = [];
    const controller = new AbortController();
    const x = pictures(1);
    const runs = Array.from({ length: 8 }, (_, i) =>
      session.run({ x }, [logits], i === 5 ? { signal: controller.signal } : {}).then(
        () => order.push(i),
        () => order.push(-i),
      ),
    );
    queueMicrotask(() => controller.abort());
    await Promise.all(runs);
    expect(order.filter((i) => i >= 0)).toEqual([0, 1, 2, 3, 4, 6, 7]);
    expect(order).toContain(-5);
  });

  it('end with a typed error, or a result, when the session is released meanwhile', async () => {
    const own = await InferenceSession.create(exportOnnx(anyBatch));
    const inputs = Array.from({ length: 40 }, (_, i) => pictures(1 + (i % 12), i));
    const runs = inputs.map((x) => own.run({ x }, [logits]));
    const ends = Promise.allSettled(runs);
    await runs[0];
    await own.release();
    for (const [i, result] of (await ends).entries()) {
      if (result.status === 'fulfilled') expectRight(result.value, inputs[i] as Tensor);
      else expect(result.reason).toMatchObject({ code: 'disposed' });
    }
  });

  it('keep as many plans as the budget holds', async () => {
    const { gpu } = await testDevice();
    const buffersOfSecondRound = async (maxBytes: number): Promise<number> => {
      const own = await InferenceSession.create(exportOnnx(anyBatch), { device: gpu, maxBytes });
      for (const count of [16, 17]) await own.run({ x: pictures(count) });
      const create = gpu.createBuffer;
      let made = 0;
      gpu.createBuffer = (descriptor) => {
        made++;
        return create.call(gpu, descriptor);
      };
      for (const count of [16, 17]) await own.run({ x: pictures(count) });
      gpu.createBuffer = create.bind(gpu);
      await own.release();
      return made;
    };
    expect(await buffersOfSecondRound(2 ** 20)).toBe(0);
    expect(await buffersOfSecondRound(80_000)).toBeGreaterThan(0);
  });

  it('read back through at most two buffers at a time', async () => {
    const { gpu } = await testDevice();
    const own = await InferenceSession.create(exportOnnx(anyBatch), { device: gpu });
    await own.run({ x: pictures(1) });
    const create = gpu.createBuffer.bind(gpu);
    let staging = 0;
    gpu.createBuffer = (descriptor) => {
      if (descriptor.label === 'staging') staging++;
      return create(descriptor);
    };
    await Promise.all(Array.from({ length: 50 }, (_, i) => own.run({ x: pictures(1, i) })));
    gpu.createBuffer = create;
    expect(staging).toBeLessThanOrEqual(1);
    await own.release();
  });
});

describe('a queue on a session', () => {
  it('gives each request what a run of its own gives', async () => {
    const queue = createQueue(session, { maxBatch: 8 });
    const inputs = Array.from({ length: 40 }, (_, i) => pictures(i % 7 === 0 ? 3 : 1, i));
    const results = await Promise.all(inputs.map((x) => queue.run({ x })));
    results.forEach((outputs, i) => expectRight(outputs, inputs[i] as Tensor));
    await expect(queue.run({ x: tensor([1, 2, 8, 9], 1) })).rejects.toMatchObject({ code: 'invalid-feed', tensor: 'x' });
    const { batches, completed, failed } = queue.stats();
    expect([...batches.keys()].every((size) => [1, 2, 4, 8].includes(size))).toBe(true);
    expect({ completed, failed }).toEqual({ completed: 40, failed: 1 });
    await queue.close();
  });

  it('joins requests that share an input, and others not', async () => {
    const graph = mixer();
    const own = await InferenceSession.create(exportOnnx(graph));
    const queue = createQueue(own);
    const gains = [2, 3].map((v) => new Tensor('float32', [v], []));
    const requests = Array.from({ length: 12 }, (_, i) => ({
      a: tensor([1, 4], i),
      b: tensor([1, 4], 100 + i),
      gain: gains[i % 2] as Tensor,
    }));
    const results = await Promise.all(requests.map((feeds) => queue.run(feeds)));
    const [name] = graph.outputs as [string];
    results.forEach((outputs, i) =>
      expectClose(outputs[name], expected(graph, requests[i] as (typeof requests)[number]).get(name)),
    );
    expect(queue.stats().batches).toEqual(new Map([[8, 2]]));
    await queue.close();
    await own.release();
  });

  it('is refused a model whose samples see each other, by the name of the node', async () => {
    const own = await InferenceSession.create(exportOnnx(crowd()));
    await expect(createQueue(own).run({ x: tensor([1, 16], 1) })).rejects.toMatchObject({
      code: 'unsupported-model',
      node: expect.stringContaining('Softmax'),
    });
    const alone = createQueue(own, { maxBatch: 1 });
    const x = tensor([2, 16], 1);
    const [name] = crowd().outputs as [string];
    expectClose((await alone.run({ x }))[name], expected(crowd(), { x }).get(name));
    await own.release();
  });

  it('refuses tensors on the GPU, and says what takes them', async () => {
    const x = pictures(1);
    const { [logits]: resident } = await session.run({ x }, [logits], { outputLocation: 'gpu' });
    const b = new NetBuilder();
    b.output(b.op('Relu', [b.input('x', 'float32', ['n', 5])]));
    const next = await InferenceSession.create(exportOnnx(inferShapes(b.build())));
    await expect(createQueue(next).run({ x: resident as Tensor })).rejects.toMatchObject({
      code: 'invalid-feed',
      hint: expect.stringContaining('session.run'),
    });
    resident?.dispose();
    await next.release();
  });
});

describe('tensors on the GPU', () => {
  const chain = async (gpu: GPUDevice) => {
    const b = new NetBuilder();
    b.output(b.op('Relu', [b.input('x', 'float32', ['n', 5])]));
    const graph = inferShapes(b.build());
    const [first, second] = await Promise.all(
      [anyBatch, graph].map((one) => InferenceSession.create(exportOnnx(one), { device: gpu })),
    );
    return { first: first as InferenceSession, second: second as InferenceSession, relu: graph.outputs[0] as string };
  };

  it('go from session to session without the host', async () => {
    const { gpu } = await testDevice();
    const { first, second, relu } = await chain(gpu);
    const x = pictures(3);
    const right = expected(anyBatch, { x }).get(logits)?.data as Float32Array;
    await second.run({ x: tensor([3, 5], 1) });
    const { [logits]: middle } = await first.run({ x }, [logits], { outputLocation: 'gpu' });
    const calls: string[] = [];
    const write = gpu.queue.writeBuffer;
    const create = gpu.createBuffer;
    gpu.queue.writeBuffer = () => void calls.push('writeBuffer');
    gpu.createBuffer = (descriptor) => {
      calls.push(`createBuffer ${descriptor.label}`);
      return create.call(gpu, descriptor);
    };
    const { [relu]: last } = await second.run({ x: middle as Tensor }, { outputLocation: 'gpu' });
    gpu.queue.writeBuffer = write.bind(gpu.queue);
    gpu.createBuffer = create.bind(gpu);
    expect(calls).toEqual([`createBuffer ${relu}`]);
    const data = (await last?.getData()) as Float32Array;
    data.forEach((v, i) => expect(v).toBeCloseTo(Math.max(0, right[i] as number), 5));
    middle?.dispose();
    last?.dispose();
    await Promise.all([first.release(), second.release()]);
  });

  it("may be the application's own buffers", async () => {
    const { gpu } = await testDevice();
    const { first, second } = await chain(gpu);
    const x = pictures(2, 9);
    const [COPY_SRC, COPY_DST, UNIFORM] = [4, 8, 64];
    const buffer = gpu.createBuffer({ size: 4 * x.size, usage: COPY_SRC | COPY_DST });
    gpu.queue.writeBuffer(buffer, 0, x.data as Float32Array<ArrayBuffer>);
    const own = Tensor.fromGpuBuffer('float32', buffer, x.dims);
    expectRight(await first.run({ x: own }), x);
    await expect(own.getData()).rejects.toMatchObject({ code: 'invalid-argument' });
    own.dispose();
    expectRight(await first.run({ x: Tensor.fromGpuBuffer('float32', buffer, x.dims) }), x);
    expect(() => Tensor.fromGpuBuffer('float32', buffer, [3, 2, 8, 8])).toThrow(/1536 bytes are wanted/);
    const uniform = gpu.createBuffer({ size: 4 * x.size, usage: UNIFORM });
    expect(() => Tensor.fromGpuBuffer('float32', uniform, x.dims)).toThrow(/COPY_SRC/);
    buffer.destroy();
    uniform.destroy();
    await Promise.all([first.release(), second.release()]);
  });
});

describe('the metadata of a re-batched model', () => {
  it('names the batch as the model does', async () => {
    const own = await InferenceSession.create(exportOnnx(anyBatch), { batch: 'dynamic' });
    expect(own.inputMetadata[0]?.shape?.[0]).toBe('n');
    expect(valueNamed(anyBatch, logits).shape).toEqual(['n', 5]);
    await own.release();
  });
});
