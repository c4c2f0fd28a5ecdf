// Loaded from the start, so that no first run waits for it.
import '../src/device/submits.js';

/** A submit is to take no longer: the GPU that works for a benchmark also draws the screen. */
export const MAX_SUBMIT_MS = 100;

/** Milliseconds of the longest submit while `run` is at work, in which nothing else submits. It costs: not for what is timed. */
export const longestSubmit = async ({ queue }: GPUDevice, run: () => Promise<unknown>): Promise<number> => {
  const submit = queue.submit.bind(queue);
  const spans: Promise<readonly [begun: number, done: number]>[] = [];
  queue.submit = (commands) => {
    const begun = performance.now();
    submit(commands);
    spans.push(queue.onSubmittedWorkDone().then(() => [begun, performance.now()]));
  };
  try {
    await run();
  } finally {
    queue.submit = submit;
  }
  let longest = 0;
  let free = 0;
  for (const [begun, done] of await Promise.all(spans)) {
    longest = Math.max(longest, done - Math.max(begun, free));
    free = done;
  }
  return longest;
};
