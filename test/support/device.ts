import '#tilewise';
import { type Device, openDevice } from '../../src/device/device.js';
import { platform } from '../../src/platform.js';

let opened: Promise<Device> | undefined;

/** The device of this test file's process or page, opened once. */
export const testDevice = (): Promise<Device> =>
  (opened ??= platform()
    .gpu()
    .then((gpu) => openDevice(gpu, platform().noAdapterHint, platform().pause)));
