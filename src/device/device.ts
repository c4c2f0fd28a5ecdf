import { TilewiseError } from '../errors.js';
import type { DeviceFacts, DeviceLimits } from '../kernels/facts.js';
import { InFlight } from './in-flight.js';
import { PipelineCache } from './pipelines.js';
import { WeightStore } from './weights.js';

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupsPerDimension',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupStorageSize',
] as const;

const FEATURES = ['subgroups', 'shader-f16', 'timestamp-query'] as const;
const SOFTWARE = /swiftshader|lavapipe|llvmpipe|basic render/i;

/** An open WebGPU device with what the runtime keeps on it. Several sessions can share one. */
export class Device {
  readonly gpu: GPUDevice;
  #facts: DeviceFacts;
  readonly pipelines: PipelineCache;
  readonly weights: WeightStore;
  readonly inFlight = new InFlight();
  readonly #pause: (() => void) | undefined;
  /** Rejections of the waits that are under way. */
  readonly #waits = new Set<(reason: TilewiseError) => void>();
  #failure: TilewiseError | undefined;

  constructor(gpu: GPUDevice, info: GPUAdapterInfo, { languageFeatures = [], pause }: DeviceOptions) {
    this.gpu = gpu;
    this.#pause = pause;
    this.#facts = factsOf(gpu, info, languageFeatures);
    this.pipelines = new PipelineCache(gpu);
    this.weights = new WeightStore(gpu);
    gpu.lost.then(({ reason, message }) => {
      this.#failure = new TilewiseError('device-lost', `the GPU device was lost (${reason}): ${message || 'no reason given'}`, {
        hint: 'create the session again: a new device is opened then',
      });
      for (const reject of this.#waits) reject(this.#failure);
    });
    gpu.addEventListener('uncapturederror', (event) => {
      this.#failure ??= new TilewiseError('gpu-error', event.error.message);
    });
  }

  get facts(): DeviceFacts {
    return this.#facts;
  }

  /** Plans that are made for the device from now on choose kernels by these measurements. */
  useTuning(tuning: NonNullable<DeviceFacts['tuning']>): void {
    this.#facts = { ...this.#facts, tuning };
  }

  /** True once the device is lost: it fakes success from then on. */
  get isLost(): boolean {
    return this.#failure?.code === 'device-lost';
  }

  /** Throws the loss of the device, or the first error that no scope caught (once). */
  throwFailure(): void {
    const failure = this.#failure;
    if (!failure) return;
    if (failure.code !== 'device-lost') this.#failure = undefined;
    throw failure;
  }

  /**
   * Waits for work of the GPU. A lost device fakes success or never answers, so every wait goes through here: it rejects
   * with `device-lost` as soon as the loss is known.
   */
  wait<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let waiting = true;
      const settle = () => {
        waiting = false;
        this.#waits.delete(reject);
      };
      this.#waits.add(reject);
      work.then(resolve, reject).finally(settle);
      const pause = this.#pause;
      if (!pause) return;
      const loop = () => {
        if (!waiting) return;
        pause();
        setImmediate(loop);
      };
      setImmediate(loop);
    });
  }

  /**
   * Runs synchronous `work` with the GPU's errors turned into a typed rejection; out of memory is `limit-exceeded`.
   * Error scopes are a stack, so nothing may be awaited inside.
   */
  async guarded<T>(what: string, work: () => T): Promise<T> {
    for (const filter of SCOPES) this.gpu.pushErrorScope(filter);
    const done = attempt(work);
    const pops = SCOPES.map(() => this.gpu.popErrorScope());
    const [memory, validation, internal] = await this.wait(Promise.all(pops)).catch((error: unknown) => {
      throw typedError(what, error);
    });
    if (memory) throw new TilewiseError('limit-exceeded', `${what}: the GPU is out of memory (${memory.message})`);
    const error = validation ?? internal;
    if (error) throw new TilewiseError('gpu-error', `${what}: ${error.message}`);
    if ('result' in done) return done.result;
    throw typedError(what, done.error);
  }
}

const attempt = <T>(work: () => T): { readonly result: T } | { readonly error: unknown } => {
  try {
    return { result: work() };
  } catch (error) {
    return { error };
  }
};

/** What the GPU's own methods throw and reject with, as `gpu-error`. */
export const typedError = (what: string, error: unknown): TilewiseError =>
  error instanceof TilewiseError
    ? error
    : new TilewiseError('gpu-error', `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });

/** Pushed in this order and popped in the reverse one. */
const SCOPES = ['internal', 'validation', 'out-of-memory'] as const;

export interface DeviceOptions {
  readonly languageFeatures?: Iterable<string>;
  /**
   * Called again and again while the GPU is waited for. Dawn's Node binding polls in a busy loop then; a pause of a
   * fraction of a millisecond leaves the core to a software adapter.
   */
  readonly pause?: (() => void) | undefined;
}

const factsOf = (gpu: GPUDevice, info: GPUAdapterInfo, languageFeatures: Iterable<string>): DeviceFacts => {
  const name = `${info.vendor} ${info.architecture} ${info.description}`;
  const fallback = (info as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? false;
  return {
    kind: fallback || SOFTWARE.test(name) ? 'cpu' : 'gpu',
    vendor: info.vendor,
    architecture: info.architecture,
    description: info.description || [info.vendor, info.architecture].filter(Boolean).join(' ') || 'unknown adapter',
    features: [...gpu.features],
    ...(info.subgroupMinSize && info.subgroupMinSize === info.subgroupMaxSize && { subgroupSize: info.subgroupMinSize }),
    ...subgroupMatricesOf(info),
    languageFeatures: [...languageFeatures],
    limits: Object.fromEntries(LIMITS.map((name) => [name, gpu.limits[name]])) as unknown as DeviceLimits,
  };
};

/** An experimental feature of Dawn, not in the standard's types. */
interface SubgroupMatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

const subgroupMatricesOf = (info: GPUAdapterInfo): Pick<DeviceFacts, 'subgroupMatrices'> => {
  const configs = (info as { subgroupMatrixConfigs?: readonly SubgroupMatrixConfig[] }).subgroupMatrixConfigs ?? [];
  const subgroupMatrices = configs
    .filter(({ componentType, resultComponentType }) => /^f(16|32)$/.test(componentType) && resultComponentType === 'f32')
    .map(({ componentType, M, N, K }) => ({ component: componentType as 'f16' | 'f32', rows: M, columns: N, depth: K }));
  return subgroupMatrices.length > 0 ? { subgroupMatrices } : {};
};

/** Opens a device with the adapter's own limits (the defaults are small) and the optional features that kernels use. */
export const openDevice = async (gpu: GPU | undefined, noAdapterHint: string, pause?: () => void): Promise<Device> => {
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!gpu || !adapter) {
    throw new TilewiseError('no-adapter', gpu ? 'no WebGPU adapter was found' : 'this environment has no WebGPU', {
      hint: noAdapterHint,
    });
  }
  const device = await adapter.requestDevice({
    requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
  });
  return new Device(device, adapter.info, { languageFeatures: gpu.wgslLanguageFeatures ?? [], pause });
};

/** Wraps a device that the application opened. */
export const adoptDevice = (gpu: GPUDevice, options: DeviceOptions): Device => {
  let device = adopted.get(gpu);
  if (!device) adopted.set(gpu, (device = new Device(gpu, gpu.adapterInfo, options)));
  return device;
};

const adopted = new WeakMap<GPUDevice, Device>();
