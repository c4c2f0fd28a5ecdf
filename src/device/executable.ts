import { throwIfAborted, TilewiseError } from '../errors.js';
import type { Command, Plan, PlanBuffer, PlanTensor } from '../plan/plan.js';
import { fromDeviceWords, toDeviceWords } from '../tensor/convert.js';
import { sizeOf } from '../tensor/shape.js';
import { Tensor, type TensorLocation } from '../tensor/tensor.js';
import type { Device } from './device.js';
import { type BufferRange, plainAllocator, type RangeAllocator } from './memory.js';
import type { CompiledPipeline } from './pipelines.js';
import { StagingPool } from './staging.js';
import { BufferUsage } from './usage.js';

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
  readonly #ranges: readonly BufferRange[];
  readonly #params: GPUBuffer | undefined;
  readonly #steps: readonly Encodable[];
  readonly #staging: StagingPool;
  #disposed = false;

  private constructor(
    plan: Plan,
    device: Device,
    ranges: readonly BufferRange[],
    params: GPUBuffer | undefined,
    steps: readonly Encodable[],
  ) {
    this.plan = plan;
    this.#device = device;
    this.#ranges = ranges;
    this.#params = params;
    this.#steps = steps;
    this.#staging = new StagingPool(device);
  }

  /** Allocates, uploads and compiles. Nothing is left on the device when it rejects. */
  static async load(plan: Plan, device: Device, allocate: RangeAllocator = plainAllocator): Promise<Executable> {
    device.throwFailure();
    const compiling = Promise.all(plan.pipelines.map((pipeline) => device.pipelines.get(pipeline)));
    compiling.catch(() => undefined);
    const owned: GPUBuffer[] = [];
    try {
      const { ranges, params } = await device.guarded('allocating the model', () => {
        const ranges = plan.buffers.map((buffer) => allocateBuffer(device, buffer, allocate, owned));
        return { ranges, params: uploadParams(device, plan.commands, owned) };
      });
      const pipelines = await device.wait(compiling);
      const steps = await device.guarded('binding the model', () => encodables(device, plan, pipelines, ranges, params));
      return new Executable(plan, device, ranges, params, steps);
    } catch (error) {
      for (const buffer of owned) buffer.destroy();
      throw error;
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
      ? this.#keepOnDevice(encoder, outputs)
      : await this.#readBack(encoder, outputs, options.signal);
  }

  /** Frees the memory of this plan; weights stay for other plans of the device until they are collected. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#params?.destroy();
    this.plan.buffers.forEach((buffer, i) => buffer.role !== 'weight' && this.#ranges[i]?.buffer.destroy());
    this.#staging.dispose();
  }

  #writeInput(encoder: GPUCommandEncoder, { name, dtype, shape, buffer }: PlanTensor, tensor: Tensor): void {
    const range = this.#ranges[buffer] as BufferRange;
    const bytes = 4 * sizeOf(shape);
    if (bytes === 0) return;
    if (tensor.location === 'gpu') encoder.copyBufferToBuffer(tensor.gpuBuffer, 0, range.buffer, range.offset, bytes);
    else this.#device.gpu.queue.writeBuffer(range.buffer, range.offset, toDeviceWords(dtype, tensor.data, name) as BufferSource);
  }

  #keepOnDevice(encoder: GPUCommandEncoder, outputs: readonly PlanTensor[]): Map<string, Tensor> {
    const { gpu } = this.#device;
    const tensors = new Map<string, Tensor>();
    for (const { name, dtype, shape, buffer } of outputs) {
      const bytes = 4 * sizeOf(shape);
      const range = this.#ranges[buffer] as BufferRange;
      const copy = gpu.createBuffer({
        label: name,
        size: Math.max(16, bytes),
        usage: BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST,
      });
      if (bytes > 0) encoder.copyBufferToBuffer(range.buffer, range.offset, copy, 0, bytes);
      tensors.set(name, this.#deviceTensor(dtype, shape, copy, bytes));
    }
    gpu.queue.submit([encoder.finish()]);
    return tensors;
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
        const range = this.#ranges[buffer] as BufferRange;
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

const allocateBuffer = (device: Device, buffer: PlanBuffer, allocate: RangeAllocator, owned: GPUBuffer[]): BufferRange => {
  const label = buffer.values[0] ?? buffer.role;
  if (!buffer.words) {
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    const range = allocate(device.gpu, label, buffer.bytes, usage);
    owned.push(range.buffer);
    return range;
  }
  let weights = device.weights.get(buffer.words);
  if (!weights) {
    weights = device.gpu.createBuffer({
      label,
      size: buffer.bytes,
      usage: BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST,
    });
    device.gpu.queue.writeBuffer(weights, 0, buffer.words as BufferSource);
    device.weights.set(buffer.words, weights);
  }
  return { buffer: weights, offset: 0, bytes: buffer.bytes };
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
  ranges: readonly BufferRange[],
  params: GPUBuffer | undefined,
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
