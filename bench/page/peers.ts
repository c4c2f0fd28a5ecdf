import { runGraph } from '../../kernels-ref/run-graph.js';
import { randomTensor } from '../../src/cli/random.js';
import { sharedDevice } from '../../src/device/shared.js';
import { TilewiseError, throwIfAborted } from '../../src/errors.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { bindInputs, summarizeNodes, total } from '../../src/inspect.js';
import { bindShapes } from '../../src/passes/bind-shapes.js';
import { InferenceSession } from '../../src/session.js';
import { toNumbers } from '../../src/tensor/convert.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { MAX_REFERENCE_MACS } from '../model-case.js';
import { sampleInTurns, spreadOf } from '../statistics.js';
import { NetBuilder } from '../support/net-builder.js';
import { modelBytes } from './model-bytes.js';
import { openOnnxruntime } from './peer-onnxruntime.js';
import { openTensorflow } from './peer-tensorflow.js';
import type { ModelSource, PeerReport, PeerRequest, PeerRow } from './protocol.js';

/** Something that runs the same work: from arrays on the host to the numbers of the first output on the host. */
export interface Runner {
  readonly name: string;
  run(): Promise<ArrayLike<number>>;
  release(): Promise<void>;
}

/** The work as both get it. */
export interface PeerWork {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly output: string;
}

const BUDGET_MS = 1500;
/** Of the largest magnitude of the output: what differing orders of summation add up to. */
const MAX_ERROR = 1e-3;

/** Runs another library beside this one, in turn, on the same numbers. Nothing of it is fetched before. */
export const comparePeer = async (request: PeerRequest, signal: AbortSignal): Promise<PeerReport> => {
  const library = await importPeer(request.url);
  const work = request.model ? await modelWork(request.model) : productWork(request.size);
  const open = request.library === 'tensorflow' ? openTensorflow : openOnnxruntime;
  const runners: { readonly runner: Runner; readonly startMs: number; readonly first: ArrayLike<number> }[] = [];
  try {
    for (const start of [() => openOwn(work), () => open(library, work, request)]) {
      throwIfAborted(signal);
      const begin = performance.now();
      const runner = await start();
      const first = await runner.run();
      runners.push({ runner, startMs: performance.now() - begin, first });
    }
    const samples = await sampleInTurns(
      runners.map(({ runner }) => async () => {
        const begin = performance.now();
        await runner.run();
        return performance.now() - begin;
      }),
      { budgetMs: BUDGET_MS, signal },
    );
    const rows = runners.map(({ runner, startMs }, i): PeerRow => {
      const { median, p95 } = spreadOf(samples[i]!);
      return { library: runner.name, startMs, medianMs: median, p95Ms: p95 };
    });
    const agreement = agreementOf(runners[0]!.first, runners[1]!.first);
    const right = agreement.agrees ? undefined : rightOf(work, runners);
    return { work: work.title, rows, ...agreement, ...(right !== undefined && { right }) };
  } finally {
    for (const { runner } of runners) await runner.release();
  }
};

/** Which of two that differ the CPU reference bears out; nothing for work that it would take minutes for. */
const rightOf = (
  { bytes, feeds, output }: PeerWork,
  runners: readonly { readonly runner: Runner; readonly first: ArrayLike<number> }[],
): string | undefined => {
  const graph = bindShapes(importOnnx(bytes), new Map([...feeds].map(([name, { dims }]) => [name, dims])));
  if (total(summarizeNodes(graph)).macs > MAX_REFERENCE_MACS) return undefined;
  const { type, data } = runGraph(graph, feeds).get(output) as Tensor;
  const expected = toNumbers(type, data);
  const right = runners.filter(({ first }) => agreementOf(first, expected).agrees);
  return right.length === 1 ? right[0]?.runner.name : undefined;
};

const importPeer = async (url: string): Promise<unknown> => {
  try {
    return await import(/* @vite-ignore */ url);
  } catch (cause) {
    throw new TilewiseError('not-found', `${url} could not be loaded: ${(cause as Error).message}`, {
      hint: 'it is fetched from the network: go online, or state the URL of an ES module that this page can reach',
      cause,
    });
  }
};

const modelWork = async (model: ModelSource): Promise<PeerWork> => {
  const bytes = await modelBytes(model);
  const graph = importOnnx(bytes);
  const { shapes } = bindInputs(graph, new Map());
  let seed = 1;
  const feeds = new Map([...shapes].map(([name, shape]) => [name, randomTensor(graph.values.get(name)!.dtype, shape, seed++)]));
  return { title: model.name, bytes, feeds, output: graph.outputs[0] as string };
};

/** The product of two square matrices, as a model for this library. */
const productWork = (n: number): PeerWork => {
  const net = new NetBuilder();
  const output = net.op('MatMul', [net.input('a', 'float32', [n, n]), net.input('b', 'float32', [n, n])]);
  net.output(output);
  const feeds = new Map([
    ['a', randomTensor('float32', [n, n], 1)],
    ['b', randomTensor('float32', [n, n], 2)],
  ]);
  return { title: `matrix product, ${n} x ${n} x ${n}`, bytes: exportOnnx(net.build()), feeds, output };
};

const openOwn = async ({ bytes, feeds, output }: PeerWork): Promise<Runner> => {
  const session = await InferenceSession.create(bytes, { device: (await sharedDevice()).gpu });
  const inputs = Object.fromEntries(feeds);
  return {
    name: 'Tilewise',
    run: async () => {
      const { type, data } = (await session.run(inputs))[output] as Tensor;
      return toNumbers(type, data);
    },
    release: () => session.release(),
  };
};

/** How far two results are apart; of differing lengths, or not numbers alike, infinitely. */
export const agreementOf = (
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
): Pick<PeerReport, 'worst' | 'largest' | 'agrees'> => {
  let largest = 0;
  let worst = ours.length === theirs.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < ours.length; i++) {
    const [a, b] = [ours[i] as number, theirs[i] as number];
    if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b));
    if (Object.is(a, b) || a === b) continue;
    const distance = Math.abs(a - b);
    worst = Math.max(worst, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance);
  }
  return { worst, largest, agrees: worst <= MAX_ERROR * largest };
};
