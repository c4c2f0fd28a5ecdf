import { describe, expect, it } from 'vitest';
import { benchCases, selectCases } from '../../bench/cases.js';
import { twentyKernels } from '../../bench/overhead.bench.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { bindInputs } from '../../src/inspect.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { bind, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';

const facts = { ...defaultFacts, features: ['subgroups'] };
const cases = (kind: 'cpu' | 'gpu', quick: boolean) => benchCases({ facts: { ...facts, kind }, quick });

describe('the cases', () => {
  it.each([
    ['cpu', true],
    ['cpu', false],
    ['gpu', true],
    ['gpu', false],
  ] as const)('have names of their own, on a %s, quick: %s', (kind, quick) => {
    const names = cases(kind, quick).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.every((name) => /^[a-z0-9/-]+$/.test(name))).toBe(true);
  });

  it('hold every family', () => {
    const families = new Set(cases('gpu', false).map(({ name }) => name.split('/')[0]));
    for (const family of [
      'matmul',
      'conv-3x3',
      'conv-1x1',
      'winograd-3x3',
      'depthwise-3x3',
      'dequant-matmul-int4',
      'matmul-int8',
      'softmax',
    ]) {
      expect(families).toContain(family);
    }
    for (const n of [64, 128, 256, 512, 1024, 4096]) expect(names()).toContain(`matmul/${n}x${n}x${n}`);
    for (const batch of [1, 2, 4, 8, 16, 32]) expect(names()).toContain(`small-cnn/batch-${batch}`);
  });

  it('can be picked by name and by group', () => {
    const all = cases('gpu', true);
    expect(selectCases(all, '')).toHaveLength(all.length);
    expect(selectCases(all, 'fusion').every(({ group }) => group === 'fusion')).toBe(true);
    expect(selectCases(all, 'softmax, relu').map(({ name }) => name)).toEqual(['relu/64x1024', 'softmax/64x1024']);
    expect(() => selectCases(all, 'nothing')).toThrow("no benchmark is named 'nothing'");
  });

  it('start a model of 20 kernels', () => {
    const graph = importOnnx(twentyKernels());
    const plan = buildPlan(bind(optimize(graph), bindInputs(graph, new Map()).shapes), facts);
    expect(plan.pipelines.length).toBeGreaterThanOrEqual(20);
  });
});

const names = (): string[] => cases('gpu', false).map(({ name }) => name);
