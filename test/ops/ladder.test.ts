import { beforeAll, describe, expect, it } from 'vitest';
import * as shaders from '../../shaders/ladder/index.js';
import type { DeviceFacts } from '../../src/kernels/facts.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { intensityOf, type LadderStep, ladder, stepsFor } from '../../src/kernels/ladder.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Plan } from '../../src/plan/plan.js';
import { matmulTolerance } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, type OpCase } from '../support/check-op.js';
import { testDevice } from '../support/device.js';

/** [M, K, N] around the widths of vectors, quads and tiles. */
const sizes: [number, number, number][] = [
  [1, 1, 1],
  [1, 4, 4],
  [3, 5, 2],
  [4, 3, 5],
  [8, 16, 16],
  [9, 17, 15],
  [16, 16, 16],
  [17, 31, 33],
  [33, 32, 31],
  [64, 16, 64],
  [65, 20, 68],
  [63, 64, 127],
  [129, 5, 131],
  [2, 129, 3],
  [5, 0, 3],
];

const product = ([m, k, n]: readonly [number, number, number], constant = false): OpCase => ({
  name: `${m} x ${k} x ${n}${constant ? ', constant b' : ''}`,
  op: 'MatMul',
  inputs: [{ shape: [m, k] }, { shape: [k, n], constant }],
  tolerance: matmulTolerance(k, 2, 2),
});

const cases: OpCase[] = [...sizes.map((size) => product(size)), product([17, 31, 33], true), product([0, 4, 5])];

let facts: DeviceFacts = defaultFacts;
beforeAll(async () => {
  facts = (await testDevice()).facts;
});

const planOf = (step: LadderStep, opCase: OpCase, with_: DeviceFacts = facts): Plan =>
  buildPlan(caseGraph(opCase).graph, with_, undefined, () => step.lower);

const breakKernel = (plan: Plan, right: string, wrong: string): Plan => {
  const pipelines = plan.pipelines.map((pipeline) => ({ ...pipeline, code: pipeline.code.replace(right, wrong) }));
  if (pipelines.every(({ code }, i) => code === plan.pipelines[i]?.code)) throw new Error(`'${right}' is in no kernel`);
  return { ...plan, pipelines };
};

/** Something wrong in each kernel that a comparison must see. */
const faults: Record<string, [string, string]> = {
  naive: ['k < params.k', 'k + 1 < params.k'],
  vec4: ['v.w * b[at', 'v.z * b[at'],
  'workgroup-tiled': ['k_of_a < params.k)', 'k_of_a + 1 < params.k)'],
  'register-tiled': ['store(row + 3', 'store(row + 2'],
  subgroup: ['quadBroadcast(l, 3u)', 'quadBroadcast(l, 2u)'],
};

describe('the ladder', () => {
  it('reads less from memory with every step in workgroup memory', () => {
    const intensity = Object.fromEntries(ladder.map(({ name, tile }) => [name, intensityOf(tile)]));
    expect(intensity).toEqual({ naive: 0.25, vec4: 0.4, 'workgroup-tiled': 4, 'register-tiled': 16, subgroup: 8 / 3 });
  });

  it('has a step for every file of shaders/ladder', () => {
    expect(ladder.map(({ kernel }) => kernel.wgsl).sort()).toEqual(Object.values(shaders).sort());
    expect(ladder.every(({ name, kernel }) => name === kernel.name)).toBe(true);
  });

  it('offers what the device can run', () => {
    const names = (features: string[]) => stepsFor({ ...defaultFacts, features }).map(({ name }) => name);
    expect(names([])).not.toContain('subgroup');
    expect(names(['subgroups'])).toEqual(ladder.map(({ name }) => name));
  });

  it('refuses what it is not for', () => {
    const three = { ...product([2, 2, 2]), inputs: [{ shape: [2, 2, 2] }, { shape: [2, 2] }] };
    const integers = { ...product([2, 2, 2]), inputs: [0, 1].map(() => ({ shape: [2, 2], dtype: 'int32' as const })) };
    const narrow = { ...defaultFacts, limits: { ...defaultFacts.limits, maxComputeWorkgroupsPerDimension: 2 } };
    for (const step of ladder.slice(0, 4)) {
      expect(() => planOf(step, three)).toThrow('two float32 matrices');
      expect(() => planOf(step, integers)).toThrow('two float32 matrices');
      expect(() => planOf(step, product([64, 4, 1024]), narrow)).toThrow('at most 2 a dimension');
    }
  });
});

describe.each(ladder)('$name', (step) => {
  const can = (): boolean => stepsFor(facts).includes(step);

  it.each(cases)('$name', async (opCase) => {
    if (can()) await checkOp(opCase, () => planOf(step, opCase));
    else expect(() => planOf(step, opCase, { ...facts, features: [step.feature as string] })).not.toThrow();
  });

  it('rejects a wrong kernel', async () => {
    const [right, wrong] = faults[step.name] as [string, string];
    const opCase = product([66, 33, 20]);
    const broken = (): Plan => breakKernel(planOf(step, opCase), right, wrong);
    if (can()) await expect(checkOp(opCase, broken)).rejects.toThrow(/differ|wrote outside/);
    else expect(broken).not.toThrow();
  });
});
