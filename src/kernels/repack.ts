import { repack } from '../../shaders/more.js';
import { deviceWords, packedWords } from '../tensor/layout.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const repackKernel: Kernel = { name: 'repack', wgsl: repack };
const WORKGROUP_SIZE = 64;

export const lowerRepack = ({ outputs, facts }: KernelRequest): Dispatch[] => {
  const { shape, dtype, packed } = outputs[0]!;
  const count = deviceWords(shape, true);
  const channels = shape.at(-1) ?? 1;
  return [
    {
      kernel: repackKernel,
      constants: { WORKGROUP_SIZE, PACK: Number(packed === true) },
      definitions: { SHIFT: dtype === 'int8' ? '24u' : '0u' },
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: { count, words: packedWords(channels), channels },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
