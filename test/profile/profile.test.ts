import { describe, expect, it } from 'vitest';
import { Executable } from '../../src/device/executable.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { bind, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import {
  assemble,
  limitOf,
  type Measurements,
  type Profile,
  type ProfileTarget,
  profilePlan,
} from '../../src/profile/profile.js';
import { profilePage } from '../../src/profile/report.js';
import { agreementText, byKernel, byOperator, clockText, slowest } from '../../src/profile/summary.js';
import { traceOf } from '../../src/profile/trace.js';
import { workOf } from '../../src/profile/work.js';
import { testDevice } from '../support/device.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const roofs = { aluGflops: 100, memoryGBs: 10, launchMicroseconds: 5 };
const shapes = new Map([['x', [1, 4, 8, 8]]]);

/** Conv 4 -> 8 with Relu, a residual add, a Reshape that is no kernel, and Softmax. */
const graph = () => {
  const b = new NetBuilder();
  const x = b.input('x', 'float32', [1, 4, 8, 8]);
  const inner = b.op('Relu', [b.conv(x, 4, 8, 3)]);
  const sum = b.op('Sigmoid', [b.op('Add', [b.conv(inner, 8, 8, 1), inner])]);
  b.output(b.op('Softmax', [b.op('Flatten', [sum])]));
  return bind(optimize(b.build()), shapes);
};

const target = async (): Promise<ProfileTarget> => {
  const device = await testDevice();
  const bound = graph();
  return { graph: bound, executable: await Executable.load(buildPlan(bound, device.facts), device), device };
};

const measured = ({ executable }: ProfileTarget, gpuMs: number): Measurements => ({
  roofs,
  host: { totalMs: 9, encodeMs: 1, submitMs: 2, waitMs: 6 },
  clock: 'timestamp-query',
  gpuMs,
  commands: executable.plan.commands.map((command, i) => ({
    node: command.node,
    op: command.kind === 'dispatch' ? command.op : command.kind,
    kernel: command.kind === 'dispatch' ? command.kernel : command.kind,
    workgroups: [1, 1, 1],
    gpuMs: 1 + i,
  })),
});

/** A profile of known times. */
const known = async (gpuMs?: number): Promise<Profile> => {
  const one = await target();
  const count = one.executable.plan.commands.length;
  const profile = assemble(one, measured(one, gpuMs ?? (count * (count + 1)) / 2));
  one.executable.dispose();
  return profile;
};

describe('workOf', () => {
  it('counts the work and the least traffic of a node', () => {
    const bound = graph();
    const work = workOf(bound, buildPlan(bound, defaultFacts));
    const conv = work.find(({ op }) => op.startsWith('Conv + Relu'));
    expect(conv).toMatchObject({ macs: 8 * 64 * 4 * 9, params: 8 * 4 * 9 + 8 });
    const [input, output] = [4 * 4 * 64, 4 * 8 * 64];
    // Weights and bias as packed: at least their own bytes, at most padded to whole vec4s.
    expect(conv?.bytes).toBeGreaterThanOrEqual(input + output + 4 * (8 * 4 * 9 + 8));
    expect(conv?.bytes).toBeLessThanOrEqual(input + output + 4 * (8 * 4 * 16 + 8));
    const alias = work.find(({ op }) => op === 'Reshape' || op === 'Flatten');
    if (alias) expect(alias).toMatchObject({ bytes: 0, kernels: [] });
    expect(work.at(-1)).toMatchObject({ op: 'Softmax', bytes: 2 * 4 * 512, macs: 0 });
  });
});

describe('the arithmetic of a profile', () => {
  it('adds commands up to nodes, and nodes to the run', async () => {
    const profile = await known();
    const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
    expect(profile.kernelSumMs).toBe(sum(profile.commands.map(({ gpuMs }) => gpuMs)));
    expect(sum(profile.nodes.map(({ gpuMs }) => gpuMs))).toBe(profile.kernelSumMs);
    expect(sum(profile.nodes.map(({ dispatches }) => dispatches))).toBe(profile.commands.length);
    expect(profile.agreement).toBe(1);
    expect(profile.macs).toBe(sum(profile.nodes.map(({ macs }) => macs)));
    for (const list of [byOperator(profile), byKernel(profile)]) {
      expect(sum(list.map(({ share }) => share))).toBeCloseTo(100, 9);
      expect(sum(list.map(({ gpuMs }) => gpuMs))).toBe(profile.kernelSumMs);
    }
  });

  it('tells rates and shares of the roofs', async () => {
    const profile = await known();
    for (const node of profile.nodes.filter(({ dispatches }) => dispatches > 0)) {
      expect(node.gflops).toBeCloseTo((2 * node.macs) / (node.gpuMs / 1000) / 1e9, 12);
      expect(node.gbs).toBeCloseTo(node.bytes / (node.gpuMs / 1000) / 1e9, 12);
      expect(node.intensity).toBeCloseTo((2 * node.macs) / node.bytes, 12);
      const least = Math.max((2 * node.macs) / 100e9, node.bytes / 10e9, node.dispatches * 5e-6);
      expect(node.percentOfRoof).toBeCloseTo((100 * least) / (node.gpuMs / 1000), 9);
    }
  });

  it.each([
    [{ macs: 5e9, bytes: 1e6 }, 1, 'compute', 100],
    [{ macs: 1e6, bytes: 1e9 }, 1, 'memory', 100],
    [{ macs: 10, bytes: 10 }, 4, 'launch', 0.02],
  ] as const)('says what limits %j', (work, dispatches, limit, ms) => {
    const found = limitOf(work, dispatches, roofs);
    expect(found.limit).toBe(limit);
    expect(found.ms).toBeCloseTo(ms, 12);
  });

  it('doubts a sum that is not the whole', async () => {
    const sound = await known();
    expect(agreementText(sound)).toMatch(/add up to [\d.]+ ms, the whole run took [\d.]+ ms: 100 %\.$/);
    expect(agreementText({ ...sound, agreement: 1.14 })).not.toContain('differ');
    expect(agreementText({ ...sound, agreement: 1.16 })).toContain('differ by more than 15 %');
    expect(agreementText({ ...sound, agreement: 0.84 })).toContain('differ by more than 15 %');
    expect(clockText(sound)).toContain('timestamps');
    expect(clockText({ ...sound, clock: 'host-clock' })).toContain('Without timestamps');
  });
});

