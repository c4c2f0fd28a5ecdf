import { histogram, histogramSum } from '../../shaders/more.js';
import type { HistogramAttributes } from '../ops/histogram.js';
import { sizeOf } from '../tensor/shape.js';
import { ceilDiv, type Dispatch, grid, type Kernel, type KernelRequest, type Operand } from './kernel.js';

export const histogramKernel: Kernel = { name: 'histogram', wgsl: histogram };
export const histogramSumKernel: Kernel = { name: 'histogram-sum', wgsl: histogramSum };
const WORKGROUP_SIZE = 64;
/** Elements that are worth a workgroup, and the most workgroups. */
const SHARE = 4096;
const MOST_GROUPS = 256;

/** Every workgroup counts its share; the counts are then added up. */
export const lowerHistogram = ({ attributes, inputs, facts }: KernelRequest): Dispatch[] => {
  const { low, high, bins } = attributes as HistogramAttributes;
  const count = sizeOf(inputs[0]!.shape);
  const share = Math.max(SHARE, ceilDiv(count, MOST_GROUPS));
  const groups = Math.max(1, ceilDiv(count, share));
  const partial: Operand = { scratch: 0, bytes: 4 * groups * bins };
  return [
    {
      kernel: histogramKernel,
      constants: { WORKGROUP_SIZE, BINS: bins },
      operands: { x: { input: 0 }, partial },
      params: { count, share, low, per_unit: bins / (high - low) },
      workgroups: [groups, 1, 1],
    },
    {
      kernel: histogramSumKernel,
      constants: { WORKGROUP_SIZE },
      operands: { partial, counts: { output: 0 } },
      params: { bins, groups },
      workgroups: grid(bins, WORKGROUP_SIZE, facts),
    },
  ];
};
