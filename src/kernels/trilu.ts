import { trilu } from '../../shaders/more.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const triluKernel: Kernel = { name: 'trilu', wgsl: trilu };
const WORKGROUP_SIZE = 64;
const ZERO = { layout: 'zero', words: new Int32Array(1) };

export const lowerTrilu = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { shape } = outputs[0]!;
  const count = sizeOf(shape);
  return [
    {
      kernel: triluKernel,
      constants: { WORKGROUP_SIZE, UPPER: Number(attributes.upper) },
      operands: { x: { input: 0 }, diagonal: inputs[1] ? { input: 1 } : { packed: ZERO }, y: { output: 0 } },
      params: { count, rows: shape.at(-2) as number, columns: shape.at(-1) as number },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
