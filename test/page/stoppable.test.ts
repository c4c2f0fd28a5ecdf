import { expect, it } from 'vitest';
import { Stoppable } from '../../bench/page/stoppable.js';

/** Work that ends when it is told to. */
const held = <T>(value: T) => {
  let begun = false;
  let end = (): void => undefined;
  const work = (): Promise<T> => {
    begun = true;
    return new Promise((resolve) => {
      end = () => resolve(value);
    });
  };
  return { work, end: () => end(), begun: () => begun };
};
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const never = new AbortController().signal;

it('gives what the work gives', async () => {
  const gpu = new Stoppable();
  expect(await gpu.run(async () => 3, never)).toBe(3);
  await expect(gpu.run(() => Promise.reject(new Error('broken')), never)).rejects.toThrow('broken');
  expect(await gpu.run(async () => 4, never)).toBe(4);
});

it('rejects at once when it is stopped, and begins the next when the last has come to its end', async () => {
  const gpu = new Stoppable();
  const stop = new AbortController();
  const [first, second] = [held(1), held(2)];
  const running = gpu.run(first.work, stop.signal);
  await settled();
  expect(first.begun()).toBe(true);
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: 'aborted' });
  const next = gpu.run(second.work, never);
  await settled();
  expect(second.begun()).toBe(false);
  first.end();
  await settled();
  expect(second.begun()).toBe(true);
  second.end();
  expect(await next).toBe(2);
});

it('does not begin what was stopped while it waited', async () => {
  const gpu = new Stoppable();
  const stop = new AbortController();
  const [first, second] = [held(1), held(2)];
  const running = gpu.run(first.work, never);
  const waiting = gpu.run(second.work, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
  await settled();
  first.end();
  expect(await running).toBe(1);
  await settled();
  expect(second.begun()).toBe(false);
});
