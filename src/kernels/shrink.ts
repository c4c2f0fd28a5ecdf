import { shrink } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import type { ShrinkAttributes } from '../ops/shrink.js';
import { isFloat } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';

export const shrinkKernel: Kernel = { name: 'shrink', wgsl: shrink };
const WORKGROUP_SIZE = 64;

export const lowerShrink = ({ attributes, outputs, facts }: KernelRequest): Dispatch[] => {
  const { dtype, shape } = outputs[0] as TensorInfo;
  const { lambd, bias, epilogue } = attributes as ShrinkAttributes;
  if (!isFloat(dtype)) throw new TilewiseError('unsupported-model', `Shrink has no kernel for ${dtype}`);
  const size = sizeOf(shape);
  const lanes = size % 4 === 0 ? 4 : 1;
  const count = size / lanes;
  return [
    {
      kernel: shrinkKernel,
      definitions: { Elem: lanes === 4 ? 'vec4f' : 'f32' },
      functions: { epilogue: epilogueBody(epilogue, lanes) },
      libraries: epilogueLibraries(epilogue),
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: { count, lambd, bias },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
