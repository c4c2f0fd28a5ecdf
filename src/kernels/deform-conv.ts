import { deformConv } from '../../shaders/more.js';
import type { DeformConvAttributes } from '../ops/deform-conv.js';
import { sizeOf } from '../tensor/shape.js';
import { slidingWindows, type Window } from '../tensor/window.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand } from './kernel.js';

export const deformConvKernel: Kernel = { name: 'deform-conv', wgsl: deformConv };
const WORKGROUP_SIZE = 64;
/** Stands for an absent bias or mask, which the kernel does not read. */
const NOTHING = Float32Array.of(0);

export const lowerDeformConv = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const a = attributes as DeformConvAttributes;
  const [, channels, in_h, in_w] = inputs[0]!.shape as [number, number, number, number];
  const [filters, per_group, kernel_h, kernel_w] = inputs[1]!.shape as [number, number, number, number];
  const windows = slidingWindows([in_h, in_w], { ...a, auto_pad: 'NOTSET' }, [kernel_h, kernel_w]);
  const [rows, columns] = windows as [Window, Window];
  const count = sizeOf(outputs[0]!.shape);
  const optional = (index: number): Operand =>
    inputs[index] ? { input: index } : { packed: { layout: 'nothing', words: NOTHING } };
  return [
    {
      kernel: deformConvKernel,
      constants: { WORKGROUP_SIZE, HAS_BIAS: Number(Boolean(inputs[3])), HAS_MASK: Number(Boolean(inputs[4])) },
      operands: {
        x: { input: 0 },
        w: { input: 1 },
        offset: { input: 2 },
        bias: optional(3),
        mask: optional(4),
        y: { output: 0 },
      },
      params: {
        count,
        channels,
        in_h,
        in_w,
        outputs: filters,
        out_h: rows.output,
        out_w: columns.output,
        per_group,
        outputs_per_group: filters / a.group,
        part: channels / a.offset_group,
        kernel_h,
        kernel_w,
        stride_h: rows.stride,
        stride_w: columns.stride,
        pad_h: rows.padBegin,
        pad_w: columns.padBegin,
        dilation_h: rows.dilation,
        dilation_w: columns.dilation,
        taps: a.offset_group * kernel_h * kernel_w,
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
