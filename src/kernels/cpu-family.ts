import { TilewiseError } from '../errors.js';
import type { Kernel } from './kernel.js';

type Shaders = typeof import('../../shaders/cpu.js');

let shaders: Shaders | undefined;

/** Fetches the kernels that GPUs use only where a tuner found them faster. Before plans are made for a CPU adapter or by a table. */
export const loadCpuKernels = async (): Promise<void> => {
  shaders ??= await import('../../shaders/cpu.js');
};

/** A kernel of shaders/cpu.ts, whose text is at hand after `loadCpuKernels`. */
export const cpuKernel = (name: string, text: keyof Shaders): Kernel => ({
  name,
  get wgsl() {
    if (!shaders) throw new TilewiseError('internal', `the kernel ${name} was not loaded`);
    return shaders[text];
  },
});
