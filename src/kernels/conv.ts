import { conv } from '../../shaders/index.js';
import type { ConvAttributes } from '../ops/conv.js';
import { sizeOf } from '../tensor/shape.js';
import { type ConvGeometry, convGeometry } from './conv-geometry.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand } from './kernel.js';

export const convKernel: Kernel = { name: 'conv', wgsl: conv };
const WORKGROUP_SIZE = 64;

/** Any layout, any group: serves whatever no faster kernel takes. */
const general = (request: KernelRequest<ConvAttributes>, g: ConvGeometry): Dispatch => {
  const { attributes, inputs, outputs, facts } = request;
  const count = sizeOf(outputs[0]!.shape);
  // A kernel without bias still has the binding: the weight stands in, unread.
  const bias: Operand = { input: inputs[2] ? 2 : 1 };
  return {
    kernel: convKernel,
    constants: { WORKGROUP_SIZE, CHANNELS_LAST: Number(g.channelsLast), HAS_BIAS: Number(inputs[2] !== undefined) },
    functions: { epilogue: epilogueBody(attributes.epilogue) },
    libraries: epilogueLibraries(attributes.epilogue),
    operands: { x: { input: 0 }, weight: { input: 1 }, bias, y: { output: 0 } },
    params: {
      count,
      outputs: g.outputs,
      group_outputs: g.outputs / g.group,
      group_inputs: g.inputs / g.group,
      x_n: g.x.n,
      x_c: g.x.c,
      x_h: g.x.h,
      x_w: g.x.w,
      in_h: g.rows.input,
      in_w: g.columns.input,
      out_h: g.rows.output,
      out_w: g.columns.output,
      kernel_h: g.rows.kernel,
      kernel_w: g.columns.kernel,
      stride_h: g.rows.stride,
      stride_w: g.columns.stride,
      dilation_h: g.rows.dilation,
      dilation_w: g.columns.dilation,
      pad_h: g.rows.padBegin,
      pad_w: g.columns.padBegin,
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

export const lowerConv = (request: KernelRequest): Dispatch[] => {
  const conv = request as KernelRequest<ConvAttributes>;
  return [general(conv, convGeometry(conv))];
};
