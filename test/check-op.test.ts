import { describe, expect, it } from 'vitest';
import type { Plan } from '../src/plan/plan.js';
import { tolerances } from '../src/tensor/compare.js';
import { checkOp, type OpCase } from './support/check-op.js';
import { testDevice } from './support/device.js';

const relu: OpCase = { name: 'relu', op: 'Relu', inputs: [{ shape: [3, 5] }], tolerance: tolerances.exact };

/** The plan with another text for its kernel. */
const withKernel =
  (change: (code: string) => string) =>
  (plan: Plan): Plan => ({
    ...plan,
    pipelines: plan.pipelines.map((pipeline) => ({ ...pipeline, code: change(pipeline.code) })),
  });

describe('checkOp', () => {
  it('passes a right kernel', () => checkOp(relu));

  it('fails on a GPU error that no scope caught', async () => {
    const { gpu } = await testDevice();
    const provoke = (plan: Plan): Plan => {
      gpu.createBuffer({ label: 'provoked', size: 4, usage: 0xffff });
      return plan;
    };
    await expect(checkOp(relu, provoke)).rejects.toMatchObject({ code: 'gpu-error' });
    await checkOp(relu);
  });

  it('fails on a kernel that does not compile, with the line', async () => {
    await expect(
      checkOp(
        relu,
        withKernel((code) => `${code}\nfn broken() -> u32 { return 1.5; }`),
      ),
    ).rejects.toThrow(/kernel 'unary' does not compile: .*(return|1\.5|abstract)/s);
  });

  it('fails on a kernel that writes nothing', async () => {
    const idle = withKernel((code) => code.replace('i >= params.count', 'i >= 0u'));
    await expect(checkOp(relu, idle)).rejects.toThrow(/15 of 15 elements differ.*got NaN/s);
  });

  it('fails on a kernel that writes outside of its tensor', async () => {
    const far = withKernel((code) => code.replace('  y[first] = ', '  y[arrayLength(&y) - 1u] = x[0];\n  y[first] = '));
    await expect(checkOp(relu, far)).rejects.toThrow('wrote outside of a tensor');
  });
});
