import { TilewiseError, throwIfAborted } from '../errors.js';
import type { Plan, PlanTensor } from '../plan/plan.js';
import { fromDeviceWords, toDeviceWords } from '../tensor/convert.js';
import type { TypedArray } from '../tensor/dtype.js';
import { deviceWords, packBytes, unpackBytes } from '../tensor/layout.js';
import { sizeOf } from '../tensor/shape.js';
import { Tensor, type TensorLocation } from '../tensor/tensor.js';
import { type Device, typedError } from './device.js';
import { type BufferRange, plainAllocator, type RangeAllocator } from './memory.js';
import { PassHolder } from './pass-holder.js';
import type { CompiledPipeline } from './pipelines.js';
import { allocatePlan, freeMemory, type PlanMemory, paramsOffset } from './plan-memory.js';
import { StagingPool } from './staging.js';
import type { Submits } from './submits.js';
import { BufferUsage } from './usage.js';

export interface RunOptions {
  /** Where the outputs are left; 'cpu' where absent. */
  readonly outputLocation?: TensorLocation;
  readonly signal?: AbortSignal;
  /**
   * No submit is to keep the GPU longer than so many milliseconds, as far as earlier runs tell: a run is cut between its
   * kernels then. Without it a run is one submit.
   */
  readonly maxSubmitMs?: number;
}

