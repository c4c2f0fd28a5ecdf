import { conv3d, convTranspose3d } from '../../shaders/index.js';
import type { ConvAttributes } from '../ops/conv.js';
import type { ConvTransposeAttributes } from '../ops/conv-transpose.js';
import { sizeOf } from '../tensor/shape.js';
import { transposedWindows } from '../tensor/transposed-window.js';
import { slidingWindows } from '../tensor/window.js';
import { lowerEpilogue } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { placesOf, rejectMoreAxes, stepsOf } from './windows-3d.js';

export const conv3dKernel: Kernel = { name: 'conv-3d', wgsl: conv3d };
export const convTranspose3dKernel: Kernel = { name: 'conv-transpose-3d', wgsl: convTranspose3d };
const WORKGROUP_SIZE = 64;

interface Task {
  readonly kernel: Kernel;
  readonly groupInputs: number;
  readonly groupOutputs: number;
  readonly xLast: boolean;
  readonly windows: Parameters<typeof stepsOf>[0];
}

/** Convolution over three spatial axes. */
export const lowerConv3d = (request: KernelRequest): Dispatch[] => {
  const { attributes, inputs } = request as KernelRequest<ConvAttributes>;
  const [x, weight] = inputs as readonly [TensorInfo, TensorInfo];
  rejectMoreAxes('convolution', x.shape.length - 2);
  const xLast = attributes.channelsLast && !attributes.readsChannelsFirst;
  const extents = xLast ? x.shape.slice(1, -1) : x.shape.slice(2);
  return launch(request, {
    kernel: conv3dKernel,
    groupInputs: weight.shape[1] as number,
    groupOutputs: (weight.shape[0] as number) / attributes.group,
    xLast,
    windows: slidingWindows(extents, attributes, weight.shape.slice(2)),
  });
};

/** Transposed convolution over three spatial axes. */
export const lowerConvTranspose3d = (request: KernelRequest): Dispatch[] => {
  const { attributes, inputs } = request as KernelRequest<ConvTransposeAttributes>;
  const [x, weight] = inputs as readonly [TensorInfo, TensorInfo];
  rejectMoreAxes('convolution', x.shape.length - 2);
  const extents = attributes.channelsLast ? x.shape.slice(1, -1) : x.shape.slice(2);
  return launch(request, {
    kernel: convTranspose3dKernel,
    groupInputs: (weight.shape[0] as number) / attributes.group,
    groupOutputs: weight.shape[1] as number,
    xLast: attributes.channelsLast,
    windows: transposedWindows(extents, attributes, weight.shape.slice(2)),
  });
};

const launch = (request: KernelRequest, { kernel, groupInputs, groupOutputs, xLast, windows }: Task): Dispatch[] => {
  const { attributes, inputs, outputs, facts } = request as KernelRequest<ConvAttributes>;
  const { functions, libraries, operands } = lowerEpilogue(request, { input: 0 });
  const hasBias = inputs[2] !== undefined;
  const count = sizeOf(outputs[0]!.shape);
  return [
    {
      kernel,
      constants: {
        WORKGROUP_SIZE,
        CHANNELS_LAST: Number(attributes.channelsLast && !attributes.writesChannelsFirst),
        HAS_BIAS: Number(hasBias),
      },
      functions,
      libraries,
      // A kernel without bias still has the binding: the weight stands in, unread.
      operands: { x: { input: 0 }, weight: { input: 1 }, bias: { input: hasBias ? 2 : 1 }, y: { output: 0 }, ...operands },
      params: {
        count,
        outputs: groupOutputs * attributes.group,
        group_outputs: groupOutputs,
        group_inputs: groupInputs,
        ...placesOf(inputs[0]!.shape, xLast),
        ...stepsOf(windows),
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
