import type { Command, PlanBuffer, PlanPipeline } from './plan.js';

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

/** One piece of memory in the making, and what lies where in it. Lives that overlap lie beside each other. */
interface Arena {
  bytes: number;
  readonly members: Member[];
}

interface Member {
  readonly item: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Ranges of one buffer begin at multiples of what WebGPU asks of a storage binding by default. */
const OFFSET_ALIGNMENT = 256;
/** Beyond so many values only one order is tried: a plan is to be made in time that grows with the graph. */
const MOST_SORTED = 4096;
/** Up to so many values, and while memory is further than this from what cannot be done without, orders are shuffled. */
const MOST_SHUFFLED = 512;
const GOOD_ENOUGH = 1.2;
const SHUFFLES = 32;

/**
 * Gives every storage a buffer, or a part of one; weights have buffers of their own. Other values share memory where
 * their lives do not overlap, an input's until it is read and an output's from when it is written; where they do, they
 * may lie side by side in one buffer unless one command reads the one and writes the other: WebGPU forbids that even
 * where the ranges are apart. Finding the least memory is NP-hard: the best of some greedy orders counts, largest first among
 * them ("greedy by size": Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020).
 */
export const assignBuffers = (
  storages: readonly Storage[],
  commands: readonly Command[],
  pipelines: readonly PlanPipeline[] = [],
  maxBufferBytes = Number.POSITIVE_INFINITY,
): { buffers: PlanBuffer[]; bufferOf: number[] } => {
  const lifetimes = lifetimesOf(storages, commands);
  const needed = liveBytes(storages, commands).reduce((most, bytes) => Math.max(most, bytes), 0);
  const packer = new Packer(storages, lifetimes, conflictsOf(storages, commands, pipelines), maxBufferBytes);
  const arenas = packer.best(GOOD_ENOUGH * needed);
  const alone = storages.flatMap(({ role, bytes }, item) =>
    role === 'weight' ? [{ bytes: align(bytes), members: [{ item, offset: 0, bytes: align(bytes) }] }] : [],
  );
  return toBuffers([...arenas, ...alone], storages, lifetimes, commands.length);
};

/** For every command, the bytes of the values that are needed while it runs: what no plan can do without. */
export const liveBytes = (storages: readonly Storage[], commands: readonly Command[]): number[] => {
  const changes = new Array<number>(commands.length + 1).fill(0);
  for (const [i, { first, last }] of lifetimesOf(storages, commands).entries()) {
    const { role, bytes } = storages[i] as Storage;
    if (role === 'weight' || first > last) continue;
    const [from, to] = [Math.max(0, first), Math.min(commands.length, last + 1)];
    changes[from] = (changes[from] ?? 0) + bytes;
    changes[to] = (changes[to] ?? 0) - bytes;
  }
  let live = 0;
  return changes.slice(0, -1).map((change) => (live += change));
};

/** For every storage, those that must not be in one buffer with it: some command writes one of the two and touches both. */
const conflictsOf = (
  storages: readonly Storage[],
  commands: readonly Command[],
  pipelines: readonly PlanPipeline[],
): readonly ReadonlySet<number>[] => {
  const conflicts = storages.map(() => new Set<number>());
  for (const command of commands) {
    const all = [...new Set(touched(command))].filter((i) => storages[i]?.role !== 'weight');
    for (const written of writtenBy(command, pipelines)) {
      for (const other of all) {
        if (other === written) continue;
        conflicts[written]?.add(other);
        conflicts[other]?.add(written);
      }
    }
  }
  return conflicts;
};

/** The storages that a command writes; all that it touches where its pipeline is not known. */
const writtenBy = (command: Command, pipelines: readonly PlanPipeline[]): readonly number[] => {
  if (command.kind !== 'dispatch') return [command.kind === 'copy' ? command.to : command.buffer];
  const types = pipelines[command.pipeline]?.bindings.map(({ type }) => type).filter((type) => type !== 'uniform');
  return command.buffers.filter((_, i) => !types || types[i] === 'read_write');
};

class Packer {
  readonly #storages: readonly Storage[];
  readonly #lifetimes: readonly Lifetime[];
  readonly #conflicts: readonly ReadonlySet<number>[];
  readonly #most: number;

  constructor(
    storages: readonly Storage[],
    lifetimes: readonly Lifetime[],
    conflicts: readonly ReadonlySet<number>[],
    most: number,
  ) {
    this.#storages = storages;
    this.#lifetimes = lifetimes;
    this.#conflicts = conflicts;
    this.#most = most;
  }

