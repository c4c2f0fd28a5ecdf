import { type Coloring, type ColorOptions, coloringOf } from './coloring.js';
import type { Device } from './device/device.js';
import { deviceOf } from './device/shared.js';
import { BufferUsage } from './device/usage.js';
import { TilewiseError } from './errors.js';
import { canvasKernel } from './kernels/canvas.js';
import { grid } from './kernels/kernel.js';
import { packParams, specialize } from './kernels/specialize.js';
import { toDeviceWords } from './tensor/convert.js';
import { deviceElement } from './tensor/dtype.js';
import type { Tensor } from './tensor/tensor.js';

/** What a picture can be drawn on: a canvas of the page, or one of a worker or of none. */
export type DrawingSurface = HTMLCanvasElement | OffscreenCanvas;

/**
 * Draws a tensor that is a picture, [1, C, H, W] or [C, H, W] with 1, 3 or 4 channels, on a canvas: the way back from
 * `imageToTensor`, with the same words for it. A tensor on the GPU stays there: nothing is copied through the host.
 *
 *     const { styled } = await session.run({ image }, { outputLocation: 'gpu' });
 *     await tensorToCanvas(styled, document.querySelector('canvas'), { scale: 1 });
 *     styled.dispose();
 *
 * The canvas takes the size of the picture; CSS may show it larger or smaller. A fourth channel is opacity. What lies
 * outside of 0 to 255 is clamped.
 * Throws `invalid-argument` where the tensor is no picture, the options are malformed or contradict it, or the canvas
 * has another context than WebGPU's, and `limit-exceeded` where the GPU has no textures of that size.
 */
export const tensorToCanvas = async (
  tensor: Tensor,
  canvas: DrawingSurface,
  coloring: ColorOptions = {},
  options: { readonly device?: GPUDevice } = {},
): Promise<void> => {
  const picture = coloringOf(tensor, coloring);
  const device = await deviceOf(options.device);
  const { width, height, hasOpacity } = picture;
  const most = device.gpu.limits.maxTextureDimension2D;
  if (Math.max(width, height) > most) {
    throw new TilewiseError('limit-exceeded', `a picture of ${width} x ${height}: canvases of this GPU end at ${most} pixels`);
  }
  const context = contextOf(canvas);
  const drawer = await drawerOf(device, tensor);
  const format = globalThis.navigator.gpu.getPreferredCanvasFormat();
  await device.guarded('drawing on a canvas', () => {
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    configure(context, device.gpu, format, hasOpacity ? 'premultiplied' : 'opaque');
    const words = encodeWords(device, drawer, tensor, picture, format === 'bgra8unorm');
    // The texture of a canvas expires with the current task: nothing may be awaited before the submit.
    words.encoder.copyBufferToTexture(
      { buffer: words.buffer, bytesPerRow: 4 * pitchOf(width) },
      { texture: context.getCurrentTexture() },
      [width, height],
    );
    device.gpu.queue.submit([words.encoder.finish()]);
    words.free();
  });
};

/** Values of GPUTextureUsage.COPY_DST and RENDER_ATTACHMENT. */
const TEXTURE_USAGE = 2 | 16;

const contextOf = (canvas: DrawingSurface): GPUCanvasContext => {
  const canDraw = typeof canvas === 'object' && canvas !== null && 'getContext' in canvas && 'width' in canvas;
  if (!canDraw) throw new TilewiseError('invalid-argument', 'a picture is drawn on a canvas element or an OffscreenCanvas');
  const refused = (cause?: unknown): never => {
    throw new TilewiseError('invalid-argument', "the canvas gives no context 'webgpu'", {
      hint: 'a canvas that has another context, such as 2d, or was transferred keeps to that: take a new one',
      ...(cause !== undefined && { cause }),
    });
  };
  try {
    return (canvas.getContext('webgpu') as GPUCanvasContext | null) ?? refused();
  } catch (cause) {
    return refused(cause);
  }
};

const configured = new WeakMap<GPUCanvasContext, { readonly gpu: GPUDevice; readonly alphaMode: GPUCanvasAlphaMode }>();

/** Only where something has changed: it makes the canvas begin anew. */
const configure = (context: GPUCanvasContext, gpu: GPUDevice, format: GPUTextureFormat, alphaMode: GPUCanvasAlphaMode): void => {
  const known = configured.get(context);
  if (known?.gpu === gpu && known.alphaMode === alphaMode) return;
  context.configure({ device: gpu, format, alphaMode, usage: TEXTURE_USAGE });
  configured.set(context, { gpu, alphaMode });
};

/** Words from row to row: rows of a copy to a texture begin at multiples of 256 bytes. */
export const pitchOf = (width: number): number => 64 * Math.ceil(width / 64);

