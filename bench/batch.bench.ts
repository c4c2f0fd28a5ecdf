import { exportOnnx } from '../src/exporters/onnx.js';
import { InferenceSession } from '../src/session.js';
import { benchLoad, benchSizes, checkQueue } from './batching.js';
import { type BenchCase, type BenchContext, type BenchOutcome, type CaseSelection, failureOf } from './case.js';
import { modelCase } from './model-case.js';
import { NetBuilder } from './support/net-builder.js';

const SIDE = 32;

/** A small network for pictures of 32 x 32, whose batch is symbolic: three convolutions, pooling, a linear layer. */
const smallNet = (): Uint8Array => {
  const net = new NetBuilder();
  const image = net.input('image', 'float32', ['batch', 3, SIDE, SIDE]);
  const relu = (x: string): string => net.op('Relu', [x]);
  const stem = relu(net.conv(image, 3, 16, 3, { strides: [2, 2] }));
  const middle = relu(net.conv(stem, 16, 32, 3, { strides: [2, 2] }));
  const last = relu(net.conv(middle, 32, 64, 1));
  const features = net.op('Flatten', [net.op('GlobalAveragePool', [last])]);
  net.output(net.op('Gemm', [features, net.weight([64, 10]), net.weight([10])]));
  return exportOnnx(net.build());
};

/** The same small network on 1 to 32 pictures at a time. */
export const batchCases = ({ quick }: CaseSelection): BenchCase[] =>
  (quick ? [1, 8] : [1, 2, 4, 8, 16, 32]).map((batch) =>
    modelCase({
      name: `small-cnn/batch-${batch}`,
      group: 'batch',
      title: `a small network, ${batch} picture${batch === 1 ? '' : 's'} of ${SIDE} x ${SIDE} a run`,
      bytes: smallNet,
      dims: new Map([['batch', batch]]),
      batch,
    }),
  );

const SIZES = [1, 2, 4, 8, 16, 32];
/** Rates of requests, as multiples of what runs of single pictures reach. */
const RATES = [0.5, 1, 2, 3];

/** Single pictures that come at random times, through a queue that joins them to batches. */
export const queueCases = (): BenchCase[] => [
  {
    name: 'small-cnn/queue',
    group: 'batch',
    title: 'the small network behind a queue, under requests at several rates',
    run: runQueue,
  },
];

async function* runQueue(context: BenchContext): AsyncGenerator<BenchOutcome> {
  const name = 'small-cnn/queue';
  const { budgetMs, report } = context;
  const device = await context.openDevice();
  try {
    const session = await InferenceSession.create(smallNet(), { device: device.gpu });
    await checkQueue(session);
    const [single] = await benchSizes(session, SIZES, budgetMs, context);
    for (const rate of RATES) {
      const perSecond = rate * (single?.imagesPerSecond ?? 1);
      report(`requests at ${Math.round(perSecond)} a second`);
      yield { load: { case: name, ...(await benchLoad(session, perSecond, budgetMs, context)) } };
    }
    await session.release();
  } catch (error) {
    yield failureOf(name, error, context.signal);
  } finally {
    device.gpu.destroy();
  }
}
