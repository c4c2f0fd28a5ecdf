import { runGraph } from '../kernels-ref/run-graph.js';
import { randomTensor } from '../src/cli/random.js';
import { Executable } from '../src/device/executable.js';
import type { Graph } from '../src/graph/graph.js';
import { importOnnx } from '../src/importers/onnx/index.js';
import { bindInputs, summarizeNodes, total } from '../src/inspect.js';
import { bindShapes } from '../src/passes/bind-shapes.js';
import { bind, optimize } from '../src/passes/index.js';
import { buildPlan } from '../src/plan/build.js';
import { InferenceSession } from '../src/session.js';
import { compareNumbers } from '../src/tensor/compare.js';
import { toNumbers } from '../src/tensor/convert.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { type BenchCase, type BenchContext, type BenchOutcome, failureOf } from './case.js';
import { compulsoryBytes } from './repeated-plan.js';
import { type Agreement, type BenchGroup, type BenchResult, rates } from './results.js';
import { sampleInTurns, spreadOf } from './statistics.js';
import { longestSubmit, MAX_SUBMIT_MS } from './submits.js';

export interface ModelCase {
  readonly name: string;
  readonly group: BenchGroup;
  readonly title: string;
  /** The bytes of an ONNX file. */
  readonly bytes: () => Uint8Array | Promise<Uint8Array>;
  /** Sizes of symbolic extents; 1 where absent. */
  readonly dims?: ReadonlyMap<string, number>;
  /** How many images a run takes, where that is the point of the case. */
  readonly batch?: number;
}

/** Runs in submits that leave the screen its share of the GPU. */
const cut = { maxSubmitMs: MAX_SUBMIT_MS };
/** Runs whose results stay on the device, for one sample. */
const RUNS_IN_FLIGHT = 5;
/** Multiply-accumulates that the reference is given time for. */
export const MAX_REFERENCE_MACS = 2e7;
/** Of the largest magnitude of the output: what the roundings of all layers add up to. */
const MAX_ERROR = 1e-4;

/** A whole model through `InferenceSession`, on a device of its own: load, first run, runs with and without readback. */
export const modelCase = (given: ModelCase): BenchCase => ({
  name: given.name,
  group: given.group,
  title: given.title,
  run: (context) => runModel(given, context),
});

async function* runModel(given: ModelCase, context: BenchContext): AsyncGenerator<BenchOutcome> {
  try {
    yield { result: await measure(given, context) };
  } catch (error) {
    yield failureOf(`${given.name}/shipped`, error, context.signal);
  }
}

interface Opened {
  readonly session: InferenceSession;
  readonly graph: Graph;
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly loadMs: number;
}

const measure = async (given: ModelCase, context: BenchContext): Promise<BenchResult> => {
  const device = await context.openDevice();
  try {
    context.report('loading');
    const opened = await open(given, device.gpu);
    const { session, feeds, loadMs } = opened;
    try {
      context.report('first run');
      const inputs = Object.fromEntries(feeds);
      const start = performance.now();
      const outputs = await session.run(inputs, cut);
      const firstRunMs = performance.now() - start;
      const first = session.outputNames[0] as string;
      context.report('checking the result');
      const agreement = await agreementOf(opened, outputs[first] as Tensor, context);
      if (!agreement.equal) throw new Error(`the result is wrong: it is off by ${agreement.error}, so it was not timed`);
      await session.run(inputs, cut);
      const longestSubmitMs = await longestSubmit(device.gpu, () => session.run(inputs, cut));
      const [host, resident] = await timeRuns(session, inputs, context);
      context.onSamples?.(`${given.name}/shipped`, resident!);
      const times = { hostMs: spreadOf(host!), loadMs, firstRunMs, longestSubmitMs };
      return { ...resultOf(given, opened, resident!, context), ...times, agreement };
    } finally {
      await session.release();
    }
  } finally {
    device.gpu.destroy();
  }
};