describe('profilePlan', () => {
  it.each(['timestamp-query', 'host-clock'] as const)('measures a plan with %s', async (clock) => {
    const one = await target();
    const steps: string[] = [];
    const profile = await profilePlan(one, randomFeeds(shapes), { clock, runs: 2, onProgress: (text) => steps.push(text) });
    one.executable.dispose();
    expect(profile).toMatchObject({ clock, adapter: { kind: one.device.facts.kind } });
    expect(profile.commands).toHaveLength(one.executable.plan.commands.length);
    for (const ms of [profile.gpuMs, profile.hostMs, profile.kernelSumMs]) expect(Number.isFinite(ms) && ms > 0).toBe(true);
    for (const { gpuMs } of profile.commands) expect(gpuMs).toBeGreaterThan(0);
    expect(steps.some((step) => step.endsWith('round 2 of 2'))).toBe(true);
  });

  it('stops when its signal fires, and takes roofs that are known', async () => {
    const one = await target();
    const abort = new AbortController();
    const onProgress = (text: string): void => void (text.includes('round') && abort.abort());
    const profiling = profilePlan(one, randomFeeds(shapes), { roofs, signal: abort.signal, onProgress });
    await expect(profiling).rejects.toMatchObject({ code: 'aborted' });
    const profile = await profilePlan(one, randomFeeds(shapes), { roofs, runs: 1 });
    expect(profile.roofs).toBe(roofs);
    one.executable.dispose();
  });
});

describe('traceOf', () => {
  it('lays the kernels out one after the other, each within its node', async () => {
    const profile = await known();
    const { traceEvents } = JSON.parse(JSON.stringify(traceOf(profile))) as ReturnType<typeof traceOf>;
    const spans = (tid: number) => traceEvents.filter((event) => event.ph === 'X' && event.tid === tid);
    const [host, nodes, kernels] = [spans(1), spans(2), spans(3)];
    expect(host.map(({ name, ts, dur }) => [name, ts, dur])).toEqual([
      ['encode', 0, 1000],
      ['submit', 1000, 2000],
      ['wait', 3000, 6000],
    ]);
    expect(kernels).toHaveLength(profile.commands.length);
    let at = 3000;
    for (const { ts, dur } of kernels) {
      expect(ts).toBeCloseTo(at, 6);
      at += dur as number;
    }
    expect(at - 3000).toBeCloseTo(1000 * profile.kernelSumMs, 6);
    for (const { ts, dur, args } of kernels) {
      const node = nodes.find(({ name }) => name === args?.node)!;
      expect(ts! >= node.ts! - 1e-6 && ts! + dur! <= node.ts! + node.dur! + 1e-6).toBe(true);
    }
    const counters = traceEvents.filter(({ ph }) => ph === 'C').map(({ args }) => args?.bytes);
    expect(counters).toEqual([...profile.memory.timeline.map(({ bytes }) => bytes), 0]);
    expect(traceEvents.filter(({ ph }) => ph === 'M').map(({ name }) => name)).toContain('process_name');
  });
});

describe('profilePage', () => {
  it('shows every node and no markup of the model’s', async () => {
    const sound = await known();
    const evil = '<img src=x onerror=alert(1)>';
    const nodes = sound.nodes.map((node, i) => (i === 0 ? { ...node, name: evil } : node));
    const commands = sound.commands.map((command) =>
      command.node === sound.nodes[0]?.name ? { ...command, node: evil } : command,
    );
    const page = profilePage({ ...sound, model: evil, nodes, commands });
    expect(page).not.toContain('<img');
    for (const { name } of slowest({ ...sound, nodes: nodes.slice(1) })) expect(page).toContain(`>${name}</th>`);
    for (const title of ['Roofline', 'One run', 'GPU time by operator', 'Activations that are needed'])
      expect(page).toContain(title);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });
});
