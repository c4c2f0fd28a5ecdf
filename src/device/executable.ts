import { TilewiseError, throwIfAborted } from '../errors.js';
import type { Command, Plan, PlanBuffer, PlanTensor } from '../plan/plan.js';
import { fromDeviceWords, toDeviceWords } from '../tensor/convert.js';
import { sizeOf } from '../tensor/shape.js';
import { Tensor, type TensorLocation } from '../tensor/tensor.js';
import { type Device, typedError } from './device.js';
import { type BufferRange, plainAllocator, type RangeAllocator } from './memory.js';
import type { CompiledPipeline } from './pipelines.js';
import { StagingPool } from './staging.js';
import { BufferUsage } from './usage.js';
import type { Weights } from './weights.js';

export interface RunOptions {
  /** Where the outputs are left; 'cpu' where absent. */
  readonly outputLocation?: TensorLocation;
  readonly signal?: AbortSignal;
}

/** A command with everything the encoder needs at hand. */
type Encodable = (encoder: GPUCommandEncoder, pass: PassHolder) => void;

/** A plan on a device: memory allocated, weights uploaded, pipelines compiled, bind groups made. */
export class Executable {
  readonly plan: Plan;
  readonly #device: Device;
  readonly #memory: PlanMemory;
  readonly #steps: readonly Encodable[];
  readonly #staging: StagingPool;
  #disposed = false;

  private constructor(plan: Plan, device: Device, memory: PlanMemory, steps: readonly Encodable[]) {
    this.plan = plan;
    this.#device = device;
    this.#memory = memory;
    this.#steps = steps;
    this.#staging = new StagingPool(device);
  }

  /** Allocates, uploads and compiles. Nothing is left on the device when it rejects. */
  static async load(plan: Plan, device: Device, allocate: RangeAllocator = plainAllocator): Promise<Executable> {
    device.throwFailure();
    const compiling = Promise.all(plan.pipelines.map((pipeline) => device.pipelines.get(pipeline)));
    compiling.catch(() => undefined);
    const memory = await allocateTwice(plan, device, allocate);
    try {
      const pipelines = await device.wait(compiling);
      const steps = await device.guarded('binding the model', () => encodables(device, plan, pipelines, memory));
      return new Executable(plan, device, memory, steps);
    } catch (error) {
      freeMemory(device, memory);
      throw typedError('loading the model', error);
    }
  }

