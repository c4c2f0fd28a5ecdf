import { dynamicQuantizeLinear } from '../../shaders/more.js';
import { sizeOf } from '../tensor/shape.js';
import type { Dispatch, Kernel, KernelRequest } from './kernel.js';
import { quantize, quantizePacked, scaleParams } from './quantize-linear.js';

export const dynamicQuantizeLinearKernel: Kernel = { name: 'dynamic-quantize-linear', wgsl: dynamicQuantizeLinear };
const WORKGROUP_SIZE = 256;

/** Scale and zero point from all of x, then x quantized with them. */
export const lowerDynamicQuantizeLinear = ({ inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { shape, dtype } = inputs[0]!;
  const count = sizeOf(shape);
  const [x, scale, zero] = [{ input: 0 }, { output: 1 }, { output: 2 }] as const;
  const measured: Dispatch = {
    kernel: dynamicQuantizeLinearKernel,
    constants: { WORKGROUP_SIZE },
    functions: { divide: 'return quotient(x, s);' },
    libraries: ['quotient'],
    operands: { x, scale, zero },
    params: { count },
    workgroups: [1, 1, 1],
  };
  if (count === 0) return [measured];
  const to = { from: dtype, to: 'uint8', x, scale, zero, y: { output: 0 } } as const;
  if (outputs[0]?.packed) return [measured, quantizePacked(to, { shape, channelsFirst: false }, facts)];
  const places = scaleParams(shape, [], { axis: 0, block_size: 0 });
  return [measured, quantize({ ...to, places, count }, facts)];
};
