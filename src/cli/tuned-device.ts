import type { Device } from '../device/device.js';
import { sharedDevice } from '../device/shared.js';
import { tunedFacts } from '../tuner/store.js';
import type { Terminal } from './terminal.js';

/** The shared device; plans that are made for it choose kernels by what `tilewise tune` has measured on it. */
export const tunedDevice = async (terminal: Terminal): Promise<Device> => {
  const device = await sharedDevice();
  const { tuning = {} } = await tunedFacts(device.facts, 'stored', (message) => terminal.err(`note: ${message}`));
  device.useTuning(tuning);
  return device;
};
