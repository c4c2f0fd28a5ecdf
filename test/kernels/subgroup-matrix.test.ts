import { describe, expect, it } from 'vitest';
import { type DeviceFacts, defaultFacts, type SubgroupMatrix } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import type { PlanPipeline } from '../../src/plan/plan.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, type OpCase } from '../support/check-op.js';
import { nullDevice } from '../support/null-device.js';

const units = (component: SubgroupMatrix['component'], side = 8): DeviceFacts => ({
  ...defaultFacts,
  features: ['subgroups', 'chromium-experimental-subgroup-matrix'],
  languageFeatures: ['subgroup_id'],
  subgroupSize: 32,
  subgroupMatrices: [{ component, rows: side, columns: side, depth: side }],
});

const product = (m: number, k: number, n: number, dtype: 'float16' | 'float32' = 'float32'): OpCase => ({
  name: 'product',
  op: 'MatMul',
  inputs: [
    { shape: [m, k], dtype },
    { shape: [k, n], dtype, constant: true },
  ],
  attributes: { epilogue: [{ op: 'Relu', attributes: {} }] },
  tolerance: tolerances.exact,
});

const pipelinesOf = (opCase: OpCase, facts: DeviceFacts): readonly PlanPipeline[] =>
  buildPlan(caseGraph(opCase).graph, facts).pipelines;

const compile = async (code: string): Promise<string[]> => {
  const gpu = await nullDevice();
  gpu.pushErrorScope('validation');
  const { messages } = await gpu.createShaderModule({ code }).getCompilationInfo();
  await gpu.popErrorScope();
  return messages.filter(({ type }) => type !== 'info').map(({ lineNum, message }) => `${lineNum}: ${message}`);
};

/** No adapter that is at hand has matrix units: these kernels are compiled, and have not been run. */
describe('subgroup matrices', () => {
  it.each([
    ['float32', product(64, 64, 64), units('f32')],
    ['float32, columns that are no multiple of 4', product(33, 65, 31), units('f32')],
    ['float16', product(64, 64, 64, 'float16'), units('f16', 16)],
  ] as const)('compile for %s', async (_, opCase, facts) => {
    const pipeline = pipelinesOf(opCase, facts).find(({ kernel }) => kernel === 'matmul-subgroup-matrix');
    expect(await compile(pipeline?.code ?? 'no such kernel')).toEqual([]);
    expect(await compile(`${pipeline?.code.replace('TILE);', 'TILE, 1);')}`)).not.toEqual([]);
  });

  it('are used where the application opened the device with them, for large products, and round nothing', () => {
    const usesThem = (opCase: OpCase, facts: DeviceFacts): boolean =>
      pipelinesOf(opCase, facts).some(({ kernel }) => kernel === 'matmul-subgroup-matrix');
    expect(usesThem(product(64, 64, 64), units('f32'))).toBe(true);
    expect(usesThem(product(64, 64, 64), units('f16'))).toBe(false);
    expect(usesThem(product(64, 64, 64, 'float16'), units('f16'))).toBe(true);
    expect(usesThem(product(64, 8, 64), units('f32'))).toBe(false);
    expect(usesThem(product(64, 64, 64), { ...units('f32'), features: ['subgroups'] })).toBe(false);
    expect(usesThem(product(64, 64, 64), units('f32', 24))).toBe(false);
  });
});
