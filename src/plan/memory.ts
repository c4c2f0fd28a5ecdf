import type { Command, PlanBuffer } from './plan.js';

/** Memory for one value, before buffers are shared. */
export interface Storage {
  readonly value: string;
  readonly role: PlanBuffer['role'];
  readonly bytes: number;
  readonly words?: NonNullable<PlanBuffer['words']>;
}

/** Buffers are whole vec4s, so that a kernel may view them as such. */
const ALIGNMENT = 16;
const align = (bytes: number): number => Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);

/** The storages a command touches. */
const touched = (command: Command): readonly number[] => {
  if (command.kind === 'dispatch') return command.buffers;
  return command.kind === 'copy' ? [command.from, command.to] : [command.buffer];
};

interface Lifetime {
  first: number;
  last: number;
}

const lifetimesOf = (storages: readonly Storage[], commands: readonly Command[]): Lifetime[] => {
  const lifetimes = storages.map(() => ({ first: Number.POSITIVE_INFINITY, last: -1 }));
  commands.forEach((command, i) => {
    for (const storage of touched(command)) {
      const lifetime = lifetimes[storage] as Lifetime;
      lifetime.first = Math.min(lifetime.first, i);
      lifetime.last = i;
    }
  });
  return lifetimes.map((lifetime, i) => {
    const { role } = storages[i] as Storage;
    if (role === 'output') return { first: Math.min(lifetime.first, commands.length), last: commands.length };
    if (role === 'scratch') return lifetime;
    return { first: -1, last: role === 'input' ? Math.max(lifetime.last, 0) : commands.length };
  });
};

/**
 * Gives every storage a buffer. Intermediate values whose lifetimes do not overlap share one: each takes the free
 * buffer that fits best, or grows the largest free one. Inputs, outputs and weights have buffers of their own.
 */
export const assignBuffers = (
  storages: readonly Storage[],
  commands: readonly Command[],
): { buffers: PlanBuffer[]; bufferOf: number[] } => {
  const lifetimes = lifetimesOf(storages, commands);
  const buffers: (PlanBuffer & { bytes: number; lastUse: number; values: string[] })[] = [];
  const bufferOf = new Array<number>(storages.length).fill(-1);
  const order = storages.map((_, i) => i).sort((a, b) => lifetimes[a]!.first - lifetimes[b]!.first || a - b);
  for (const i of order) {
    const { role, bytes, words, value } = storages[i] as Storage;
    const { first, last } = lifetimes[i] as Lifetime;
    const size = align(bytes);
    const shared = role === 'scratch' ? bestFit(buffers, first, size) : undefined;
    if (shared === undefined) {
      bufferOf[i] = buffers.length;
      const firstUse = Number.isFinite(first) ? first : commands.length;
      buffers.push({ role, bytes: size, firstUse, lastUse: Math.max(last, firstUse), values: [value], ...(words && { words }) });
    } else {
      const buffer = buffers[shared] as (typeof buffers)[number];
      bufferOf[i] = shared;
      buffer.bytes = Math.max(buffer.bytes, size);
      buffer.lastUse = Math.max(last, first);
      buffer.values.push(value);
    }
  }
  return { buffers, bufferOf };
};

const bestFit = (buffers: readonly PlanBuffer[], first: number, bytes: number): number | undefined => {
  const free = buffers
    .map((buffer, i) => ({ buffer, i }))
    .filter(({ buffer }) => buffer.role === 'scratch' && buffer.lastUse < first);
  const fitting = free.filter(({ buffer }) => buffer.bytes >= bytes).sort((a, b) => a.buffer.bytes - b.buffer.bytes);
  const growing = free.sort((a, b) => b.buffer.bytes - a.buffer.bytes);
  return (fitting[0] ?? growing[0])?.i;
};

/** Bytes that the device allocates for a plan, by role. */
export const bytesByRole = (buffers: readonly PlanBuffer[]): Record<PlanBuffer['role'], number> => {
  const bytes = { input: 0, output: 0, weight: 0, scratch: 0 };
  for (const buffer of buffers) bytes[buffer.role] += buffer.bytes;
  return bytes;
};