  /**
   * Tries the values by first use, by size, and by size times length of life (equals stay in the order in which they come
   * to be), then these orders shuffled, the more the longer it takes to get below `good` bytes in all.
   */
  best(good: number): Arena[] {
    const life = (i: number): Lifetime => this.#lifetimes[i] as Lifetime;
    const size = (i: number): number => align((this.#storages[i] as Storage).bytes);
    const area = (i: number): number => size(i) * Math.max(1, life(i).last - life(i).first + 1);
    const items = this.#storages.flatMap(({ role }, i) => (role === 'weight' ? [] : [i]));
    const byFirst = items.sort((a, b) => (life(a).first < life(b).first ? -1 : life(a).first > life(b).first ? 1 : a - b));
    let best = this.#pack(byFirst, true);
    if (items.length > MOST_SORTED) return best;
    const orders = [byFirst.toSorted((a, b) => size(b) - size(a)), byFirst.toSorted((a, b) => area(b) - area(a))];
    const shuffles = items.length > MOST_SHUFFLED ? 0 : SHUFFLES;
    for (let round = 0; round <= shuffles; round++) {
      for (const order of [...orders, ...(round > 0 ? [byFirst] : [])]) {
        const next = this.#pack(shuffled(order, (items.length * round) / SHUFFLES, round));
        if (totalOf(next) < totalOf(best)) best = next;
      }
      if (totalOf(best) <= good) break;
    }
    return best;
  }

  /** Puts one value after the other where memory need grow least, of these into the smallest buffer, or into a new one. */
  #pack(order: readonly number[], isByFirst = false): Arena[] {
    const arenas: Arena[] = [];
    // What an arena's later values can still meet: those of ended lives cannot, where values come in the order of lives.
    const alive = new Map<Arena, Member[]>();
    for (const item of order) {
      const bytes = align((this.#storages[item] as Storage).bytes);
      let best: { arena: Arena; offset: number; grows: number } | undefined;
      for (const arena of arenas) {
        const met = (alive.get(arena) as Member[]).filter((member) => this.#overlap(member.item, item));
        if (isByFirst) alive.set(arena, met);
        if (met.some((member) => this.#conflicts[item]?.has(member.item))) continue;
        const offset = gapIn(met, bytes);
        const grows = Math.max(0, offset + bytes - arena.bytes);
        if (grows >= bytes || offset + bytes > this.#most) continue;
        if (!best || grows < best.grows || (grows === best.grows && arena.bytes < best.arena.bytes))
          best = { arena, offset, grows };
      }
      const arena: Arena = best?.arena ?? { bytes: 0, members: [] };
      const offset = best?.offset ?? 0;
      if (!best) {
        arenas.push(arena);
        alive.set(arena, []);
      }
      arena.bytes = Math.max(arena.bytes, offset + bytes);
      arena.members.push({ item, offset, bytes });
      (alive.get(arena) as Member[]).push({ item, offset, bytes });
    }
    return arenas;
  }

  #overlap(a: number, b: number): boolean {
    const [one, other] = [this.#lifetimes[a] as Lifetime, this.#lifetimes[b] as Lifetime];
    return one.first <= other.last && other.first <= one.last;
  }
}

const totalOf = (arenas: readonly Arena[]): number => arenas.reduce((sum, { bytes }) => sum + bytes, 0);

/** The order with every item moved by up to so many places, always the same way for the same seed. */
const shuffled = (order: readonly number[], places: number, seed: number): readonly number[] => {
  if (places === 0) return order;
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const place = new Map(order.map((item, i) => [item, i + places * next()]));
  return order.toSorted((a, b) => (place.get(a) as number) - (place.get(b) as number));
};

/** The lowest offset at which so many bytes lie beside all members. */
const gapIn = (members: readonly Member[], bytes: number): number => {
  let at = 0;
  for (const member of members.toSorted((a, b) => a.offset - b.offset)) {
    if (at + bytes <= member.offset) return at;
    at = Math.max(at, Math.ceil((member.offset + member.bytes) / OFFSET_ALIGNMENT) * OFFSET_ALIGNMENT);
  }
  return at;
};

/**
 * In the order in which they are first used. Values that have a buffer for themselves, one after the other, are in it;
 * otherwise each is a part of it.
 */
const toBuffers = (
  arenas: readonly Arena[],
  storages: readonly Storage[],
  lifetimes: readonly Lifetime[],
  end: number,
): { buffers: PlanBuffer[]; bufferOf: number[] } => {
  const buffers: PlanBuffer[] = [];
  const bufferOf = new Array<number>(storages.length).fill(-1);
  const firstOf = ({ item }: Member): number => Math.min((lifetimes[item] as Lifetime).first, end);
  const byFirst = (a: Member, b: Member): number => firstOf(a) - firstOf(b) || a.item - b.item;
  const sorted = arenas.map(({ bytes, members }) => ({ bytes, members: members.toSorted(byFirst) }));
  sorted.sort((a, b) => byFirst(a.members[0] as Member, b.members[0] as Member));
  const bufferFor = (members: readonly Member[], bytes: number): PlanBuffer => {
    const own = members.map(({ item }) => storages[item] as Storage);
    const { role, words } = own.find((storage) => storage.role !== 'scratch') ?? (own[0] as Storage);
    const firstUse = firstOf(members[0] as Member);
    const lastUse = Math.max(firstUse, ...members.map(({ item }) => (lifetimes[item] as Lifetime).last));
    return { role, bytes, firstUse, lastUse, values: own.map(({ value }) => value), ...(words && { words }) };
  };
  for (const { bytes, members } of sorted) {
    const whole = buffers.push(bufferFor(members, bytes)) - 1;
    if (members.every(({ offset }) => offset === 0)) {
      for (const { item } of members) bufferOf[item] = whole;
      continue;
    }
    buffers[whole] = { ...(buffers[whole] as PlanBuffer), values: [`${members.length} values`] };
    for (const member of members) {
      bufferOf[member.item] =
        buffers.push({ ...bufferFor([member], member.bytes), part: { of: whole, offset: member.offset } }) - 1;
    }
  }
  return { buffers, bufferOf };
};

/** Bytes that the device allocates for buffers of a plan: a part of another is in it. */
export const allocatedBytes = (buffers: readonly PlanBuffer[]): number =>
  buffers.reduce((sum, { bytes, part }) => sum + (part ? 0 : bytes), 0);

/** Bytes that the device allocates for a plan, by role. */
export const bytesByRole = (buffers: readonly PlanBuffer[]): Record<PlanBuffer['role'], number> => {
  const bytes = { input: 0, output: 0, weight: 0, scratch: 0 };
  for (const { role, bytes: own, part } of buffers) if (!part) bytes[role] += own;
  return bytes;
};
