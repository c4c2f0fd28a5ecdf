import type { NodeProfile, Profile } from './profile.js';

/** Nodes or kernels of one kind together. */
export interface ProfileGroup {
  readonly name: string;
  readonly count: number;
  readonly gpuMs: number;
  /** Of the sum over all kernels, in percent. */
  readonly share: number;
}

const share = (ms: number, profile: Profile): number => (profile.kernelSumMs > 0 ? (100 * ms) / profile.kernelSumMs : 0);

const grouped = <T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  msOf: (item: T) => number,
  profile: Profile,
): ProfileGroup[] => {
  const groups = new Map<string, { count: number; gpuMs: number }>();
  for (const item of items) {
    const group = groups.get(keyOf(item)) ?? { count: 0, gpuMs: 0 };
    groups.set(keyOf(item), { count: group.count + 1, gpuMs: group.gpuMs + msOf(item) });
  }
  return [...groups]
    .map(([name, group]) => ({ name, ...group, share: share(group.gpuMs, profile) }))
    .sort((a, b) => b.gpuMs - a.gpuMs);
};

/** Time by operator, the most first; nodes that run nothing are left out. */
export const byOperator = (profile: Profile): ProfileGroup[] =>
  grouped(
    profile.nodes.filter(({ dispatches }) => dispatches > 0),
    ({ op }) => op,
    ({ gpuMs }) => gpuMs,
    profile,
  );

/** Time by kernel, the most first. */
export const byKernel = (profile: Profile): ProfileGroup[] =>
  grouped(
    profile.commands,
    ({ kernel }) => kernel,
    ({ gpuMs }) => gpuMs,
    profile,
  );

/** The nodes that run something, the slowest first. */
export const slowest = (profile: Profile): NodeProfile[] =>
  profile.nodes.filter(({ dispatches }) => dispatches > 0).sort((a, b) => b.gpuMs - a.gpuMs);

export const shareOf = (node: NodeProfile, profile: Profile): number => share(node.gpuMs, profile);

/** How the times were taken, in a sentence. */
export const clockText = ({ clock }: Profile): string =>
  clock === 'timestamp-query'
    ? 'GPU times are of the GPU’s own timestamps, a pass for each command, repeated; the mean of the calmer half of some rounds.'
    : 'Without timestamps of the GPU: times are of the host’s clock around a submit for each command, less the time of an empty one; the mean of the calmer half of some rounds.';

/** What the sum of the parts says about the whole. */
export const agreementText = ({ agreement, kernelSumMs, gpuMs }: Profile): string => {
  const sum = `The kernels measured one by one add up to ${kernelSumMs.toFixed(3)} ms, the whole run took ${gpuMs.toFixed(3)} ms: ${(100 * agreement).toFixed(0)} %.`;
  return Math.abs(agreement - 1) <= AGREEMENT
    ? sum
    : `${sum} They differ by more than ${100 * AGREEMENT} %: measure again on an idle machine, or with more runs.`;
};

/** How far the sum may be from the whole before it is to be doubted. */
export const AGREEMENT = 0.15;