const open = async ({ bytes, dims = new Map() }: ModelCase, device: GPUDevice): Promise<Opened> => {
  const file = await bytes();
  const start = performance.now();
  const session = await InferenceSession.create(file, { device });
  const loadMs = performance.now() - start;
  const graph = importOnnx(file);
  const { shapes } = bindInputs(graph, dims);
  let seed = 1;
  const feeds = new Map([...shapes].map(([name, shape]) => [name, randomTensor(graph.values.get(name)!.dtype, shape, seed++)]));
  return { session, graph: bindShapes(graph, shapes), feeds, loadMs };
};

/** Milliseconds a run: from host to host, and with everything left on the device. */
const timeRuns = async (
  session: InferenceSession,
  inputs: Record<string, Tensor>,
  { budgetMs, signal, report }: BenchContext,
): Promise<number[][]> => {
  const host = async (): Promise<number> => {
    const start = performance.now();
    await session.run(inputs, { ...cut, ...(signal && { signal }) });
    return performance.now() - start;
  };
  const resident = async (): Promise<number> => {
    const start = performance.now();
    const runs: Record<string, Tensor>[] = [];
    for (let i = 0; i < RUNS_IN_FLIGHT; i++)
      runs.push(await session.run(inputs, { ...cut, outputLocation: 'gpu', ...(signal && { signal }) }));
    await Object.values(runs.at(-1) as Record<string, Tensor>)[0]?.getData();
    const ms = (performance.now() - start) / RUNS_IN_FLIGHT;
    for (const tensor of runs.flatMap((outputs) => Object.values(outputs))) tensor.dispose();
    return ms;
  };
  return await sampleInTurns([host, resident], { budgetMs, signal, onRound: (rounds) => report(`${rounds} rounds`) });
};

/** Against the reference; where that would take minutes, against the same model without passes on the GPU. */
const agreementOf = async ({ graph, feeds }: Opened, actual: Tensor, { device }: BenchContext): Promise<Agreement> => {
  const isSmall = total(summarizeNodes(graph)).macs <= MAX_REFERENCE_MACS;
  const name = graph.outputs[0] as string;
  const expected = (isSmall ? runGraph(graph, feeds) : await runPlain(graph, feeds, device)).get(name) as Tensor;
  const want = toNumbers(expected.type, expected.data);
  const largest = want.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 0);
  const tolerance = { atol: MAX_ERROR * largest, rtol: MAX_ERROR };
  const { equal, worst } = compareNumbers(toNumbers(actual.type, actual.data), want, tolerance);
  return { equal, error: worst?.error ?? 0, elements: want.length, against: isSmall ? 'reference' : 'no passes' };
};

const runPlain = async (graph: Graph, feeds: ReadonlyMap<string, Tensor>, device: BenchContext['device']) => {
  const executable = await Executable.load(buildPlan(graph, device.facts), device);
  try {
    return await executable.run(feeds, graph.outputs, cut);
  } finally {
    executable.dispose();
  }
};

const resultOf = (
  { name, group, batch }: ModelCase,
  { graph, feeds }: Opened,
  samples: readonly number[],
  { device, roofs }: BenchContext,
): Omit<BenchResult, 'agreement'> => {
  const shapes = new Map([...feeds].map(([input, tensor]): [string, readonly number[]] => [input, tensor.dims]));
  const plan = buildPlan(bind(optimize(graph), shapes), device.facts);
  const flops = 2 * total(summarizeNodes(graph)).macs;
  const bytes = compulsoryBytes(plan);
  const ms = spreadOf(samples);
  const dispatches = plan.commands.filter((command) => command.kind === 'dispatch');
  return {
    name: `${name}/shipped`,
    group,
    case: name,
    variant: 'shipped',
    kernels: [...new Set(dispatches.map(({ kernel }) => kernel))],
    dispatches: dispatches.length,
    flops,
    bytes,
    ms,
    ...rates(flops, bytes, ms.median, roofs),
    ...(batch !== undefined && { batch, imagesPerSecond: (1000 * batch) / ms.median }),
  };
};
