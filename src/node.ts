import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { hasVulkanDriver, provideSwiftShader, provideVulkanLoader } from './device/vulkan-adapter.js';
import { TilewiseError } from './errors.js';
import { setPlatform } from './platform.js';

/**
 * Zeroing workgroup memory through this Vulkan extension costs seconds of pipeline creation on SwiftShader; Dawn
 * zeroes it another way without it.
 */
const DAWN_OPTIONS = ['disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension'];

/** Dawn's entry point. It must stay referenced for the life of the process, or Node crashes when it is collected. */
let dawn: Promise<GPU | undefined> | undefined;

const openDawn = async (): Promise<GPU | undefined> => {
  let webgpu: typeof import('webgpu');
  try {
    webgpu = await import('webgpu');
  } catch (cause) {
    throw new TilewiseError('not-found', "the package 'webgpu' (Dawn) is not installed", { hint: 'npm install webgpu', cause });
  }
  if (process.platform !== 'linux') return webgpu.create(DAWN_OPTIONS);
  await provideVulkanLoader();
  if (hasVulkanDriver()) {
    const gpu = webgpu.create(DAWN_OPTIONS);
    if (await gpu.requestAdapter()) return gpu;
  }
  await provideSwiftShader();
  return webgpu.create(DAWN_OPTIONS);
};

const never = new Int32Array(new SharedArrayBuffer(4));

setPlatform({
  gpu: () => (dawn ??= openDawn()),
  // TILEWISE_BUSY_WAIT=1 polls without pauses: the lowest latency on a real GPU, at the price of a core.
  pause: process.env.TILEWISE_BUSY_WAIT ? undefined : () => void Atomics.wait(never, 0, 0, 0.1),
  noAdapterHint: 'install a Vulkan driver, or a software one: npm install @sparticuz/chromium (brings SwiftShader)',
  read: async (source) => {
    const path = source instanceof URL || source.startsWith('file:') ? fileURLToPath(source) : source;
    try {
      return await readFile(path);
    } catch (cause) {
      throw new TilewiseError('not-found', `cannot read ${path}: ${(cause as Error).message}`, { cause });
    }
  },
  cpuTime: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  store: async () => (await import('./tuner/file-store.js')).fileStore(),
});

export * from './api.js';
