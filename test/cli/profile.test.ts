import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Profile } from '../../src/profile/profile.js';
import { smallNet, temporaryFolder, tilewise, writeModel } from './support.js';

const profile = async (...flags: string[]) => {
  const folder = temporaryFolder();
  const model = await writeModel(folder, smallNet('batch'), 'small.onnx');
  return { folder, ...(await tilewise(['profile', model, '--runs', '1', ...flags])) };
};

describe('profile', () => {
  it('prints one JSON object', async () => {
    const { code, out, err } = await profile('--json', '--dims', 'batch=2');
    expect(code).toBe(0);
    expect(err).toBe('note: no inputs given: random data (seed 1)');
    const json = JSON.parse(out) as Profile;
    expect(json.model).toBe('small.onnx');
    expect(json.clock).toBe('timestamp-query');
    for (const figure of [json.gpuMs, json.hostMs, json.kernelSumMs, json.agreement, ...Object.values(json.roofs)]) {
      expect(Number.isFinite(figure) && figure > 0).toBe(true);
    }
    expect(json.macs).toBe(768);
    const [first] = json.nodes.filter(({ dispatches }) => dispatches > 0);
    expect(first).toMatchObject({ name: expect.any(String), op: 'Conv + Relu', kernel: expect.stringContaining('conv') });
    for (const key of ['gpuMs', 'macs', 'bytes', 'gflops', 'gbs', 'intensity', 'percentOfRoof'] as const) {
      expect(typeof first?.[key], key).toBe('number');
    }
    expect(json.memory.timeline).toHaveLength(json.commands.length);
  });

  it('prints tables, and writes a report and a trace', async () => {
    const folder = temporaryFolder();
    const [html, trace] = [join(folder, 'out', 'p.html'), join(folder, 'p.json')];
    const { code, out, err } = await profile('--html', html, '--trace', trace, '--top', '1');
    expect(code).toBe(0);
    expect(err).toContain('note: batch = 1 (change it with --dims)');
    expect(out).toMatch(/^adapter +\S/);
    expect(out).toMatch(/^roofs +.*FLOP\/s, .*B\/s, .* us a launch$/m);
    expect(out).toMatch(/^op +nodes +ms +%$/m);
    expect(out).toMatch(/^kernel +dispatches +ms +%$/m);
    expect(out).toMatch(/^and 1 more \(--top\)$/m);
    expect(out).toContain(`written: ${html}`);
    expect(await readFile(html, 'utf8')).toContain('Profile of small.onnx');
    const { traceEvents } = JSON.parse(await readFile(trace, 'utf8')) as { traceEvents: { ph: string }[] };
    expect(new Set(traceEvents.map(({ ph }) => ph))).toEqual(new Set(['X', 'M', 'C']));
  });

  it('measures without timestamps, and says so', async () => {
    const { out } = await profile('--no-timestamps');
    expect(out).toContain('Without timestamps');
  });

  it('says what to do about a wrong argument', async () => {
    const { code, err } = await profile('--runs', '0');
    expect(code).toBe(1);
    expect(err).toContain('It must be a whole number of at least 1.');
    expect((await tilewise(['profile', '/nowhere.onnx'])).err).toContain('no such file');
  });
});
