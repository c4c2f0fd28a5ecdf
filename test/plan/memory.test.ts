import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignBuffers, type Storage } from '../../src/plan/memory.js';
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
    expect(buffers.filter(({ role }) => role === 'scratch')).toHaveLength(2);
    expect(bufferOf[1]).toBe(bufferOf[3]);
    expect(bufferOf[2]).toBe(bufferOf[4]);
  });

  it('rounds sizes up to whole vec4s and gives nothing less than one', () => {
    const { buffers } = assignBuffers([storage('a', 'input', 0), storage('b', 'input', 17)], []);
    expect(buffers.map(({ bytes }) => bytes)).toEqual([16, 32]);
  });

  it('never lets two values that are alive together share a buffer', () => {
    const node = fc.record({ bytes: fc.integer({ min: 4, max: 400 }), reads: fc.array(fc.nat(20), { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 20 }), (nodes) => {
        const storages = [storage('x', 'input', 4), ...nodes.map(({ bytes }, i) => storage(`v${i}`, 'scratch', bytes))];
        const commands = nodes.map(({ reads }, i) => dispatch(...new Set(reads.map((r) => r % (i + 1))), i + 1));
        const { buffers, bufferOf } = assignBuffers(storages, commands);
        const uses = storages.map((_, s) =>
          commands.flatMap((c, i) => (c.kind === 'dispatch' && c.buffers.includes(s) ? [i] : [])),
        );
        storages.forEach((a, i) => {
          expect(buffers[bufferOf[i] as number]?.bytes).toBeGreaterThanOrEqual(a.bytes);
          storages.forEach((_, j) => {
            if (i >= j || bufferOf[i] !== bufferOf[j]) return;
            const [iUses, jUses] = [uses[i] as number[], uses[j] as number[]];
            const apart = Math.max(...iUses) < Math.min(...jUses) || Math.max(...jUses) < Math.min(...iUses);
            expect(apart, `v${i} and v${j} overlap`).toBe(true);
          });
        });
      }),
      { numRuns: 200, seed: 2 },
    );
  });
});
