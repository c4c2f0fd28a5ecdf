import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocatedBytes, assignBuffers, liveBytes, type Storage } from '../../src/plan/memory.js';
import type { Command } from '../../src/plan/plan.js';

const dispatch = (...buffers: number[]): Command => ({
  kind: 'dispatch',
  node: 'n',
  op: 'Relu',
  kernel: 'unary',
  pipeline: 0,
  buffers,
  params: new Uint8Array(16),
  workgroups: [1, 1, 1],
});
const storage = (value: string, role: Storage['role'], bytes: number): Storage => ({ value, role, bytes });

describe('assignBuffers', () => {
  it('lets a chain of values alternate between two buffers', () => {
    const storages = [
      storage('x', 'input', 64),
      ...['a', 'b', 'c', 'd'].map((v) => storage(v, 'scratch', 64)),
      storage('y', 'output', 64),
    ];
    const commands = [dispatch(0, 1), dispatch(1, 2), dispatch(2, 3), dispatch(3, 4), dispatch(4, 5)];
    const { buffers, bufferOf } = assignBuffers(storages, commands);
    expect(buffers.map(({ role }) => role)).toEqual(['input', 'output']);
    expect(bufferOf).toEqual([0, 1, 0, 1, 0, 1]);
    expect(buffers[0]).toMatchObject({ firstUse: -1, lastUse: 4, values: ['x', 'b', 'd'] });
  });

  it('keeps what is there before and after a run apart from what is needed meanwhile', () => {
    const storages = [
      storage('x', 'input', 64),
      storage('a', 'scratch', 64),
      storage('y', 'output', 64),
      storage('z', 'output', 64),
    ];
    // The input is read once more at the end; z is written before y.
    const { bufferOf } = assignBuffers(storages, [dispatch(0, 1), dispatch(1, 3), dispatch(0, 2)]);
    expect(new Set([bufferOf[0], bufferOf[2], bufferOf[3]]).size).toBe(3);
    expect(bufferOf[1]).toBe(bufferOf[2]);
  });

  it('takes the least memory where sizes differ', () => {
    // Alive together: 100 + 16 at most; by first use alone 16, then 100, then 64 would be apart from the first.
    const storages = [16, 112, 64, 16].map((bytes, i) => storage(`v${i}`, 'scratch', bytes));
    const { buffers } = assignBuffers(storages, [dispatch(0, 1), dispatch(1, 3), dispatch(3, 2)]);
    expect(buffers.map(({ bytes }) => bytes).sort((a, b) => a - b)).toEqual([16, 112]);
  });

  it('lays values of overlapping lives side by side, where no command reads the one and writes the other', () => {
    // a and b are small and needed until the end; between them comes a value as large as both, and a little more.
    const sizes = [1024, 256, 256, 1024];
    const storages = sizes.map((bytes, i) => storage(`v${i}`, 'scratch', bytes));
    const { buffers, bufferOf } = assignBuffers(storages, [
      dispatch(0),
      dispatch(1),
      dispatch(2),
      dispatch(3),
      dispatch(1),
      dispatch(2),
    ]);
    expect(allocatedBytes(buffers)).toBe(1024 + 512);
    const [one, other] = [buffers[bufferOf[1] as number], buffers[bufferOf[2] as number]];
    expect([one?.part?.of, one?.part?.offset, other?.part?.offset].map((n) => typeof n)).toEqual(['number', 'number', 'number']);
    expect(one?.part?.of).toBe(other?.part?.of);
    expect(Math.abs((one?.part?.offset as number) - (other?.part?.offset as number))).toBe(256);
    // Touched together, one of them written, they must not be in one buffer.
    const apart = assignBuffers(storages, [dispatch(0), dispatch(1), dispatch(1, 2), dispatch(3), dispatch(1), dispatch(2)]);
    const whole = (i: number): number => apart.buffers[apart.bufferOf[i] as number]?.part?.of ?? (apart.bufferOf[i] as number);
    expect(whole(1)).not.toBe(whole(2));
  });

  it('keeps within the largest buffer that there may be', () => {
    const storages = [1024, 512, 512].map((bytes, i) => storage(`v${i}`, 'scratch', bytes));
    const commands = [dispatch(0), dispatch(1), dispatch(2), dispatch(1)];
    const most = (limit?: number): number =>
      Math.max(...assignBuffers(storages, commands, [], limit).buffers.map(({ bytes }) => bytes));
    expect(allocatedBytes(assignBuffers(storages, commands).buffers)).toBe(1024);
    expect(most(1024)).toBe(1024);
    const growing = [512, 512, 512].map((bytes, i) => storage(`v${i}`, 'scratch', bytes));
    expect(Math.max(...assignBuffers(growing, commands, [], 600).buffers.map(({ bytes }) => bytes))).toBe(512);
  });

  it('plans a very long chain in no time', () => {
    const count = 20_000;
    const storages = Array.from({ length: count }, (_, i) => storage(`v${i}`, 'scratch', 64));
    const commands = Array.from({ length: count - 1 }, (_, i) => dispatch(i, i + 1));
    expect(assignBuffers(storages, commands).buffers).toHaveLength(2);
  });

  it('rounds sizes up to whole vec4s and gives nothing less than one', () => {
    const { buffers } = assignBuffers([storage('a', 'input', 0), storage('b', 'input', 17)], []);
    expect(buffers.map(({ bytes }) => bytes)).toEqual([16, 32]);
  });

  it('never lets two values that are alive together share a buffer', () => {
    const node = fc.record({ bytes: fc.integer({ min: 4, max: 400 }), reads: fc.array(fc.nat(20), { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 20 }), (nodes) => {
        const roleOf = (i: number): Storage['role'] => (i === nodes.length - 1 ? 'output' : 'scratch');
        const storages = [storage('x', 'input', 4), ...nodes.map(({ bytes }, i) => storage(`v${i}`, roleOf(i), bytes))];
        const commands = nodes.map(({ reads }, i) => dispatch(...new Set(reads.map((r) => r % (i + 1))), i + 1));
        const { buffers, bufferOf } = assignBuffers(storages, commands);
        const uses = storages.map((_, s) => [
          ...(s === 0 ? [-1] : []),
          ...commands.flatMap((c, i) => (c.kind === 'dispatch' && c.buffers.includes(s) ? [i] : [])),
          ...(s === nodes.length ? [nodes.length] : []),
        ]);
        const placeOf = (index: number) => {
          const { bytes, part } = buffers[index]!;
          const whole = part ? (buffers[part.of]?.bytes as number) : bytes;
          expect((part?.offset ?? 0) % 256).toBe(0);
          expect((part?.offset ?? 0) + bytes).toBeLessThanOrEqual(whole);
          return { of: part?.of ?? index, offset: part?.offset ?? 0, bytes };
        };
        expect(allocatedBytes(buffers)).toBeGreaterThanOrEqual(Math.max(...liveBytes(storages, commands)));
        storages.forEach((a, i) => {
          expect(buffers[bufferOf[i] as number]?.bytes).toBeGreaterThanOrEqual(a.bytes);
          storages.forEach((_, j) => {
            const [one, other] = [placeOf(bufferOf[i] as number), placeOf(bufferOf[j] as number)];
            if (i >= j || one.of !== other.of) return;
            const [iUses, jUses] = [uses[i] as number[], uses[j] as number[]];
            const apart = Math.max(...iUses) < Math.min(...jUses) || Math.max(...jUses) < Math.min(...iUses);
            const beside = one.offset + one.bytes <= other.offset || other.offset + other.bytes <= one.offset;
            expect(apart || beside, `v${i} and v${j} overlap`).toBe(true);
            const together = iUses.some((use) => jUses.includes(use) && use >= 0 && use < commands.length);
            expect(together, `v${i} and v${j} are touched together`).toBe(false);
          });
        });
      }),
      { numRuns: 200, seed: 2 },
    );
  });
});