/** What else a stage of a longer run may ask for. */
export interface StageOptions extends RunOptions {
  /** Outputs that stay on the device whatever `outputLocation` says. */
  readonly keep?: ReadonlySet<string>;
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
  #running = 0;
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
    const memory = await allocatePlan(plan, device, allocate);
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
   * Runs once: one submit. Runs may overlap: the device takes a few at a time, in order, and each reads back through
   * memory of its own. Inputs must fit the plan (the session checks them), and stay as they are until the run is done.
   */
  async run(
    inputs: ReadonlyMap<string, Tensor>,
    fetches: readonly string[],
    options: StageOptions = {},
  ): Promise<Map<string, Tensor>> {
    if (this.#disposed) throw new TilewiseError('disposed', 'the session was released');
    this.#running++;
    try {
      const { maxSubmitMs, signal } = options;
      // Fetched by whoever asks for it.
      const load = maxSubmitMs === undefined ? undefined : import('./submits.js');
      const submits = (await load)?.submitsOf(this.#steps, this.#device, maxSubmitMs as number);
      const runNow = () => this.#runNow(inputs, fetches, options, submits);
      return await this.#device.inFlight.run(submits ? () => submits.run(runNow) : runNow, signal);
    } finally {
      if (--this.#running === 0 && this.#disposed) this.#free();
    }
  }

  async #runNow(
    inputs: ReadonlyMap<string, Tensor>,
    fetches: readonly string[],
    options: StageOptions,
    submits: Submits | undefined,
  ): Promise<Map<string, Tensor>> {
    this.#device.throwFailure();
    throwIfAborted(options.signal);
    const { gpu } = this.#device;
    let encoder = gpu.createCommandEncoder();
    this.writeInputs(encoder, inputs);
    if (submits) encoder = submits.encode(encoder, this.#steps);
    else {
      const pass = new PassHolder(encoder);
      for (const step of this.#steps) step(encoder, pass);
      pass.end();
    }
    const outputs = this.plan.outputs.filter((output) => fetches.includes(output.name));
    const stays = ({ name }: PlanTensor): boolean => options.outputLocation === 'gpu' || (options.keep?.has(name) ?? false);
    const kept = outputs.filter(stays);
    if (kept.length === outputs.length) return await this.#keepOnDevice(encoder, outputs, true);
    // Nothing may be awaited before the submit: another run would write its inputs over those of this one.
    const keeping = kept.length > 0 ? this.#keepOnDevice(encoder, kept, false) : new Map<string, Tensor>();
    const reading = this.#readBack(
      encoder,
      outputs.filter((output) => !stays(output)),
      options.signal,
    );
    const [onDevice, onHost] = await Promise.allSettled([keeping, reading]);
    if (onDevice.status === 'rejected') throw onDevice.reason;
    if (onHost.status === 'fulfilled') return new Map([...onDevice.value, ...onHost.value]);
    for (const tensor of onDevice.value.values()) tensor.dispose();
    throw onHost.reason;
  }

  /** Writes the inputs of a run that is encoded command by command, for whoever measures it (see `timed-run.ts`). */
  writeInputs(encoder: GPUCommandEncoder, inputs: ReadonlyMap<string, Tensor>): void {
    for (const input of this.plan.inputs) this.#writeInput(encoder, input, inputs.get(input.name) as Tensor);
  }

  /** Encodes one command of the plan. */
  encodeCommand(index: number, encoder: GPUCommandEncoder, pass: PassHolder): void {
    this.#steps[index]?.(encoder, pass);
  }

  /** Frees the memory of this plan once the runs that have begun are done; weights stay while other plans use them. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#running === 0) this.#free();
  }

  #free(): void {
    freeMemory(this.#device, this.#memory);
    this.#staging.dispose();
  }

  #writeInput(encoder: GPUCommandEncoder, input: PlanTensor, tensor: Tensor): void {
    const range = this.#memory.ranges[input.buffer] as BufferRange;
    const bytes = bytesOf(input);
    if (bytes === 0) return;
    if (tensor.location === 'gpu') encoder.copyBufferToBuffer(tensor.gpuBuffer, 0, range.buffer, range.offset, bytes);
    else this.#device.gpu.queue.writeBuffer(range.buffer, range.offset, wordsOf(input, tensor) as BufferSource);
  }

  /** Copies outputs to memory of their own; `submits` where nothing else is to follow. */
  async #keepOnDevice(
    encoder: GPUCommandEncoder,
    outputs: readonly PlanTensor[],
    submits: boolean,
  ): Promise<Map<string, Tensor>> {
    const { gpu } = this.#device;
    const copies: GPUBuffer[] = [];
    const copyOut = (output: PlanTensor): void => {
      const { name, buffer } = output;
      const bytes = bytesOf(output);
      const range = this.#memory.ranges[buffer] as BufferRange;
      const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
      const copy = gpu.createBuffer({ label: name, size: Math.max(16, bytes), usage });
      copies.push(copy);
      if (bytes > 0) encoder.copyBufferToBuffer(range.buffer, range.offset, copy, 0, bytes);
    };
    try {
      await this.#device.guarded('running the model', () => {
        for (const output of outputs) copyOut(output);
        if (submits) gpu.queue.submit([encoder.finish()]);
      });
    } catch (error) {
      for (const copy of copies) copy.destroy();
      throw error;
    }
    return new Map(outputs.map((output, i) => [output.name, this.#deviceTensor(output, copies[i] as GPUBuffer)]));
  }

  #deviceTensor(output: PlanTensor, buffer: GPUBuffer): Tensor {
    const read = async () => {
      const encoder = this.#device.gpu.createCommandEncoder();
      const words = await this.#staging.read(encoder, [{ buffer, offset: 0, bytes: bytesOf(output) }]);
      return hostData(output, words[0] as ArrayBuffer);
    };
    return Tensor.fromDevice(output.dtype, output.shape, { buffer, read, release: () => buffer.destroy() });
  }

  async #readBack(
    encoder: GPUCommandEncoder,
    outputs: readonly PlanTensor[],
    signal?: AbortSignal,
  ): Promise<Map<string, Tensor>> {
    const words = await this.#staging.read(
      encoder,
      outputs.map((output) => {
        const range = this.#memory.ranges[output.buffer] as BufferRange;
        return { buffer: range.buffer, offset: range.offset, bytes: bytesOf(output) };
      }),
    );
    throwIfAborted(signal);
    return new Map(
      outputs.map((output, i) => {
        const { name, dtype, shape } = output;
        return [name, new Tensor(dtype, hostData(output, words[i] as ArrayBuffer), shape)];
      }),
    );
  }
}

/** What a tensor at the border of a plan takes on the device. */
const bytesOf = ({ shape, packed }: PlanTensor): number => 4 * deviceWords(shape, packed);

const wordsOf = ({ name, dtype, shape, packed }: PlanTensor, { data }: Tensor): TypedArray =>
  packed ? packBytes(data as Uint8Array, shape) : toDeviceWords(dtype, data, name);

const hostData = ({ dtype, shape, packed }: PlanTensor, words: ArrayBuffer): TypedArray =>
  packed ? unpackBytes(dtype, words, shape) : fromDeviceWords(dtype, words, sizeOf(shape));

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
    return (_, pass) => pass.dispatch(pipeline, group, x, y, z);
  });
};
