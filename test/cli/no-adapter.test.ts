import { describe, expect, it } from 'vitest';
import { platform, setPlatform } from '../../src/platform.js';
import { smallNet, temporaryFolder, tilewise, writeModel } from './support.js';

describe('without a GPU', () => {
  setPlatform({ ...platform(), gpu: async () => undefined, noAdapterHint: 'bring one' });

  it('inspect plans for the default limits', async () => {
    const model = await writeModel(temporaryFolder(), smallNet());
    const { code, out, err } = await tilewise(['inspect', model, '--plan', '--json']);
    expect(code).toBe(0);
    expect(err).toBe("note: this environment has no WebGPU: the plan is for WebGPU's default limits");
    expect(JSON.parse(out).plan.commands.length).toBeGreaterThan(0);
  });

  it.each(['run', 'compare'])('%s says what to do', async (command) => {
    const model = await writeModel(temporaryFolder(), smallNet());
    const { code, out, err } = await tilewise([command, model]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/error: this environment has no WebGPU\nhint: bring one$/);
  });
});
