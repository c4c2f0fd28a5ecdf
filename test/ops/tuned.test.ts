import { beforeAll, describe, expect, it } from 'vitest';
import { BY_RULES, rounded } from '../../src/kernels/choice.js';
import { type DeviceFacts, defaultFacts } from '../../src/kernels/facts.js';
import { loadTunedLowerings } from '../../src/kernels/select.js';
import { buildPlan } from '../../src/plan/build.js';
import { matmulTolerance } from '../../src/tensor/compare.js';
import { sourcesOf } from '../../src/tuner/table.js';
import { type TuningTask, tasksOf } from '../../src/tuner/tasks.js';
import { caseGraph, checkOp, type InputSpec, type OpCase } from '../support/check-op.js';
import { convCase } from '../support/conv-case.js';
import { testDevice } from '../support/device.js';

const relu = [{ op: 'Relu', attributes: {} }];

const convs: OpCase[] = (['cpu', 'gpu'] as const).flatMap((kind) => [
  convCase({ x: [1, 32, 5, 7], w: [48, 32, 1, 1] }, { bias: true, channelsLast: true, epilogue: relu, kind }),
  convCase({ x: [2, 6, 3, 5], w: [10, 6, 1, 1] }, { bias: false, channelsLast: true, kind }),
  convCase(
    { x: [1, 16, 9, 11], w: [20, 16, 3, 3], pads: [1, 1, 1, 1] },
    { bias: true, channelsLast: true, epilogue: relu, kind },
  ),
  convCase({ x: [2, 9, 7, 6], w: [33, 9, 3, 3], pads: [1, 1, 1, 1] }, { bias: true, kind }),
  convCase({ x: [1, 12, 17, 10], w: [12, 1, 3, 3], group: 12, pads: [1, 1, 1, 1] }, { bias: true, channelsLast: true, kind }),
  convCase({ x: [1, 3, 13, 12], w: [16, 3, 3, 3], strides: [2, 2] }, { bias: true, kind }),
  convCase({ x: [1, 8, 9, 17], w: [3, 8, 5, 5], pads: [2, 2, 2, 2] }, { bias: false, channelsLast: true, kind }),
]);

const product = (name: string, a: InputSpec, b: InputSpec, kind: DeviceFacts['kind']): OpCase => ({
  name: `${name} on a ${kind}`,
  op: 'MatMul',
  inputs: [a, b],
  attributes: { epilogue: relu },
  tolerance: matmulTolerance(a.shape.at(-1) as number, 2, 2),
  facts: { kind },
});

const products: OpCase[] = (['cpu', 'gpu'] as const).flatMap((kind) => [
  product('5 x 64 x 48', { shape: [5, 64] }, { shape: [64, 48], constant: true }, kind),
  product('one row', { shape: [1, 130] }, { shape: [130, 50], constant: true }, kind),
  product('long k', { shape: [9, 520] }, { shape: [520, 12] }, kind),
  product('a batch', { shape: [2, 3, 17, 8] }, { shape: [2, 3, 8, 20] }, kind),
  {
    name: `Gemm on a ${kind}`,
    op: 'Gemm',
    inputs: [{ shape: [6, 36] }, { shape: [31, 36], constant: true }, { shape: [31], constant: true }],
    attributes: { transB: true, alpha: 0.5, beta: 2 },
    tolerance: matmulTolerance(37, 2, 2),
    facts: { kind },
  },
]);

const { facts } = await testDevice();
const taskOf = (opCase: OpCase): TuningTask => tasksOf(caseGraph(opCase).graph, { ...facts, ...opCase.facts })[0] as TuningTask;

/** A case once for each of its candidates, as a tuned session plans it. */
const ways = (opCase: OpCase): { name: string; opCase: OpCase }[] => {
  const { shapeClass, candidates } = taskOf(opCase);
  return candidates.map(({ name }) => ({
    name: `${opCase.name}: ${name}`,
    opCase: { ...opCase, facts: { ...opCase.facts, tuning: { [shapeClass]: name } } },
  }));
};

const kernelsOf = (opCase: OpCase): string[] =>
  buildPlan(caseGraph(opCase).graph, { ...facts, ...opCase.facts }).pipelines.map(({ kernel }) => kernel);

