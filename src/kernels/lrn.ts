import { lrn } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import type { LrnAttributes } from '../ops/lrn.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const lrnKernel: Kernel = { name: 'lrn', wgsl: lrn };
const WORKGROUP_SIZE = 64;

export const lowerLrn = ({ attributes, outputs, facts }: KernelRequest): Dispatch[] => {
  const { alpha, beta, bias, size, channelsLast } = attributes as LrnAttributes;
  if (alpha < 0 || bias < 0) {
    throw new TilewiseError('unsupported-model', `LRN with alpha ${alpha} and bias ${bias}: neither may be negative`);
  }
  const { shape } = outputs[0]!;
  const axis = channelsLast ? shape.length - 1 : 1;
  const stride = sizeOf(shape.slice(axis + 1));
  const vector = stride % 4 === 0;
  const count = sizeOf(shape) / (vector ? 4 : 1);
  return [
    {
      kernel: lrnKernel,
      constants: { WORKGROUP_SIZE },
      definitions: vector ? { Elem: 'vec4f', Bits: 'vec4u' } : {},
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: {
        count,
        stride: vector ? stride / 4 : stride,
        channels: shape[axis] as number,
        before: Math.floor((size - 1) / 2),
        after: Math.ceil((size - 1) / 2),
        alpha: alpha / size,
        beta,
        bias,
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
