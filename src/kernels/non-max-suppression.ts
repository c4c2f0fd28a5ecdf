import { nonMaxSuppression, selectedRows } from '../../shaders/more.js';
import type { NonMaxSuppressionAttributes } from '../ops/non-max-suppression.js';
import { optionalNumbers } from './constant-input.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';

export const nonMaxSuppressionKernel: Kernel = { name: 'non-max-suppression', wgsl: nonMaxSuppression };
export const selectedRowsKernel: Kernel = { name: 'selected-rows', wgsl: selectedRows };
const WORKGROUP_SIZE = 64;

/** What an absent threshold is: nothing overlaps by less, and every score is above. */
const NO_OVERLAP = Float32Array.of(0);
const ANY_SCORE = Float32Array.of(Number.NEGATIVE_INFINITY);

/** The padded form alone: a workgroup chooses for each class of each image, then all rows are put together. */
export const lowerNonMaxSuppression = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { center_point_box } = attributes as NonMaxSuppressionAttributes;
  const [batch, classes, count] = (inputs[1] as TensorInfo).shape as [number, number, number];
  const [limit = 0] = optionalNumbers(inputs[2], 'max_output_boxes_per_class') ?? [];
  const most = Math.max(0, Math.min(limit, count));
  const groups = batch * classes;
  const threshold = (index: number, words: Float32Array): Operand =>
    inputs[index] ? { input: index } : { packed: { layout: 'threshold', words } };
  const chosen: Operand = { scratch: 0, bytes: 4 * groups * most };
  const counts: Operand = { scratch: 1, bytes: 4 * groups };
  return [
    {
      kernel: nonMaxSuppressionKernel,
      operands: {
        boxes: { input: 0 },
        scores: { input: 1 },
        iou_threshold: threshold(3, NO_OVERLAP),
        score_threshold: threshold(4, ANY_SCORE),
        dropped: { scratch: 2, bytes: 4 * groups * count },
        chosen,
        counts,
      },
      params: { classes, count, most, groups, center_point_box },
      workgroups: grid(groups, 1, facts),
    },
    {
      kernel: selectedRowsKernel,
      operands: { chosen, counts, y: { output: 0 }, total: outputs[1] ? { output: 1 } : { scratch: 3, bytes: 4 } },
      params: { count: groups * most, classes, most, groups },
      workgroups: grid(groups * most, WORKGROUP_SIZE, facts),
    },
  ];
};
