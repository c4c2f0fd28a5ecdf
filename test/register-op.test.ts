import { beforeAll, describe, expect, it } from 'vitest';
import { InferenceSession, type OpDefinition, registerOp, Tensor } from '#tilewise';
import { compareGraph } from '../src/compare.js';
import { importOnnx } from '../src/importers/onnx/index.js';
import { summarizePlan } from '../src/inspect.js';
import { bind, optimize } from '../src/passes/index.js';
import { buildPlan } from '../src/plan/build.js';
import { info, modelBytes, node } from './importers/models.js';
import { testDevice } from './support/device.js';
import { mish2 } from './support/mish2.js';

const opsets = {
  opsets: [
    { domain: '', version: 21 },
    { domain: 'my.domain', version: 1 },
  ],
};
const mish = (attributes = {}) => node('Mish2', ['x'], ['m'], attributes, { domain: 'my.domain' });
const model = (attributes = {}, dims: (number | string)[] = ['n', 3]): Uint8Array =>
  modelBytes({
    nodes: [mish(attributes), node('Relu', ['m'], ['y'])],
    inputs: [info('x', dims)],
    more: opsets,
  });
const x = new Tensor('float32', Float32Array.of(-2, -1, -0.5, 0, 1, 2), [2, 3]);
const formula = (v: number, alpha: number): number => Math.max(0, v * Math.tanh(Math.log(1 + Math.exp(alpha * v))));
const renamed = (name: string, more: Partial<OpDefinition<{ alpha: number }>> = {}) => ({ ...mish2, name, ...more });
const codeOf = (run: () => void): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
};

beforeAll(() => registerOp(mish2));

describe('an operator of the application', () => {
  it.each([undefined, 0.5])('runs as a node of an ONNX model, alpha %s', async (alpha) => {
    const session = await InferenceSession.create(model(alpha === undefined ? {} : { alpha: { float: alpha } }));
    const { y } = await session.run({ x });
    expect(y?.dims).toEqual([2, 3]);
    const got = y?.data as Float32Array;
    got.forEach((v, i) => expect(v).toBeCloseTo(formula(x.data[i] as number, alpha ?? 1), 5));
    await session.release();
  });

  it('agrees with its reference, and a wrong kernel does not', async () => {
    const graph = bind(optimize(importOnnx(model())), new Map([['x', [2, 3]]]));
    const device = await testDevice();
    const feeds = new Map([['x', x]]);
    expect((await compareGraph(graph, feeds, device)).first).toBeUndefined();
    const alter = (plan: ReturnType<typeof buildPlan>) => ({
      ...plan,
      pipelines: plan.pipelines.map((one) => ({ ...one, code: one.code.replace('tanh', 'cosh') })),
    });
    expect((await compareGraph(graph, feeds, device, { alter })).first?.op).toBe('my.domain.Mish2');
  });

  it('is in the plan under its own name', async () => {
    const { facts } = await testDevice();
    const plan = buildPlan(bind(optimize(importOnnx(model())), new Map([['x', [2, 3]]])), facts);
    expect(summarizePlan(plan).commands[0]).toMatchObject({ op: 'my.domain.Mish2', kernel: 'my.domain.Mish2' });
  });

  it('has a model to itself, without the standard opset', async () => {
    const alone = modelBytes({
      nodes: [mish()],
      inputs: [info('x', [2, 3])],
      outputs: [info('m')],
      more: { opsets: [{ domain: 'my.domain', version: 1 }] },
    });
    const session = await InferenceSession.create(alone);
    expect((await session.run({ x })).m?.dims).toEqual([2, 3]);
    await session.release();
  });

  it('has its attributes and inputs checked, with the name of the node', async () => {
    const load = (bytes: Uint8Array) => expect(InferenceSession.create(bytes)).rejects;
    await load(model({ beta: 1 })).toMatchObject({ code: 'invalid-model', node: 'm' });
    await load(model({ alpha: 'one' })).toMatchObject({ code: 'invalid-model', node: 'm' });
    const whole = modelBytes({ nodes: [mish()], inputs: [info('x', [1], 'int32')], outputs: [info('m')], more: opsets });
    await load(whole).toMatchObject({ code: 'invalid-model', node: 'm', message: expect.stringContaining('must be float32') });
  });
});

describe('registerOp refuses', () => {
  const kernel = mish2.wgsl;
  const cases: [string, () => void, RegExp][] = [
    ['a name twice', () => registerOp(mish2), /registered already/],
    ['an operator of the library', () => registerOp(renamed('Relu')), /cannot be replaced/],
    ['a contrib operator of the library', () => registerOp(renamed('com.microsoft.QGemm')), /cannot be replaced/],
    ['an operator that the importer rewrites', () => registerOp(renamed('Sum')), /cannot be replaced/],
    ['the standard domain by name', () => registerOp(renamed('ai.onnx.Relu')), /standard domain/],
    ['no name', () => registerOp(renamed('')), /a name is a domain/],
    ['no entry point', () => registerOp(renamed('a.B', { wgsl: '' })), /one entry point/],
    ['another entry point', () => registerOp(renamed('a.B', { wgsl: kernel.replace('fn main', 'fn go') })), /named main/],
    ['another group', () => registerOp(renamed('a.B', { wgsl: kernel.replace('group(0)', 'group(1)') })), /group 0/],
    ['a gap in the bindings', () => registerOp(renamed('a.B', { wgsl: kernel.replace('binding(2)', 'binding(3)') })), /numbered/],
    [
      'a field of no word',
      () => registerOp(renamed('a.B', { wgsl: kernel.replace('count: u32', 'count: mat2x2f') })),
      /Params field/,
    ],
    ['no output', () => registerOp(renamed('a.B', { wgsl: kernel.replace(', read_write', ', read') })), /written to/],
    [
      'an indented binding',
      () => registerOp(renamed('a.B', { wgsl: kernel.replace('\n@group', '\n @group') })),
      /line of its own/,
    ],
  ];
  it.each(cases)('%s', (_, run, message) => {
    expect(codeOf(run)).toMatch(/^invalid-argument: operator '/);
    expect(codeOf(run)).toMatch(message);
  });

  const lower = mish2.lower;
  const launches: [string, OpDefinition<{ alpha: number }>['lower'], RegExp][] = [
    ['NoOperand', (r) => lower(r).map((d) => ({ ...d, operands: { x: { input: 0 } } })), /are not the bindings/],
    [
      'NoInput',
      (r) => lower(r).map((d) => ({ ...d, operands: { ...d.operands, x: { input: 3 } } })),
      /input 3, which is not there/,
    ],
    ['NoParam', (r) => lower(r).map((d) => ({ ...d, params: { count: 1 } })), /missing \[alpha\]/],
    ['Workgroups', (r) => lower(r).map((d) => ({ ...d, workgroups: [70000, 1, 1] as const })), /workgroups/],
    ['Override', (r) => lower(r).map((d) => ({ ...d, constants: { SIZE: 1 } })), /no override/],
  ];
  it.each(launches)('at load, a launch that does not fit the kernel: %s', async (name, wrong, message) => {
    registerOp(renamed(`wrong.${name}`, { lower: wrong }));
    const bytes = modelBytes({ nodes: [node(name, ['x'], ['y'], {}, { domain: 'wrong' })] });
    await expect(InferenceSession.create(bytes)).rejects.toMatchObject({
      code: 'invalid-argument',
      node: 'y',
      message: expect.stringMatching(message),
    });
  });
});
