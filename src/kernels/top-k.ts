import { topK } from '../../shaders/more.js';
import { type DeviceElement, deviceElement } from '../tensor/dtype.js';
import { resolveAxis, sizeOf } from '../tensor/shape.js';
import { constantNumbers } from './constant-input.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';

export const topKKernel: Kernel = { name: 'top-k', wgsl: topK };
const WORKGROUP_SIZE = 64;

const ORDINALS: Readonly<Record<DeviceElement, string>> = {
  f32: 'return float_ordinal(bitcast<u32>(v));',
  i32: 'return bitcast<u32>(v) ^ 0x80000000u;',
  u32: 'return v;',
};

export const lowerTopK = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { dtype, shape } = inputs[0] as TensorInfo;
  const axis = resolveAxis(attributes.axis as number, shape.length) as number;
  const [k] = constantNumbers(inputs[1], 'the number of elements to select');
  const element = deviceElement(dtype);
  const count = sizeOf(shape);
  const output = (n: number): Operand =>
    outputs[n] ? { output: n } : { scratch: n, bytes: (4 * count * (k as number)) / (shape[axis] as number) };
  return [
    {
      kernel: topKKernel,
      constants: { WORKGROUP_SIZE, LARGEST: Number(attributes.largest) },
      definitions: { Elem: element },
      functions: { ordinal: ORDINALS[element] },
      operands: { x: { input: 0 }, values: output(0), places: output(1) },
      params: { count, extent: shape[axis] as number, inner: sizeOf(shape.slice(axis + 1)), k: k as number },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
