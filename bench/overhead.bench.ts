import { randomTensor } from '../src/cli/random.js';
import { Executable } from '../src/device/executable.js';
import { exportOnnx } from '../src/exporters/onnx.js';
import { buildPlan } from '../src/plan/build.js';
import type { Plan } from '../src/plan/plan.js';
import { tolerances } from '../src/tensor/compare.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { type Check, checker } from './agreement.js';
import { type BenchCase, type BenchContext, type BenchOutcome, failureOf } from './case.js';
import { inferred } from './inferred.js';
import { modelCase } from './model-case.js';
import { observe } from './observe.js';
import { compulsoryBytes } from './repeated-plan.js';
import { type BenchResult, rates } from './results.js';
import { sampleInTurns, spreadOf } from './statistics.js';
import { NetBuilder } from './support/net-builder.js';

/** Four numbers negated so often, each time by a dispatch of its own. */
const chain = (length: number): Check => {
  const net = new NetBuilder();
  let x = net.input('x', 'float32', [4]);
  for (let i = 0; i < length; i++) x = net.op('Neg', [x]);
  net.output(x);
  return { graph: inferred(net), feeds: new Map([['x', randomTensor('float32', [4], 1)]]), tolerance: tolerances.exact };
};

/** Milliseconds of one run: in all, and until the submit was called. */
interface HostTimes {
  readonly all: number;
  readonly encode: number;
}

const timeRun = async (
  executable: Executable,
  feeds: ReadonlyMap<string, Tensor>,
  seen: { readonly submittedAt: number },
): Promise<HostTimes> => {
  const start = performance.now();
  await executable.run(
    feeds,
    executable.plan.outputs.map(({ name }) => name),
  );
  return { all: performance.now() - start, encode: seen.submittedAt - start };
};

const measure = async (name: string, length: number, context: BenchContext): Promise<BenchResult> => {
  const { device, budgetMs, signal, report } = context;
  const work = chain(length);
  const plan = buildPlan(work.graph, device.facts);
  const executable = await Executable.load(plan, device);
  const seen = observe(device.gpu);
  try {
    const output = work.graph.outputs[0] as string;
    report('checking the result');
    const agreement = checker(work)((await executable.run(work.feeds, [output])).get(output) as Tensor);
    if (!agreement.equal) throw new Error(`the result is wrong: it is off by ${agreement.error}, so it was not timed`);
    Object.assign(seen, { submits: 0, bindGroups: 0 });
    const encodes: number[] = [];
    const sample = async (): Promise<number> => {
      const { all, encode } = await timeRun(executable, work.feeds, seen);
      encodes.push(encode);
      return all;
    };
    const [samples] = await sampleInTurns([sample], { budgetMs, signal, onRound: (rounds) => report(`${rounds} rounds`) });
    const ms = spreadOf(samples!);
    const host = {
      dispatchMicroseconds: (1000 * ms.median) / length,
      encodeMicroseconds: (1000 * spreadOf(encodes).median) / length,
      submits: seen.submits / ms.samples,
      bindGroups: seen.bindGroups / ms.samples,
    };
    return { ...resultOf(name, plan), ms, ...rates(0, compulsoryBytes(plan), ms.median, null), host, agreement };
  } finally {
    seen.stop();
    executable.dispose();
  }
};

const resultOf = (
  name: string,
  plan: Plan,
): Pick<BenchResult, 'name' | 'group' | 'case' | 'variant' | 'kernels' | 'dispatches' | 'flops' | 'bytes'> => ({
  name: `${name}/shipped`,
  group: 'overhead',
  case: name,
  variant: 'shipped',
  kernels: [...new Set(plan.pipelines.map(({ kernel }) => kernel))],
  dispatches: plan.commands.length,
  flops: 0,
  bytes: compulsoryBytes(plan),
});

async function* runOverhead(name: string, length: number, context: BenchContext): AsyncGenerator<BenchOutcome> {
  try {
    yield { result: await measure(name, length, context) };
  } catch (error) {
    yield failureOf(`${name}/shipped`, error, context.signal);
  }
}

/** A model whose plan has 20 different pipelines: what a first result waits for when nothing is compiled. */
export const twentyKernels = (): Uint8Array => {
  const net = new NetBuilder();
  const image = net.input('image', 'float32', [1, 3, 32, 32]);
  const relu = (x: string): string => net.op('Relu', [x]);
  const stem = relu(net.conv(image, 3, 16, 3, { strides: [2, 2] }));
  const deep = net.op('HardSwish', [net.conv(stem, 16, 16, 3, { group: 16 })]);
  const wide = net.op('Sigmoid', [net.conv(deep, 16, 32, 1)]);
  const pooled = net.op('MaxPool', [wide], { kernel_shape: [2, 2], strides: [2, 2] });
  const square = relu(net.conv(pooled, 32, 32, 3));
  const strided = net.op('Tanh', [net.conv(net.op('Add', [square, pooled]), 32, 64, 3, { strides: [2, 2] })]);
  const averaged = net.op('AveragePool', [strided], { kernel_shape: [2, 2], strides: [2, 2] });
  const tokens = net.op('Transpose', [net.op('Reshape', [averaged, net.ints(1, 64, 4)])], { perm: [0, 2, 1] });
  const normal = net.op('LayerNormalization', [tokens, net.weight([64]), net.weight([64])]);
  const queries = net.op('MatMul', [normal, net.weight([64, 32])]);
  const scores = net.op('MatMul', [queries, net.op('Transpose', [queries], { perm: [0, 2, 1] })]);
  const mixed = net.op('MatMul', [
    net.op('Softmax', [scores]),
    net.op('Gelu', [net.op('MatMul', [normal, net.weight([64, 32])])]),
  ]);
  const joined = net.op('Concat', [mixed, net.op('Erf', [queries])], { axis: 2 });
  const means = net.op('Flatten', [net.op('ReduceMean', [joined, net.ints(1)])]);
  const padded = net.op('Pad', [means, net.ints(0, 0, 0, 8)]);
  const gated = net.op('Where', [net.op('Greater', [padded, net.values([], [0])]), padded, net.op('Exp', [padded])]);
  const scaled = net.op('Div', [gated, net.op('ReduceMax', [gated, net.ints(1)])]);
  net.output(net.op('Gemm', [scaled, net.weight([72, 10]), net.weight([10])]));
  return exportOnnx(net.build());
};

/** What dispatches cost the host, and how long a model with nothing compiled takes to a first result. */
export const overheadCases = ({ quick }: { readonly quick: boolean }): BenchCase[] => {
  const length = quick ? 200 : 1000;
  const name = `dispatch/${length}`;
  return [
    {
      name,
      group: 'overhead',
      title: `${length} dispatches that do next to nothing`,
      run: (context) => runOverhead(name, length, context),
    },
    modelCase({
      name: 'start/20-kernels',
      group: 'overhead',
      title: 'load and first run of a model with 20 different kernels',
      bytes: twentyKernels,
    }),
  ];
};
