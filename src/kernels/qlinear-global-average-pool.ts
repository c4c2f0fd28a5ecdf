import { qlinearGlobalAveragePool } from '../../shaders/more.js';
import { deviceElement, integerRange } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { globalAverageBytes } from './pool-bytes.js';
import { factor, scalarOf } from './requantize.js';

export const qlinearGlobalAveragePoolKernel: Kernel = { name: 'qlinear-global-average-pool', wgsl: qlinearGlobalAveragePool };
const WORKGROUP_SIZE = 64;

export const lowerQLinearGlobalAveragePool = (request: KernelRequest): Dispatch[] => {
  const { attributes, inputs, outputs, facts } = request;
  if (inputs[0]!.packed) return [globalAverageBytes(request)];
  const [x, xScale, xZero, yScale, yZero] = inputs as readonly TensorInfo[];
  const { shape, dtype } = x!;
  const last = attributes.channels_last === true;
  const channels = shape[last ? shape.length - 1 : 1] as number;
  const count = sizeOf(outputs[0]!.shape);
  const positions = sizeOf(last ? shape.slice(1, -1) : shape.slice(2));
  const [low, high] = integerRange(dtype) as readonly [number, number];
  return [
    {
      kernel: qlinearGlobalAveragePoolKernel,
      constants: { WORKGROUP_SIZE },
      definitions: { Elem: deviceElement(dtype) },
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: {
        count,
        channels,
        positions,
        x_n: channels * positions,
        x_c: last ? 1 : positions,
        x_p: last ? channels : 1,
        x_zero: scalarOf(xZero),
        factor: factor(scalarOf(xScale) / Math.fround(scalarOf(yScale) * positions)),
        low,
        high,
        zero: scalarOf(yZero),
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
