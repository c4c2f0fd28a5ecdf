import { expect } from 'vitest';
import { random } from '../../bench/support/random.js';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { Executable } from '../../src/device/executable.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Attributes, Graph } from '../../src/graph/graph.js';
import type { DeviceFacts } from '../../src/kernels/facts.js';
import { withDefaults } from '../../src/ops/attributes.js';
import { operators } from '../../src/ops/index.js';
import { foldConstants } from '../../src/passes/fold-constants.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Plan } from '../../src/plan/plan.js';
import { compareNumbers, describeComparison, type Tolerance } from '../../src/tensor/compare.js';
import { fromNumbers, toNumbers } from '../../src/tensor/convert.js';
import type { DType } from '../../src/tensor/dtype.js';
import { deviceWords } from '../../src/tensor/layout.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { testDevice } from './device.js';
import { GuardedMemory } from './guards.js';

/** An input of a case: random data in a range (default -2 to 2; integers are rounded), or the data itself. */
export interface InputSpec {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  readonly range?: readonly [number, number];
  readonly data?: readonly number[];
  /** The tensor itself. */
  readonly tensor?: Tensor;
  /** True where the input is a weight of the model, not a feed. */
  readonly constant?: boolean;
  /** True where the device holds it packed, four elements to a word. */
  readonly packed?: boolean;
}

export interface OpCase {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly (InputSpec | undefined)[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  /** True where the first output is packed on the device. */
  readonly packs?: boolean;
  readonly tolerance: Tolerance;
  /** Device facts to pretend, e.g. to reach the kernels for the other kind of adapter. */
  readonly facts?: Partial<DeviceFacts>;
}

/** A graph of the one node of a case, and feeds for it. */
export const caseGraph = ({
  op,
  inputs,
  attributes = {},
  outputs = 1,
  packs = false,
  name,
}: OpCase): { graph: Graph; feeds: Map<string, Tensor> } => {
  const builder = new GraphBuilder();
  const feeds = new Map<string, Tensor>();
  const names = inputs.map((spec, i) => {
    if (!spec) return '';
    const tensor = spec.tensor ?? tensorOf(spec, i + hash(name));
    if (spec.constant) return builder.constant(`in${i}`, tensor);
    feeds.set(`in${i}`, tensor);
    return builder.input(`in${i}`, tensor.type, tensor.dims);
  });
  const operator = operators.get(op);
  if (!operator) throw new Error(`no operator '${op}'`);
  builder.output(...builder.node(op, names, withDefaults(operator.attributes, attributes), outputs, op));
  const packed = inputs.flatMap((spec, i) => (spec?.packed ? [`in${i}`] : []));
  return { graph: withPacked(foldConstants(builder.build()), [...packed, ...(packs ? [`${op}.out`] : [])]), feeds };
};

const withPacked = (graph: Graph, packed: readonly string[]): Graph => ({
  ...graph,
  values: new Map([...graph.values].map(([name, value]) => [name, packed.includes(name) ? { ...value, packed: true } : value])),
});

export const tensorOf = ({ shape, dtype = 'float32', range = [-2, 2], data }: InputSpec, seed: number): Tensor => {
  const next = random(seed);
  const integer = !dtype.startsWith('float');
  const value = (): number => {
    const v = range[0] + (range[1] - range[0]) * next();
    return integer ? Math.round(v) : v;
  };
  const numbers = data ?? Array.from({ length: shape.reduce((a, b) => a * b, 1) }, value);
  return new Tensor(dtype, fromNumbers(dtype, numbers), shape);
};

/** Runs a case on the device, with guards and poison, and compares every output with the CPU reference. */
export const checkOp = async (opCase: OpCase, alter: (plan: Plan) => Plan = (plan) => plan): Promise<void> => {
  const { graph, feeds } = caseGraph(opCase);
  const expected = runGraph(graph, feeds);
  const device = await testDevice();
  const plan = alter(buildPlan(graph, { ...device.facts, ...opCase.facts }));
  const memory = new GuardedMemory();
  const executable = await Executable.load(plan, device, memory.allocate);
  try {
    const actual = await executable.run(feeds, graph.outputs);
    for (const name of graph.outputs) {
      const got = actual.get(name) as Tensor;
      const want = expected.get(name) as Tensor;
      expect({ type: got.type, dims: got.dims }, `${opCase.name}: ${name}`).toEqual({ type: want.type, dims: want.dims });
      const comparison = compareNumbers(toNumbers(got.type, got.data), toNumbers(want.type, want.data), opCase.tolerance);
      expect(comparison.equal, `${opCase.name}: ${describeComparison(comparison)}`).toBe(true);
    }
    const exact = new Map(plan.outputs.map(({ name, shape, packed }) => [name, 4 * deviceWords(shape, packed)]));
    expect(await memory.damaged(device.gpu, exact), `${opCase.name}: wrote outside of a tensor`).toEqual([]);
    device.throwFailure();
  } finally {
    executable.dispose();
  }
};

/** Checks that the comparator rejects the case when a piece of its kernel's text is replaced by a wrong one. */
export const expectWrongKernelRejected = async (opCase: OpCase, right: string | RegExp, wrong: string): Promise<void> => {
  const breakKernels = (plan: Plan): Plan => ({
    ...plan,
    pipelines: plan.pipelines.map((pipeline) => {
      const code = pipeline.code.replace(right, wrong);
      if (code === pipeline.code) throw new Error(`'${right}' is not in kernel ${pipeline.kernel}`);
      return { ...pipeline, code };
    }),
  });
  await expect(checkOp(opCase, breakKernels), 'a wrong kernel passed').rejects.toThrow(/differ|wrote outside/);
};

/** The cases for GPUs once more, as on a device without subgroups. */
export const withoutSubgroups = (cases: readonly OpCase[]): OpCase[] =>
  cases
    .filter(({ facts }) => facts?.kind === 'gpu')
    .map((opCase) => ({ ...opCase, name: `${opCase.name} without subgroups`, facts: { kind: 'gpu', features: [] } }));

const hash = (text: string): number => [...text].reduce((h, c) => (Math.imul(h, 31) + c.charCodeAt(0)) | 0, 7);
