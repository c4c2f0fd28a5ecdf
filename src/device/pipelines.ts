import { TilewiseError } from '../errors.js';
import type { PlanPipeline } from '../plan/plan.js';

export interface CompiledPipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const BUFFER_TYPES = { uniform: 'uniform', read: 'read-only-storage', read_write: 'storage' } as const;
/** Value of GPUShaderStage.COMPUTE; the global does not exist in Node. */
const COMPUTE_STAGE = 4;

/** Compiled pipelines of one device. An identical pipeline is compiled once, by whichever session asks first. */
export class PipelineCache {
  readonly #gpu: GPUDevice;
  readonly #compiled = new Map<string, Promise<CompiledPipeline>>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  get(pipeline: PlanPipeline): Promise<CompiledPipeline> {
    const key = JSON.stringify([pipeline.code, Object.entries(pipeline.constants).sort()]);
    let compiled = this.#compiled.get(key);
    if (!compiled) {
      compiled = this.#compile(pipeline);
      // A failure is not kept: the next session may ask again.
      compiled.catch(() => this.#compiled.delete(key));
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  async #compile({ kernel, code, constants, bindings }: PlanPipeline): Promise<CompiledPipeline> {
    const layout = this.#gpu.createBindGroupLayout({
      label: kernel,
      entries: bindings.map(({ index, type }) => ({
        binding: index,
        visibility: COMPUTE_STAGE,
        buffer: { type: BUFFER_TYPES[type] },
      })),
    });
    this.#gpu.pushErrorScope('validation');
    const module = this.#gpu.createShaderModule({ label: kernel, code });
    const invalid = this.#gpu.popErrorScope().catch(() => null);
    try {
      const pipeline = await this.#gpu.createComputePipelineAsync({
        label: kernel,
        layout: this.#gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main', constants },
      });
      return { pipeline, layout };
    } catch (cause) {
      const detail = (await invalid)?.message ?? String((cause as Error).message ?? cause);
      throw new TilewiseError('gpu-error', `kernel '${kernel}' does not compile: ${detail}`, { cause });
    }
  }
}
