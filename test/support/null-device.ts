import { create, globals } from 'webgpu';

let opened: Promise<GPUDevice> | undefined;
/** Collected while a device of it lives, it would take the process along. */
let instance: GPU | undefined;

/** A device of Dawn that validates and compiles kernels, those of experimental features too, and runs nothing. Node only. */
export const nullDevice = (): Promise<GPUDevice> => {
  opened ??= open();
  return opened;
};

const open = async (): Promise<GPUDevice> => {
  Object.assign(globalThis, globals);
  instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const adapter = await instance.requestAdapter();
  if (!adapter) throw new Error('Dawn has no null adapter');
  const features = ['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix'] as GPUFeatureName[];
  return adapter.requestDevice({ requiredFeatures: features });
};
