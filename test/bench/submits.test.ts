import { afterEach, expect, it, vi } from 'vitest';
import { longestSubmit } from '../../bench/submits.js';

/** A queue whose submits take so many milliseconds of a clock that only they move, one after the other. */
const queueOf = (ms: readonly number[]) => {
  let clock = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  let busy: Promise<void> = Promise.resolve();
  const submitted: unknown[] = [];
  const queue = {
    submit: (commands: unknown) => {
      const wait = ms[submitted.push(commands) - 1] as number;
      busy = busy.then(() => {
        clock += wait;
      });
    },
    onSubmittedWorkDone: () => busy,
  };
  return { gpu: { queue } as unknown as GPUDevice, submitted };
};

afterEach(() => {
  vi.restoreAllMocks();
});

it('finds the longest of submits that wait for each other, and puts the queue back', async () => {
  const { gpu, submitted } = queueOf([30, 150, 40]);
  const longest = await longestSubmit(gpu, async () => {
    for (let i = 0; i < 3; i++) gpu.queue.submit([]);
  });
  expect(longest).toBe(150);
  expect(submitted).toHaveLength(3);
});

it('says 0 where nothing is submitted, and passes errors on', async () => {
  const { gpu } = queueOf([]);
  expect(await longestSubmit(gpu, async () => undefined)).toBe(0);
  await expect(longestSubmit(gpu, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});