const WORKGROUP_SIZE = 64;

interface Drawer {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** For each type of an element. */
const drawers = new WeakMap<Device, Map<string, Promise<Drawer>>>();

export const drawerOf = (device: Device, { type }: Tensor): Promise<Drawer> => {
  let known = drawers.get(device);
  if (!known) drawers.set(device, (known = new Map()));
  const element = deviceElement(type);
  let drawer = known.get(element);
  if (!drawer) {
    drawer = compile(device, element);
    drawer.catch(() => known.delete(element));
    known.set(element, drawer);
  }
  return drawer;
};

/** Value of GPUShaderStage.COMPUTE. */
const visibility = 4;

const compile = async (device: Device, element: string): Promise<Drawer> => {
  const { gpu } = device;
  const types = ['uniform', 'read-only-storage', 'storage'] as const;
  const entries = types.map((type, binding) => ({ binding, visibility, buffer: { type } }));
  const layout = gpu.createBindGroupLayout({ label: 'canvas', entries });
  const code = specialize(canvasKernel.wgsl, { Elem: element });
  const compiling = gpu.createComputePipelineAsync({
    label: 'canvas',
    layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: gpu.createShaderModule({ label: 'canvas', code }), entryPoint: 'main' },
  });
  return { pipeline: await device.wait(compiling), layout };
};

export interface EncodedWords {
  readonly encoder: GPUCommandEncoder;
  /** A word of four bytes a pixel, rows of `pitchOf(width)` words. */
  readonly buffer: GPUBuffer;
  /** To be called after the submit. */
  readonly free: () => void;
}

/** Encodes the pass that makes pixels of a tensor: red is the lowest byte of a word, or blue. */
export const encodeWords = (
  device: Device,
  { pipeline, layout }: Drawer,
  tensor: Tensor,
  { width, height, strides, hasOpacity, channels, gain, offset }: Coloring,
  blueFirst: boolean,
): EncodedWords => {
  const { gpu } = device;
  const count = width * height;
  const order = blueFirst ? [2, 1, 0, 3] : [0, 1, 2, 3];
  const inOrder = (numbers: readonly number[]): number[] => order.map((i) => numbers[i] as number);
  const params = packParams(canvasKernel.wgsl, {
    width,
    count,
    pitch: pitchOf(width),
    channel_stride: strides.channel,
    pixel_stride: strides.pixel,
    opaque: hasOpacity ? 0 : 1,
    channels: inOrder(channels),
    gain: inOrder(gain),
    offset: inOrder(offset),
  });
  const owned: GPUBuffer[] = [];
  const made = (size: number, usage: number): GPUBuffer => {
    const buffer = gpu.createBuffer({ label: 'canvas', size: Math.max(16, size), usage });
    owned.push(buffer);
    return buffer;
  };
  const uniform = made(params.byteLength, BufferUsage.UNIFORM | BufferUsage.COPY_DST);
  gpu.queue.writeBuffer(uniform, 0, params as BufferSource);
  const encoder = gpu.createCommandEncoder();
  const bytes = 4 * tensor.size;
  const elements = elementsOf(device, tensor, encoder, () => made(bytes, BufferUsage.STORAGE | BufferUsage.COPY_DST));
  const buffer = made(4 * pitchOf(width) * height, BufferUsage.STORAGE | BufferUsage.COPY_SRC);
  const resources = [{ buffer: uniform }, { buffer: elements, size: bytes }, { buffer }];
  const entries = resources.map((resource, binding) => ({ binding, resource }));
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, gpu.createBindGroup({ layout, entries }));
  pass.dispatchWorkgroups(...grid(count, WORKGROUP_SIZE, device.facts));
  pass.end();
  const free = (): void => {
    for (const one of owned) one.destroy();
  };
  return { encoder, buffer, free };
};

/** The buffer of a tensor on the GPU itself, where a kernel may read it; else a copy. */
const elementsOf = ({ gpu }: Device, tensor: Tensor, encoder: GPUCommandEncoder, make: () => GPUBuffer): GPUBuffer => {
  if (tensor.location === 'gpu') {
    const { gpuBuffer } = tensor;
    if ((gpuBuffer.usage & BufferUsage.STORAGE) !== 0) return gpuBuffer;
    const copy = make();
    encoder.copyBufferToBuffer(gpuBuffer, 0, copy, 0, 4 * tensor.size);
    return copy;
  }
  const buffer = make();
  gpu.queue.writeBuffer(buffer, 0, toDeviceWords(tensor.type, tensor.data, 'picture') as BufferSource);
  return buffer;
};
