import type { Device } from '../device/device.js';
import type { Executable } from '../device/executable.js';
import { clockOf, type GpuClock } from '../device/timed-run.js';
import { throwIfAborted } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import type { Tensor } from '../tensor/tensor.js';
import { type HostTimes, timeHost } from './host-times.js';
import { type MemoryUse, memoryOf } from './memory.js';
import { measureRoofs, type Roofs } from './roofs.js';
import { timeCommands } from './timings.js';
import { type NodeWork, workOf } from './work.js';

/** One dispatch (or copy, or clear) of a run. */
export interface CommandProfile {
  readonly node: string;
  readonly op: string;
  /** The kernel, or "copy" or "clear". */
  readonly kernel: string;
  readonly workgroups: readonly number[];
  readonly gpuMs: number;
}

/** What keeps the adapter from running a node faster: arithmetic, memory traffic or the launches of its kernels. */
export type Limit = 'compute' | 'memory' | 'launch';

/** One node of the optimised graph, with what its kernels took and how near that is to what the adapter can do. */
export interface NodeProfile extends Omit<NodeWork, 'kernels'> {
  /** Its kernels in order, joined by " + "; empty where it needs none. */
  readonly kernel: string;
  readonly dispatches: number;
  readonly gpuMs: number;
  /** 2 x macs / bytes, in FLOP a byte: arithmetic intensity. */
  readonly intensity: number;
  readonly gflops: number;
  readonly gbs: number;
  /** 100 x the time that the adapter's roofs allow / the time taken. May pass 100 where data stays in a cache. */
  readonly percentOfRoof: number;
  readonly limit: Limit;
}

export interface Profile {
  readonly model: string;
  readonly adapter: { readonly description: string; readonly kind: 'gpu' | 'cpu' };
  /** How GPU times were measured. */
  readonly clock: GpuClock;
  readonly roofs: Roofs;
  /** The whole run on the GPU, as measured in one piece. */
  readonly gpuMs: number;
  /** The sum over all kernels, each measured by itself. */
  readonly kernelSumMs: number;
  /** kernelSumMs / gpuMs: 1 where the parts make the whole. */
  readonly agreement: number;
  /** The whole run as the host sees it, from the feeds to the outputs in its memory. */
  readonly hostMs: number;
  readonly host: HostTimes;
  readonly macs: number;
  readonly params: number;
  readonly nodes: readonly NodeProfile[];
  readonly commands: readonly CommandProfile[];
  readonly memory: MemoryUse;
}

export interface ProfileOptions {
  /** Rounds of measurement, of which the calmer half counts; 7 where absent, and up to four times as many while they differ. */
  readonly runs?: number;
  readonly signal?: AbortSignal;
  /** Roofs that are known already: measuring them takes a second or two. */
  readonly roofs?: Roofs;
  /** 'host-clock' measures without timestamps; the best that the device has where absent. */
  readonly clock?: GpuClock;
  readonly onProgress?: (text: string) => void;
}

/** A plan that is loaded on a device, and the graph that it was made for. */
export interface ProfileTarget {
  readonly graph: Graph;
  readonly executable: Executable;
  readonly device: Device;
}

/**
 * Measures every command of a plan by itself and the run as a whole. A command is repeated until the clock can tell its
 * time; it may find in a cache what a run would fetch from memory, so the sum is held against the whole run.
 */
export const profilePlan = async (
  target: ProfileTarget,
  feeds: ReadonlyMap<string, Tensor>,
  options: ProfileOptions = {},
): Promise<Profile> => {
  const { executable, device } = target;
  const { signal, runs = 7, onProgress = () => undefined, clock = clockOf(device) } = options;
  throwIfAborted(signal);
  onProgress('measuring the roofs of the adapter');
  const roofs = options.roofs ?? (await measureRoofs(device, { quick: true, clock, ...(signal && { signal }) }));
  onProgress('measuring whole runs');
  const host = await timeHost(executable, device, feeds, { runs, signal });
  const { times, gpuMs } = await timeCommands(executable, device, { runs, clock, signal, onProgress });
  const commands = executable.plan.commands.map((command, i): CommandProfile => {
    const isDispatch = command.kind === 'dispatch';
    return {
      node: command.node,
      op: isDispatch ? command.op : command.kind,
      kernel: isDispatch ? command.kernel : command.kind,
      workgroups: isDispatch ? command.workgroups : [],
      gpuMs: times[i] as number,
    };
  });
  return assemble(target, { roofs, host, commands, gpuMs, clock });
};

/** What was measured, before it is held against the work. */
export interface Measurements {
  readonly roofs: Roofs;
  readonly host: HostTimes;
  readonly commands: readonly CommandProfile[];
  readonly gpuMs: number;
  readonly clock: GpuClock;
}

/** The arithmetic of a profile: from times and work to rates and shares. Pure. */
export const assemble = ({ graph, executable, device }: ProfileTarget, measured: Measurements): Profile => {
  const { roofs, host, commands, gpuMs, clock } = measured;
  const work = workOf(graph, executable.plan);
  const kernelSumMs = commands.reduce((sum, command) => sum + command.gpuMs, 0);
  const { description, kind } = device.facts;
  return {
    model: graph.name,
    adapter: { description, kind },
    clock,
    roofs,
    gpuMs,
    kernelSumMs,
    agreement: gpuMs > 0 ? kernelSumMs / gpuMs : 1,
    hostMs: host.totalMs,
    host,
    macs: work.reduce((sum, { macs }) => sum + macs, 0),
    params: work.reduce((sum, { params }) => sum + params, 0),
    nodes: work.map((node) => nodeProfile(node, commands, roofs)),
    commands,
    memory: memoryOf(executable.plan),
  };
};

const nodeProfile = (work: NodeWork, commands: readonly CommandProfile[], roofs: Roofs): NodeProfile => {
  const { kernels, ...rest } = work;
  const own = commands.filter(({ node }) => node === work.name);
  const gpuMs = own.reduce((sum, command) => sum + command.gpuMs, 0);
  const per = (amount: number): number => (gpuMs > 0 ? amount / gpuMs / 1e6 : 0);
  const { limit, ms } = limitOf(work, own.length, roofs);
  return {
    ...rest,
    kernel: kernels.join(' + '),
    dispatches: own.length,
    gpuMs,
    intensity: work.bytes > 0 ? (2 * work.macs) / work.bytes : 0,
    gflops: per(2 * work.macs),
    gbs: per(work.bytes),
    percentOfRoof: gpuMs > 0 ? (100 * ms) / gpuMs : 0,
    limit,
  };
};

/** The least time that the roofs allow for this work, and which of them says so. */
export const limitOf = (
  { macs, bytes }: { readonly macs: number; readonly bytes: number },
  dispatches: number,
  roofs: Roofs,
): { limit: Limit; ms: number } => {
  const times: readonly (readonly [Limit, number])[] = [
    ['compute', (2 * macs) / roofs.aluGflops / 1e6],
    ['memory', bytes / roofs.memoryGBs / 1e6],
    ['launch', (dispatches * roofs.launchMicroseconds) / 1000],
  ];
  const [limit, ms] = times.reduce((most, next) => (next[1] > most[1] ? next : most));
  return { limit, ms };
};
