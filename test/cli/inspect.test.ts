import { describe, expect, it } from 'vitest';
import { smallNet, temporaryFolder, tilewise, writeModel } from './support.js';

/** Conv over 4 x 4 positions: 2 x 9 products each; Conv over one: 3 x 32. */
const nodes = [
  { op: 'Conv', macs: 288, params: 20 },
  { op: 'Relu', macs: 0, params: 0 },
  { op: 'Conv', macs: 96, params: 96 },
  { op: 'Sigmoid', macs: 0, params: 0 },
];

const inspect = async (batch: number | string, ...flags: string[]) => {
  const model = await writeModel(temporaryFolder(), smallNet(batch));
  return await tilewise(['inspect', model, ...flags]);
};

describe('inspect', () => {
  it('counts parameters and multiply-accumulates of the nodes in the file', async () => {
    const { code, out, err } = await inspect(1, '--json');
    const json = JSON.parse(out);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(Object.keys(json)).toEqual(['inputs', 'outputs', 'nodes', 'totals']);
    expect(json.inputs).toEqual([{ name: 'image', dtype: 'float32', shape: [1, 1, 6, 6] }]);
    expect(json.nodes.map(({ name: _, ...rest }: { name: string }) => rest)).toEqual(nodes);
    for (const node of json.nodes) expect(Object.keys(node)).toEqual(['name', 'op', 'macs', 'params']);
    expect(json.totals).toEqual({ macs: 384, params: 116 });
  });

  it('takes symbolic extents as 1 and says so, or as told', async () => {
    const assumed = await inspect('batch', '--json');
    expect(assumed.err).toBe('note: batch = 1 (change it with --dims)');
    expect(JSON.parse(assumed.out).inputs[0].shape).toEqual(['batch', 1, 6, 6]);
    expect(JSON.parse(assumed.out).totals).toEqual({ macs: 384, params: 116 });
    const told = await inspect('batch', '--json', '--dims', 'batch=3');
    expect(told.err).toBe('');
    expect(JSON.parse(told.out).totals).toEqual({ macs: 3 * 384, params: 116 });
  });

  it('prints the plan without weights, as JSON', async () => {
    const { plan, ...rest } = JSON.parse((await inspect(1, '--json', '--plan')).out);
    expect(Object.keys(rest)).toEqual(['inputs', 'outputs', 'nodes', 'totals']);
    expect(Object.keys(plan)).toEqual(['buffers', 'commands']);
    expect(plan.buffers.some((buffer: { role: string }) => buffer.role === 'weight')).toBe(true);
    for (const buffer of plan.buffers) expect(buffer).not.toHaveProperty('words');
    const dispatches = plan.commands.filter(({ kind }: { kind: string }) => kind === 'dispatch');
    expect(dispatches.length).toBeGreaterThan(1);
    for (const { kernel, node, params } of dispatches) {
      expect([typeof kernel, typeof node]).toEqual(['string', 'string']);
      expect(params.every((byte: unknown) => Number.isInteger(byte))).toBe(true);
    }
  });

  it('shows what each pass did', async () => {
    const { passes } = JSON.parse((await inspect(1, '--json', '--passes')).out);
    expect(passes[0]).toEqual({ pass: 'import', nodes: 4 });
    expect(passes.find(({ pass }: { pass: string }) => pass === 'fuse-epilogue').nodes).toBe(2);
    const { out } = await inspect(1, '--passes');
    expect(out).toMatch(/^fuse-epilogue +2 +-2$/m);
  });

  it('prints tables for people', async () => {
    const { out } = await inspect('batch', '--plan', '--dims', 'batch=2');
    expect(out).toContain('input   image  float32 [batch, 1, 6, 6], here [2, 1, 6, 6]');
    expect(out).toMatch(/^Conv_0 +Conv +576 +20$/m);
    expect(out).toMatch(/^4 nodes +768 +116$/m);
    expect(out).toMatch(/^0 +dispatch +Conv_0/m);
  });
});
