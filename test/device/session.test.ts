import { beforeAll, describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import type { Graph } from '../../src/graph/graph.js';
import { inferShapes } from '../../src/ops/infer.js';
import { testDevice } from '../support/device.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

/** conv - pool - flatten - gemm - softmax, with a symbolic batch. */
const classifier = (): Graph => {
  const b = new NetBuilder();
  const x = b.input('image', 'float32', ['batch', 3, 8, 8]);
  const y = b.op('Relu', [b.conv(x, 3, 8, 3)]);
  const pooled = b.op('MaxPool', [y], { kernel_shape: [2, 2], strides: [2, 2] });
  const logits = b.op('Gemm', [b.op('Flatten', [pooled]), b.weight([128, 5]), b.weight([5])]);
  b.output(b.op('Softmax', [logits]), logits);
  return inferShapes(b.build());
};

const graph = classifier();
const [probabilities, logits] = graph.outputs as [string, string];
const feedsOf = (batch: number, seed = 1): Map<string, Tensor> => randomFeeds(new Map([['image', [batch, 3, 8, 8]]]), seed);
const image = (feeds: Map<string, Tensor>): { image: Tensor } => ({ image: feeds.get('image') as Tensor });

const expectRight = (actual: Tensor | undefined, feeds: Map<string, Tensor>, name = probabilities): void => {
  const expected = runGraph(graph, feeds).get(name) as Tensor;
  expect(actual?.dims).toEqual(expected.dims);
  const got = actual?.data as Float32Array;
  got.forEach((v, i) => expect(v).toBeCloseTo(expected.data[i] as number, 5));
};

let bytes: Uint8Array;
let session: InferenceSession;
beforeAll(async () => {
  bytes = exportOnnx(graph);
  session = await InferenceSession.create(bytes);
});

describe('InferenceSession', () => {
  it('tells its inputs and outputs, symbols included', () => {
    expect(session.inputNames).toEqual(['image']);
    expect(session.outputNames).toEqual([probabilities, logits]);
    expect(session.inputMetadata).toEqual([{ name: 'image', isTensor: true, type: 'float32', shape: ['batch', 3, 8, 8] }]);
    expect(session.outputMetadata[0]).toMatchObject({ type: 'float32', shape: ['batch', 5] });
  });

  it.each([1, 2, 5])('runs a batch of %i', async (batch) => {
    const feeds = feedsOf(batch);
    const outputs = await session.run(image(feeds));
    expectRight(outputs[probabilities], feeds);
    expectRight(outputs[logits], feeds, logits);
  });

  it('keeps many shapes in flight apart', async () => {
    const all = Array.from({ length: 30 }, (_, i) => feedsOf(1 + (i % 11), i));
    const results = await Promise.all(all.map((feeds) => session.run(image(feeds), [probabilities])));
    results.forEach((outputs, i) => expectRight(outputs[probabilities], all[i] as Map<string, Tensor>));
  });

  it('fetches by list, by object, and takes options in either place', async () => {
    const feeds = image(feedsOf(1));
    expect(Object.keys(await session.run(feeds, [logits]))).toEqual([logits]);
    expect(Object.keys(await session.run(feeds, { [logits]: null }))).toEqual([logits]);
    expect((await session.run(feeds, { outputLocation: 'gpu' }))[logits]?.location).toBe('gpu');
    expect((await session.run(feeds, [logits], { outputLocation: 'gpu' }))[logits]?.location).toBe('gpu');
    await expect(session.run(feeds, ['nothing'])).rejects.toMatchObject({ code: 'invalid-argument', tensor: 'nothing' });
  });

  it('refuses feeds that do not fit, by name', async () => {
    const good = image(feedsOf(1)).image;
    const refused = (feeds: Record<string, Tensor>) => expect(session.run(feeds)).rejects;
    await refused({}).toMatchObject({ code: 'invalid-feed', tensor: 'image' });
    await refused({ image: good, other: good }).toMatchObject({ code: 'invalid-feed', tensor: 'other' });
    await refused({ image: new Tensor('int32', new Int32Array(192), [1, 3, 8, 8]) }).toMatchObject({
      code: 'invalid-feed',
      tensor: 'image',
    });
    await refused({ image: new Tensor('float32', new Float32Array(64), [1, 1, 8, 8]) }).toMatchObject({
      code: 'invalid-feed',
      tensor: 'image',
    });
    await refused({ image: new Tensor('float32', new Float32Array(192), [3, 8, 8]) }).toMatchObject({
      code: 'invalid-feed',
      tensor: 'image',
    });
    const detached = new Float32Array(192);
    const tensor = new Tensor('float32', detached, [1, 3, 8, 8]);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    await refused({ image: tensor }).toMatchObject({ code: 'invalid-feed', tensor: 'image' });
    const disposed = new Tensor('float32', new Float32Array(192), [1, 3, 8, 8]);
    disposed.dispose();
    await refused({ image: disposed }).toMatchObject({ code: 'disposed' });
  });

  it("runs on an application's own device, and chains two sessions there", async () => {
    const { gpu } = await testDevice();
    const b = new NetBuilder();
    b.output(b.op('Relu', [b.input('x', 'float32', ['n', 5])]));
    const own = await InferenceSession.create(bytes, { device: gpu, outputLocation: 'gpu' });
    const next = await InferenceSession.create(exportOnnx(inferShapes(b.build())), { device: gpu });
    const middle = (await own.run(image(feedsOf(2))))[logits] as Tensor;
    const [relu] = next.outputNames as [string];
    const result = (await next.run({ x: middle }))[relu] as Tensor;
    const expected = (await session.run(image(feedsOf(2))))[logits] as Tensor;
    (result.data as Float32Array).forEach((v, i) => expect(v).toBeCloseTo(Math.max(0, expected.data[i] as number), 5));
    await own.release();
    await next.release();
  });

  it('stops when the signal fires, and after release', async () => {
    const own = await InferenceSession.create(bytes);
    await expect(own.run(image(feedsOf(1)), [logits], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    await expect(InferenceSession.create(bytes, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    const pending = own.run(image(feedsOf(1)));
    const released = own.release();
    await Promise.allSettled([pending]);
    await released;
    await expect(own.run(image(feedsOf(1)))).rejects.toMatchObject({ code: 'disposed' });
  });

  it('names every operator it lacks', async () => {
    await expect(InferenceSession.create(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ code: 'invalid-model' });
    await expect(InferenceSession.create(new Uint8Array(0))).rejects.toMatchObject({ code: 'invalid-model' });
  });
});
