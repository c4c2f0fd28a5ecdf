import { platform } from '../platform.js';
import { adoptDevice, type Device, openDevice } from './device.js';

let shared: Promise<Device> | undefined;

/** The device of everything that brings none of its own; opened again after a loss. */
export const sharedDevice = async (): Promise<Device> => {
  const device = await shared?.catch(() => undefined);
  if (device && !device.isLost) return device;
  shared = platform()
    .gpu()
    .then((gpu) => openDevice(gpu, platform().noAdapterHint, platform().pause));
  return shared;
};

/** The application's own device, or the shared one. */
export const deviceOf = async (gpu: GPUDevice | undefined): Promise<Device> => {
  if (!gpu) return await sharedDevice();
  const languageFeatures = globalThis.navigator?.gpu?.wgslLanguageFeatures ?? [];
  return adoptDevice(gpu, { languageFeatures, pause: platform().pause });
};
