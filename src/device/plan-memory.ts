import { TilewiseError } from '../errors.js';
import type { Command, Plan, PlanBuffer } from '../plan/plan.js';
import type { Device } from './device.js';
import type { BufferRange, RangeAllocator } from './memory.js';
import { BufferUsage } from './usage.js';
import type { Weights } from './weights.js';

/** What a plan has allocated on a device. */
export interface PlanMemory {
  /** For each buffer of the plan. */
  readonly ranges: BufferRange[];
  readonly owned: GPUBuffer[];
  readonly weights: Weights[];
  params: GPUBuffer | undefined;
}

/** Out of memory, it waits for what other sessions have freed, and tries once more. Nothing is left when it rejects. */
export const allocatePlan = async (plan: Plan, device: Device, allocate: RangeAllocator): Promise<PlanMemory> => {
  try {
    return await allocateAll(plan, device, allocate);
  } catch (error) {
    if (!(error instanceof TilewiseError) || error.code !== 'limit-exceeded') throw error;
    await device.wait(device.gpu.queue.onSubmittedWorkDone());
    return await allocateAll(plan, device, allocate);
  }
};

const allocateAll = async (plan: Plan, device: Device, allocate: RangeAllocator): Promise<PlanMemory> => {
  const memory: PlanMemory = { ranges: [], owned: [], weights: [], params: undefined };
  try {
    return await device.guarded('allocating the model', () => {
      for (const buffer of plan.buffers) memory.ranges.push(allocateBuffer(device, buffer, allocate, memory));
      memory.params = uploadParams(device, plan.commands, memory.owned);
      return memory;
    });
  } catch (error) {
    for (const weights of memory.weights) device.weights.forget(weights);
    freeMemory(device, memory);
    throw error;
  }
};

export const freeMemory = (device: Device, { owned, weights }: PlanMemory): void => {
  for (const buffer of owned) buffer.destroy();
  for (const one of weights) device.weights.release(one);
};

const allocateBuffer = (device: Device, buffer: PlanBuffer, allocate: RangeAllocator, memory: PlanMemory): BufferRange => {
  if (buffer.part) {
    const whole = memory.ranges[buffer.part.of] as BufferRange;
    return { buffer: whole.buffer, offset: whole.offset + buffer.part.offset, bytes: buffer.bytes };
  }
  const label = buffer.values[0] ?? buffer.role;
  if (buffer.words) {
    const weights = device.weights.acquire(buffer.words, label, buffer.bytes);
    memory.weights.push(weights);
    return { buffer: weights.buffer, offset: 0, bytes: buffer.bytes };
  }
  const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
  const range = allocate(device.gpu, label, buffer.bytes, usage);
  memory.owned.push(range.buffer);
  return range;
};

/** Uniform bindings must start at multiples of this. */
const UNIFORM_ALIGNMENT = 256;
export const paramsOffset = (slot: number): number => slot * UNIFORM_ALIGNMENT;

/** One buffer with the Params of every dispatch, in the order of the dispatches. */
const uploadParams = (device: Device, commands: readonly Command[], owned: GPUBuffer[]): GPUBuffer | undefined => {
  const dispatches = commands.filter((command) => command.kind === 'dispatch');
  if (dispatches.length === 0) return undefined;
  const bytes = new Uint8Array(paramsOffset(dispatches.length));
  dispatches.forEach(({ params }, slot) => bytes.set(params, paramsOffset(slot)));
  const buffer = device.gpu.createBuffer({
    label: 'params',
    size: bytes.byteLength,
    usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST,
  });
  owned.push(buffer);
  device.gpu.queue.writeBuffer(buffer, 0, bytes);
  return buffer;
};
