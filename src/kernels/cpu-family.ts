import { TilewiseError } from '../errors.js';
import type { ConvGeometry } from './conv-geometry.js';
import type { Dispatch, Kernel, KernelRequest } from './kernel.js';

type Shaders = typeof import('../../shaders/cpu.js');

let shaders: Shaders | undefined;
let winograd: typeof import('./conv-winograd.js') | undefined;

/** Fetches the kernels that GPUs use only where a tuner found them faster. Before plans are made for a CPU adapter or by a table. */
export const loadCpuKernels = async (): Promise<void> => {
  if (!shaders) [shaders, winograd] = await Promise.all([import('../../shaders/cpu.js'), import('./conv-winograd.js')]);
};

/** The launches of a convolution that is faster by Winograd's algorithm; undefined before `loadCpuKernels` too. */
export const lowerWinograd = (request: KernelRequest, g: ConvGeometry): Dispatch[] | undefined =>
  winograd?.lowerWinograd(request, g);

/** A kernel of shaders/cpu.ts, whose text is at hand after `loadCpuKernels`. */
export const cpuKernel = (name: string, text: keyof Shaders): Kernel => ({
  name,
  get wgsl() {
    if (!shaders) throw new TilewiseError('internal', `the kernel ${name} was not loaded`);
    return shaders[text];
  },
});
