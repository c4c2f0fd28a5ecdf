/** What a piece of code asked of a device. */
export interface Observation {
  submits: number;
  bindGroups: number;
  /** `performance.now()` when the last submit was called. */
  submittedAt: number;
}

/** Counts calls on a device until `stop` puts its own methods back. */
export const observe = (gpu: GPUDevice): Observation & { stop(): void } => {
  const { queue } = gpu;
  const createBindGroup = gpu.createBindGroup.bind(gpu);
  const submit = queue.submit.bind(queue);
  const seen = { submits: 0, bindGroups: 0, submittedAt: 0 };
  gpu.createBindGroup = (descriptor) => {
    seen.bindGroups++;
    return createBindGroup(descriptor);
  };
  queue.submit = (commands) => {
    seen.submits++;
    seen.submittedAt = performance.now();
    return submit(commands);
  };
  const stop = (): void => {
    gpu.createBindGroup = createBindGroup;
    queue.submit = submit;
  };
  return Object.assign(seen, { stop });
};
