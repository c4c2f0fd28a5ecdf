import { det } from '../../shaders/more.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const detKernel: Kernel = { name: 'det', wgsl: det };
const WORKGROUP_SIZE = 64;
const NOTHING = { layout: 'nothing', words: new Uint32Array(1) };

/** One invocation a matrix, which eliminates in memory of its own. */
export const lowerDet = ({ inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { shape } = inputs[0]!;
  const count = sizeOf(outputs[0]!.shape);
  // Matrices of no rows have no elements to bind.
  const x = sizeOf(shape) === 0 ? { packed: NOTHING } : { input: 0 };
  return [
    {
      kernel: detKernel,
      constants: { WORKGROUP_SIZE },
      operands: { x, work: { scratch: 0, bytes: 4 * sizeOf(shape) }, y: { output: 0 } },
      params: { count, n: shape.at(-1) as number },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
