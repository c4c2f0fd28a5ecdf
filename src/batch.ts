import type { Device } from './device/device.js';
import { allocateTensor } from './device/device-tensor.js';
import { TilewiseError } from './errors.js';
import { type Graph, valueNamed } from './graph/graph.js';
import { rebatch } from './passes/rebatch.js';
import { arrayOf, type TypedArray } from './tensor/dtype.js';
import { sizeOf } from './tensor/shape.js';
import { Tensor } from './tensor/tensor.js';

export type Tensors = ReadonlyMap<string, Tensor>;

/**
 * Throws `unsupported-model`, with the node's name, where the samples of a batch would see each other, or where this
 * cannot be told.
 */
export const checkSamples = (graph: Graph): void => void rebatch(graph);

/** A batch that is too large for the device. */
export interface LargeBatch {
  readonly graph: Graph;
  readonly device: Device;
  readonly inputs: Tensors;
  readonly run: (inputs: Tensors) => Promise<Tensors>;
  /** How many samples to run at a time, by what names the shapes of the inputs. */
  readonly sizes: Map<string, number>;
  readonly key: string;
  /** Why it could not be run at once, where that was tried. */
  readonly failure: unknown;
}

/** Halves the batch until the device can hold the parts. Rejects with the failure where that does not help. */
export const runInParts = async ({ graph, device, inputs, run, sizes, key, failure }: LargeBatch): Promise<Tensors> => {
  const batch = SplitBatch.of(graph, device, inputs);
  if (!batch || !(sizes.has(key) || areSeparate(graph))) throw failure;
  let size = sizes.get(key) ?? Math.ceil(batch.samples / 2);
  for (;;) {
    try {
      const outputs = await batch.run(size, run);
      sizes.set(key, size);
      return outputs;
    } catch (error) {
      if (!(error instanceof TilewiseError) || error.code !== 'limit-exceeded' || size === 1) throw error;
      size = Math.ceil(size / 2);
    }
  }
};

const areSeparate = (graph: Graph): boolean => {
  try {
    checkSamples(graph);
    return true;
  } catch {
    return false;
  }
};

/** A batch that is too large for the device, in parts that are not. */
class SplitBatch {
  readonly #device: Device;
  readonly #inputs: Tensors;
  readonly #split: ReadonlySet<string>;
  readonly samples: number;

  private constructor(device: Device, inputs: Tensors, split: ReadonlySet<string>, samples: number) {
    this.#device = device;
    this.#inputs = inputs;
    this.#split = split;
    this.samples = samples;
  }

  /** Undefined where there is one sample, or where inputs differ in how many they have. */
  static of(graph: Graph, device: Device, inputs: Tensors): SplitBatch | undefined {
    const batched = graph.inputs.filter((name) => typeof valueNamed(graph, name).shape?.[0] === 'string');
    const extents = new Set(batched.map((name) => inputs.get(name)?.dims[0] ?? 0));
    const [samples = 0] = extents;
    return extents.size === 1 && samples > 1 ? new SplitBatch(device, inputs, new Set(batched), samples) : undefined;
  }

  /** Runs parts of at most `size` samples, and joins what they give along the first axis. */
  async run(size: number, run: (inputs: Tensors) => Promise<Tensors>): Promise<Map<string, Tensor>> {
    const starts = Array.from({ length: Math.ceil(this.samples / size) }, (_, i) => i * size);
    const parts = await settled(starts.map((start) => this.#runPart(start, Math.min(size, this.samples - start), run)));
    const names = [...(parts[0] as Tensors).keys()];
    return new Map(
      await settled(names.map(async (name) => [name, await this.#join(parts.map((part) => part.get(name) as Tensor))] as const)),
    );
  }

  async #runPart(start: number, samples: number, run: (inputs: Tensors) => Promise<Tensors>): Promise<Tensors> {
    const made: Tensor[] = [];
    try {
      const inputs = new Map<string, Tensor>();
      for (const [name, tensor] of this.#inputs) {
        const part = this.#split.has(name) ? this.#part(tensor, start, samples) : tensor;
        if (part.location === 'gpu' && part !== tensor) made.push(part);
        inputs.set(name, part);
      }
      return await run(inputs);
    } finally {
      for (const tensor of made) tensor.dispose();
    }
  }

  #part(tensor: Tensor, start: number, samples: number): Tensor {
    const dims = [samples, ...tensor.dims.slice(1)];
    const each = sizeOf(tensor.dims.slice(1));
    if (tensor.location === 'cpu') {
      return new Tensor(tensor.type, tensor.data.subarray(start * each, (start + samples) * each) as TypedArray, dims);
    }
    const part = allocateTensor(this.#device, 'batch', tensor.type, dims);
    this.#copy([{ from: tensor.gpuBuffer, at: 4 * start * each, to: part.gpuBuffer, into: 0, bytes: 4 * samples * each }]);
    return part;
  }

  async #join(parts: readonly Tensor[]): Promise<Tensor> {
    const [first] = parts as [Tensor];
    const dims = [parts.reduce((sum, { dims: [extent = 0] }) => sum + extent, 0), ...first.dims.slice(1)];
    if (first.location === 'cpu') {
      const all = new (arrayOf(first.type))(sizeOf(dims)) as TypedArray;
      let at = 0;
      for (const { data } of parts) {
        (all as Float32Array).set(data as Float32Array, at);
        at += data.length;
      }
      return new Tensor(first.type, all, dims);
    }
    try {
      return await this.#joinOnDevice(parts, dims);
    } finally {
      for (const part of parts) part.dispose();
    }
  }

  #joinOnDevice(parts: readonly Tensor[], dims: readonly number[]): Promise<Tensor> {
    const bytes = 4 * sizeOf(dims);
    if (bytes > this.#device.facts.limits.maxBufferSize) {
      throw new TilewiseError('limit-exceeded', `an output takes ${bytes} bytes, more than the device holds in one buffer`, {
        hint: "run fewer samples at a time, or with outputLocation: 'cpu'",
      });
    }
    return this.#device.guarded('joining the batch', () => {
      const whole = allocateTensor(this.#device, 'batch', (parts[0] as Tensor).type, dims);
      let into = 0;
      const copies = parts.map((part) => {
        const copy = { from: part.gpuBuffer, at: 0, to: whole.gpuBuffer, into, bytes: 4 * part.size };
        into += copy.bytes;
        return copy;
      });
      this.#copy(copies);
      return whole;
    });
  }

  #copy(copies: readonly { from: GPUBuffer; at: number; to: GPUBuffer; into: number; bytes: number }[]): void {
    const encoder = this.#device.gpu.createCommandEncoder();
    for (const { from, at, to, into, bytes } of copies) if (bytes > 0) encoder.copyBufferToBuffer(from, at, to, into, bytes);
    this.#device.gpu.queue.submit([encoder.finish()]);
  }
}

/** All results, once all are there; the first error otherwise, after the others are done. */
const settled = async <T>(work: readonly Promise<T>[]): Promise<T[]> => {
  await Promise.allSettled(work);
  return await Promise.all(work);
};