const tunedTo = (opCase: OpCase, name: string): OpCase => ({
  ...opCase,
  facts: { ...opCase.facts, tuning: { [taskOf(opCase).shapeClass]: name } },
});

beforeAll(loadTunedLowerings);

describe('every way to run', () => {
  it.each([...convs, ...products].flatMap(ways))('$name', ({ opCase }) => checkOp(opCase));
});

describe('a tuned choice', () => {
  const conv = convs[2] as OpCase;
  const matmul = products[0] as OpCase;

  it.each([
    [conv, 'direct', 'conv-direct'],
    [conv, 'winograd-4x4', 'conv-winograd-4x4-output'],
    [conv, 'tiled-32x32', 'conv-tiled'],
    [conv, 'general', 'conv'],
    [matmul, 'tiled-small', 'matmul'],
    [matmul, 'naive', 'matmul-naive'],
    [matmul, 'matvec', 'matvec'],
  ])('reaches the plan', (opCase, choice, kernel) => {
    expect(kernelsOf(opCase)).not.toContain(kernel);
    expect(kernelsOf(tunedTo(opCase, choice))).toContain(kernel);
  });

  it.each(['no such kernel', '__proto__', BY_RULES, ''])("that is no candidate leaves the rules' choice: '%s'", (choice) => {
    for (const opCase of [conv, matmul]) expect(kernelsOf(tunedTo(opCase, choice))).toEqual(kernelsOf(opCase));
  });

  it('of another class leaves it as well', () => {
    const other = { ...conv, facts: { tuning: { 'conv 1 to 1': 'general' } } };
    expect(kernelsOf(other)).toEqual(kernelsOf({ ...conv, facts: {} }));
  });
});

describe('shape classes', () => {
  const classOf = (x: number[], w = [8, 4, 3, 3], options = {}): string =>
    taskOf(convCase({ x, w, pads: [1, 1, 1, 1] }, { bias: false, channelsLast: true, ...options })).shapeClass;

  it('join sizes that are near', () => {
    expect(classOf([1, 4, 30, 30])).toBe(classOf([1, 4, 32, 32]));
    expect(classOf([1, 4, 30, 30])).not.toBe(classOf([1, 4, 64, 64]));
    expect(classOf([4, 4, 32, 32])).not.toBe(classOf([1, 4, 32, 32]));
  });

  it('tell channels, windows and layouts apart', () => {
    const base = classOf([1, 4, 30, 30]);
    expect(classOf([1, 5, 30, 30], [8, 5, 3, 3])).not.toBe(base);
    expect(classOf([1, 4, 30, 30], [8, 4, 3, 1])).not.toBe(base);
    expect(classOf([1, 4, 30, 30], [8, 4, 3, 3], { writesChannelsFirst: true })).not.toBe(base);
  });

  it('round to powers of two', () => {
    expect([0, 1, 2, 3, 5, 6, 90, 91].map(rounded)).toEqual([0, 1, 2, 4, 4, 8, 64, 128]);
  });

  it('are those of nodes with alternatives alone', () => {
    expect(tasksOf(caseGraph({ ...(convs[0] as OpCase), op: 'Conv' }).graph, defaultFacts)).toHaveLength(1);
    const sum: OpCase = { name: 'sum', op: 'Add', inputs: [{ shape: [3] }, { shape: [3] }], tolerance: { atol: 0, rtol: 0 } };
    expect(tasksOf(caseGraph(sum).graph, facts)).toEqual([]);
  });
});

describe('kernel sources', () => {
  it('are known for every candidate', () => {
    for (const opCase of [...convs, ...products].flatMap(ways)) {
      const kernels = kernelsOf(opCase.opCase);
      expect(sourcesOf(kernels), `${opCase.name}: ${kernels}`).toMatch(/^[0-9a-f]{8}$/);
    }
  });

  it('change the hash, comments and indentation do not', () => {
    const hash = (text: string): string | undefined => sourcesOf(['k'], () => text);
    expect(hash('fn f() {\n  return 1; // one\n}')).toBe(hash('fn f() {\n return 1;\n}'));
    expect(hash('fn f() { return 1; }')).not.toBe(hash('fn f() { return 2; }'));
    expect(sourcesOf(['no-such-kernel'])).toBeUndefined();
    expect(sourcesOf(['conv', 'matmul'])).not.toBe(sourcesOf(['conv']));
  });
});
