import { argMax } from '../../shaders/index.js';
import { deviceElement } from '../tensor/dtype.js';
import { resolveAxis, sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';

export const argMaxKernel: Kernel = { name: 'arg-max', wgsl: argMax };
const WORKGROUP_SIZE = 64;

export const lowerArgMax = ({ op, attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { dtype, shape } = inputs[0] as TensorInfo;
  const axis = resolveAxis(attributes.axis as number, shape.length) as number;
  const element = deviceElement(dtype);
  const count = sizeOf(outputs[0]!.shape);
  return [
    {
      kernel: argMaxKernel,
      constants: { WORKGROUP_SIZE, LAST: Number(attributes.select_last_index) },
      definitions: { Elem: element },
      functions: {
        better: `return a ${op === 'ArgMax' ? '>' : '<'} b;`,
        ...(element !== 'f32' && { is_nan: 'return false;' }),
      },
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: { count, extent: shape[axis] as number, inner: sizeOf(shape.slice(axis + 1)) },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
