import type { Device } from '../../src/device/device.js';

/** The calls of a device that can fail. */
export const CALLS = [
  'createBuffer',
  'createShaderModule',
  'createComputePipelineAsync',
  'createBindGroup',
  'submit',
  'mapAsync',
] as const;
export type Call = (typeof CALLS)[number];
export type Fault = 'out-of-memory' | 'validation' | 'reject' | 'lost';

/** What a fault can do to a call: only promises are rejected, and only memory runs out. */
export const faultsOf = (call: Call): readonly Fault[] => {
  if (call === 'createBuffer') return ['out-of-memory', 'validation', 'lost'];
  return call === 'mapAsync' || call === 'createComputePipelineAsync' ? ['reject', 'lost'] : ['validation', 'lost'];
};

type Fn = (...given: unknown[]) => unknown;

/** Counts a device's calls and its live buffers, and has one call fail by overriding the device's own methods. */
export class FaultyDevice {
  readonly #device: Device;
  readonly counts = new Map<Call, number>(CALLS.map((call) => [call, 0]));
  readonly live = new Set<GPUBuffer>();
  readonly #scopes: { filter: string; error: GPUError | null }[] = [];
  #plan: { call: Call; index: number; fault: Fault; times: number } | undefined;
  fired = 0;

  constructor(device: Device) {
    this.#device = device;
    const { gpu } = device;
    this.#wrap(gpu, 'createBuffer', 'createBuffer', ([descriptor]) => [{ ...(descriptor as object), usage: 0 }]);
    this.#wrap(gpu, 'createShaderModule', 'createShaderModule', () => [{ code: 'no shader' }]);
    this.#wrap(gpu, 'createBindGroup', 'createBindGroup', ([descriptor]) => [{ ...(descriptor as object), entries: [] }]);
    this.#wrap(gpu, 'createComputePipelineAsync', 'createComputePipelineAsync');
    // A finished buffer cannot be submitted twice.
    this.#wrap(gpu.queue, 'submit', 'submit', ([buffers]) => [[...(buffers as unknown[]), ...(buffers as unknown[])]]);
    this.#wrapScopes(gpu);
  }

  /** Has the call of that index (from now on) fail, and `times - 1` more after it. */
  arm(call: Call, index: number, fault: Fault, times = 1): void {
    this.#plan = { call, index: index + (this.counts.get(call) as number), fault, times };
    this.fired = 0;
  }

  disarm(): void {
    this.#plan = undefined;
  }

  #fault(call: Call): Fault | undefined {
    const index = this.counts.get(call) as number;
    this.counts.set(call, index + 1);
    const plan = this.#plan;
    if (plan?.call !== call || index < plan.index || index >= plan.index + plan.times) return undefined;
    this.fired++;
    return plan.fault;
  }

  #wrap(object: object, method: string, call: Call, invalid?: (given: unknown[]) => unknown[]): void {
    const target = object as Record<string, Fn>;
    const original = (target[method] as Fn).bind(object);
    target[method] = (...given) => {
      const fault = this.#fault(call);
      if (fault === 'lost') this.#device.gpu.destroy();
      if (fault === 'reject') return Promise.reject(new DOMException('injected', 'OperationError'));
      if (fault === 'out-of-memory') this.#outOfMemory();
      const made = original(...(fault === 'validation' && invalid ? invalid(given) : given));
      if (call === 'createBuffer') this.#watch(made as GPUBuffer);
      return made;
    };
  }

  #watch(buffer: GPUBuffer): void {
    this.live.add(buffer);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      this.live.delete(buffer);
      return destroy();
    };
    const target = buffer as unknown as Record<string, Fn>;
    const mapAsync = (target.mapAsync as Fn).bind(buffer);
    target.mapAsync = (...given) => {
      const fault = this.#fault('mapAsync');
      if (fault === 'lost') this.#device.gpu.destroy();
      return fault === 'reject' ? Promise.reject(new DOMException('injected', 'OperationError')) : mapAsync(...given);
    };
  }

  /** The innermost scope for memory reports it, as a GPU would; memory itself is there. */
  #outOfMemory(): void {
    const scope = this.#scopes.findLast(({ filter }) => filter === 'out-of-memory');
    if (scope) scope.error = { message: 'injected' } as GPUError;
    else this.#device.gpu.dispatchEvent(Object.assign(new Event('uncapturederror'), { error: { message: 'injected' } }));
  }

  #wrapScopes(gpu: GPUDevice): void {
    const [push, pop] = [gpu.pushErrorScope.bind(gpu), gpu.popErrorScope.bind(gpu)];
    gpu.pushErrorScope = (filter) => {
      this.#scopes.push({ filter, error: null });
      return push(filter);
    };
    gpu.popErrorScope = () => {
      const scope = this.#scopes.pop();
      return pop().then((error) => error ?? scope?.error ?? null);
    };
  }
}
