import { where } from '../../shaders/index.js';
import { sizeOf } from '../tensor/shape.js';
import { broadcastLoops, typeOf } from './binary.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';

export const whereKernel: Kernel = { name: 'where', wgsl: where };
const WORKGROUP_SIZE = 64;

export const lowerWhere = ({ inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { shape } = outputs[0]!;
  const loops = broadcastLoops(
    shape,
    (inputs as readonly TensorInfo[]).map((info) => info.shape),
    true,
  );
  const [condition, a, b] = loops.loads.map((load) => typeOf('u32', load)) as [string, string, string];
  const count = sizeOf(shape) / loops.lanes;
  return [
    {
      kernel: whereKernel,
      definitions: { LoadCondition: condition, LoadA: a, LoadB: b, Elem: typeOf('u32', loops.lanes) },
      operands: { condition: { input: 0 }, a: { input: 1 }, b: { input: 2 }, y: { output: 0 } },
      params: {
        count,
        rank: loops.extents.length,
        shape: loops.extents,
        condition_strides: loops.strides[0] as number[],
        a_strides: loops.strides[1] as number[],
        b_strides: loops.strides[2] as number[],
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