  /**
   * Runs once: one submit. Runs may overlap: the queue keeps them in order, and each reads back through memory of its
   * own. Inputs must fit the plan (the session checks them).
   */
  async run(
    inputs: ReadonlyMap<string, Tensor>,
    fetches: readonly string[],
    options: RunOptions = {},
  ): Promise<Map<string, Tensor>> {
    if (this.#disposed) throw new TilewiseError('disposed', 'the session was released');
    this.#device.throwFailure();
    throwIfAborted(options.signal);
    const { gpu } = this.#device;
    const encoder = gpu.createCommandEncoder();
    for (const input of this.plan.inputs) this.#writeInput(encoder, input, inputs.get(input.name) as Tensor);
    const pass = new PassHolder(encoder);
    for (const step of this.#steps) step(encoder, pass);
    pass.end();
    const outputs = this.plan.outputs.filter((output) => fetches.includes(output.name));
    return options.outputLocation === 'gpu'
      ? await this.#keepOnDevice(encoder, outputs)
      : await this.#readBack(encoder, outputs, options.signal);
  }

  /** Frees the memory of this plan; weights stay while other plans use them. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    freeMemory(this.#device, this.#memory);
    this.#staging.dispose();
  }

  #writeInput(encoder: GPUCommandEncoder, { name, dtype, shape, buffer }: PlanTensor, tensor: Tensor): void {
    const range = this.#memory.ranges[buffer] as BufferRange;
    const bytes = 4 * sizeOf(shape);
    if (bytes === 0) return;
    if (tensor.location === 'gpu') encoder.copyBufferToBuffer(tensor.gpuBuffer, 0, range.buffer, range.offset, bytes);
    else this.#device.gpu.queue.writeBuffer(range.buffer, range.offset, toDeviceWords(dtype, tensor.data, name) as BufferSource);
  }

  async #keepOnDevice(encoder: GPUCommandEncoder, outputs: readonly PlanTensor[]): Promise<Map<string, Tensor>> {
    const { gpu } = this.#device;
    const copies: GPUBuffer[] = [];
    const copyOut = ({ name, shape, buffer }: PlanTensor): void => {
      const bytes = 4 * sizeOf(shape);
      const range = this.#memory.ranges[buffer] as BufferRange;
      const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
      const copy = gpu.createBuffer({ label: name, size: Math.max(16, bytes), usage });
      copies.push(copy);
      if (bytes > 0) encoder.copyBufferToBuffer(range.buffer, range.offset, copy, 0, bytes);
    };
    try {
      await this.#device.guarded('running the model', () => {
        for (const output of outputs) copyOut(output);
        gpu.queue.submit([encoder.finish()]);
      });
    } catch (error) {
      for (const copy of copies) copy.destroy();
      throw error;
    }
    return new Map(
      outputs.map(({ name, dtype, shape }, i) => [
        name,
        this.#deviceTensor(dtype, shape, copies[i] as GPUBuffer, 4 * sizeOf(shape)),
      ]),
    );
  }

  #deviceTensor(dtype: PlanTensor['dtype'], shape: readonly number[], buffer: GPUBuffer, bytes: number): Tensor {
    const read = async () => {
      const encoder = this.#device.gpu.createCommandEncoder();
      const words = await this.#staging.read(encoder, [{ buffer, offset: 0, bytes }]);
      return fromDeviceWords(dtype, words[0] as ArrayBuffer, sizeOf(shape));
    };
    return Tensor.fromDevice(dtype, shape, { buffer, read, release: () => buffer.destroy() });
  }

  async #readBack(
    encoder: GPUCommandEncoder,
    outputs: readonly PlanTensor[],
    signal?: AbortSignal,
  ): Promise<Map<string, Tensor>> {
    const words = await this.#staging.read(
      encoder,
      outputs.map(({ shape, buffer }) => {
        const range = this.#memory.ranges[buffer] as BufferRange;
        return { buffer: range.buffer, offset: range.offset, bytes: 4 * sizeOf(shape) };
      }),
    );
    throwIfAborted(signal);
    return new Map(
      outputs.map(({ name, dtype, shape }, i) => [
        name,
        new Tensor(dtype, fromDeviceWords(dtype, words[i] as ArrayBuffer, sizeOf(shape)), shape),
      ]),
    );
  }
}

/** The compute pass of an encoder, begun when a dispatch needs it and ended when a copy does. */
class PassHolder {
  readonly #encoder: GPUCommandEncoder;
  #pass: GPUComputePassEncoder | undefined;

  constructor(encoder: GPUCommandEncoder) {
    this.#encoder = encoder;
  }

  get open(): GPUComputePassEncoder {
    return (this.#pass ??= this.#encoder.beginComputePass());
  }

  end(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }
}

/** What a plan has allocated on a device. */
interface PlanMemory {
  /** For each buffer of the plan. */
  readonly ranges: BufferRange[];
  readonly owned: GPUBuffer[];
  readonly weights: Weights[];
  params: GPUBuffer | undefined;
}

/** Out of memory, it waits for what other sessions have freed, and tries once more. Nothing is left when it rejects. */
const allocateTwice = async (plan: Plan, device: Device, allocate: RangeAllocator): Promise<PlanMemory> => {
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

const freeMemory = (device: Device, { owned, weights }: PlanMemory): void => {
  for (const buffer of owned) buffer.destroy();
  for (const one of weights) device.weights.release(one);
};

const allocateBuffer = (device: Device, buffer: PlanBuffer, allocate: RangeAllocator, memory: PlanMemory): BufferRange => {
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
const paramsOffset = (slot: number): number => slot * UNIFORM_ALIGNMENT;

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

const encodables = (
  device: Device,
  plan: Plan,
  pipelines: readonly CompiledPipeline[],
  { ranges, params }: PlanMemory,
): Encodable[] => {
  let slot = 0;
  return plan.commands.map((command): Encodable => {
    if (command.kind === 'copy') {
      const from = ranges[command.from] as BufferRange;
      const to = ranges[command.to] as BufferRange;
      return (encoder, pass) => {
        pass.end();
        encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, command.bytes);
      };
    }
    if (command.kind === 'clear') {
      const { buffer, offset } = ranges[command.buffer] as BufferRange;
      return (encoder, pass) => {
        pass.end();
        encoder.clearBuffer(buffer, offset, command.bytes);
      };
    }
    const { pipeline, layout } = pipelines[command.pipeline] as CompiledPipeline;
    const uniform: GPUBufferBinding = {
      buffer: params as GPUBuffer,
      offset: paramsOffset(slot++),
      size: Math.max(16, command.params.byteLength),
    };
    const storage = command.buffers.map((index): GPUBufferBinding => {
      const { buffer, offset, bytes } = ranges[index] as BufferRange;
      return { buffer, offset, size: bytes };
    });
    let next = 0;
    const entries = (plan.pipelines[command.pipeline] as Plan['pipelines'][number]).bindings.map(({ index, type }) => ({
      binding: index,
      resource: type === 'uniform' ? uniform : (storage[next++] as GPUBufferBinding),
    }));
    const group = device.gpu.createBindGroup({ label: command.node, layout, entries });
    const [x, y, z] = command.workgroups;
    return (_, pass) => {
      pass.open.setPipeline(pipeline);
      pass.open.setBindGroup(0, group);
      pass.open.dispatchWorkgroups(x, y, z);
    };
  });
};
