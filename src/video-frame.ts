import type { Device } from './device/device.js';
import { BufferUsage } from './device/usage.js';
import { TilewiseError } from './errors.js';
import { frameKernel } from './kernels/frame.js';
import { grid } from './kernels/kernel.js';
import { packParams } from './kernels/specialize.js';
import { Tensor } from './tensor/tensor.js';

/** A picture that the GPU can read where it is: a frame of a camera, a decoder or a canvas, or what a video shows. */
export type VideoPicture = VideoFrame | HTMLVideoElement;

export const isVideoPicture = (image: object): image is VideoPicture =>
  (typeof VideoFrame !== 'undefined' && image instanceof VideoFrame) ||
  (typeof HTMLVideoElement !== 'undefined' && image instanceof HTMLVideoElement);

/** Pixels as they are shown. Throws `invalid-argument` for a frame that was closed and a video that shows nothing yet. */
export const extentOf = (picture: VideoPicture): { readonly width: number; readonly height: number } => {
  const [width, height] =
    'videoWidth' in picture ? [picture.videoWidth, picture.videoHeight] : [picture.displayWidth, picture.displayHeight];
  if (width > 0 && height > 0) return { width, height };
  throw new TilewiseError('invalid-argument', 'the video has no picture', {
    hint: "a frame must not be closed yet, and a video must have fired 'loadeddata'",
  });
};

const WORKGROUP_SIZE = 64;

interface Reader {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const readers = new WeakMap<Device, Promise<Reader>>();

const readerOf = (device: Device): Promise<Reader> => {
  const known = readers.get(device);
  if (known) return known;
  const reader = compile(device);
  readers.set(device, reader);
  reader.catch(() => readers.delete(device));
  return reader;
};

/** Value of GPUShaderStage.COMPUTE. */
const visibility = 4;

const compile = async (device: Device): Promise<Reader> => {
  const { gpu } = device;
  const layout = gpu.createBindGroupLayout({
    label: 'frame',
    entries: [
      { binding: 0, visibility, buffer: { type: 'uniform' } },
      { binding: 1, visibility, externalTexture: {} },
      { binding: 2, visibility, buffer: { type: 'storage' } },
    ],
  });
  const compiling = gpu.createComputePipelineAsync({
    label: 'frame',
    layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: gpu.createShaderModule({ label: 'frame', code: frameKernel.wgsl }), entryPoint: 'main' },
  });
  return { pipeline: await device.wait(compiling), layout };
};

/**
 * The picture as uint32 [height, width], a word of RGBA bytes a pixel, on the GPU: it is read as an external texture and
 * never copied through the host. Dispose of the tensor.
 */
export const videoTensor = async (device: Device, picture: VideoPicture): Promise<Tensor> => {
  const { pipeline, layout } = await readerOf(device);
  const { width, height } = extentOf(picture);
  const count = width * height;
  return await device.guarded('reading a video frame', () => {
    const { gpu } = device;
    const params = packParams(frameKernel.wgsl, { width, count });
    const uniform = gpu.createBuffer({ size: params.byteLength, usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST });
    gpu.queue.writeBuffer(uniform, 0, params as BufferSource);
    const words = gpu.createBuffer({ size: Math.max(16, 4 * count), usage: BufferUsage.STORAGE | BufferUsage.COPY_SRC });
    // An external texture expires with the current task: from here to the submit nothing may be awaited.
    const resources = [{ buffer: uniform }, gpu.importExternalTexture({ source: picture }), { buffer: words }];
    const entries = resources.map((resource, binding) => ({ binding, resource }));
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, gpu.createBindGroup({ layout, entries }));
    pass.dispatchWorkgroups(...grid(count, WORKGROUP_SIZE, device.facts));
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    uniform.destroy();
    const unread = async (): Promise<never> => {
      throw new TilewiseError('invalid-argument', 'the pixels of a video frame stay on the GPU');
    };
    return Tensor.fromDevice('uint32', [height, width], { buffer: words, read: unread, release: () => words.destroy() });
  });
};
