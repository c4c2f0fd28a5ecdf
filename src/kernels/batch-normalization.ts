import { batchNormalization } from '../../shaders/index.js';
import type { BatchNormalizationAttributes } from '../ops/batch-normalization.js';
import { sizeOf } from '../tensor/shape.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const batchNormalizationKernel: Kernel = { name: 'batch-normalization', wgsl: batchNormalization };
const WORKGROUP_SIZE = 64;

export const lowerBatchNormalization = ({ attributes, outputs, facts }: KernelRequest): Dispatch[] => {
  const { epsilon, channelsLast, epilogue } = attributes as BatchNormalizationAttributes;
  const { shape } = outputs[0]!;
  const axis = channelsLast ? shape.length - 1 : 1;
  const channels = shape[axis] as number;
  const stride = sizeOf(shape.slice(axis + 1));
  // Four neighbours are of one channel, or of four neighbouring ones where the channels are innermost.
  const factors = stride === 1 && channels % 4 === 0;
  const vector = factors || stride % 4 === 0;
  const count = sizeOf(shape) / (vector ? 4 : 1);
  return [
    {
      kernel: batchNormalizationKernel,
      constants: { WORKGROUP_SIZE },
      definitions: { Elem: vector ? 'vec4f' : 'f32', Factor: factors ? 'vec4f' : 'f32' },
      functions: { epilogue: epilogueBody(epilogue, vector ? 4 : 1) },
      libraries: epilogueLibraries(epilogue),
      operands: {
        x: { input: 0 },
        scale: { input: 1 },
        bias: { input: 2 },
        mean: { input: 3 },
        variance: { input: 4 },
        y: { output: 0 },
      },
      params: {
        count,
        stride: vector && !factors ? stride / 4 : stride,
        channels: factors ? channels / 4 : channels,
        epsilon,
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
