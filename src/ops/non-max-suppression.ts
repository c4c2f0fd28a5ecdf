import type { Attributes } from '../graph/graph.js';
import { type Dim, isConcrete } from '../tensor/shape.js';
import { int, internal } from './attributes.js';
import { constantNumbers, defineOperator, expectDim, fail, type Inferred, input, type OpContext } from './operator.js';

export interface NonMaxSuppressionAttributes extends Attributes {
  /** 0: a box is [y1, x1, y2, x2], two opposite corners. 1: [x centre, y centre, width, height]. */
  readonly center_point_box: number;
  /** True: as many rows as there can be, zeros behind those that count, and their number as output 1. */
  readonly padded: boolean;
}

/**
 * Of boxes (input 0, [batch, boxes, 4]) with scores (input 1, [batch, classes, boxes]) those that remain for each class
 * of each image when, from the best score down, every box that overlaps a chosen one by more than `iou_threshold` (input
 * 3, 0 where absent) is dropped: rows of [image, class, box]. At most `max_output_boxes_per_class` (input 2, 0 where
 * absent) are chosen for a class, and only of scores above `score_threshold` (input 4). Of equal scores the lower index
 * comes first. The padded form runs, and the first rows of its result are taken.
 */
export const nonMaxSuppression = defineOperator<NonMaxSuppressionAttributes>({
  name: 'NonMaxSuppression',
  attributes: { center_point_box: int(0, 0, 1), padded: internal(false) },
  inputs: [2, 5],
  outputs: [1, 2],
  counts: [0, 1],
  hostInputs: [2],
  expand: ({ name, inputs, attributes }, to) => {
    const known = inputs.map((input) => to.value(input));
    if (attributes.padded) return undefined;
    const [rows] = inferRows({ attributes: attributes as NonMaxSuppressionAttributes, inputs: known, outputCount: 1 });
    if (!rows?.shape || !isConcrete(rows.shape)) return undefined;
    const padded = { ...attributes, padded: true };
    const [all, count] = to.add(name, 'NonMaxSuppression', inputs, padded, 2) as [string, string];
    const bounds = [to.constant(`${name}/first`, 'int64', [0]), count, to.constant(`${name}/axis`, 'int64', [0])];
    return to.add(`${name}/selected`, 'Slice', [all, ...bounds]);
  },
  infer: (context) => {
    if (context.outputCount > 1 && !context.attributes.padded) fail('NonMaxSuppression has one output');
    const rows = inferRows(context);
    return context.attributes.padded ? rows : [{ dtype: 'int64', shape: undefined }];
  },
  macs: (_, [rows]) => rows?.shape?.reduce<number>((product, d) => (typeof d === 'number' ? product * d : 0), 1) ?? 0,
});

/** Shapes of the padded form. */
const inferRows = (context: OpContext<NonMaxSuppressionAttributes>): Inferred[] => {
  const [boxes, scores] = [0, 1].map((i) => input(context as never, i));
  const [, , limit, ...thresholds] = context.inputs;
  for (const value of [boxes, scores, ...thresholds]) {
    if (value && value.dtype !== 'float32' && value.dtype !== 'float16')
      fail(`'${value.name}' must be float, got ${value.dtype}`);
  }
  for (const value of thresholds) {
    if (value?.shape && (value.shape.length > 1 || (value.shape[0] ?? 1) !== 1)) fail(`'${value.name}' must be one number`);
  }
  const most = context.inputs[2] ? constantNumbers(limit) : [0];
  if (most && most.length !== 1) fail(`max_output_boxes_per_class must be one number, got ${most.length}`);
  const [b, s] = [boxes?.shape, scores?.shape];
  if (b && b.length !== 3) fail(`boxes must be [batch, boxes, 4], got [${b.join(', ')}]`);
  if (s && s.length !== 3) fail(`scores must be [batch, classes, boxes], got [${s.join(', ')}]`);
  if (b) expectDim(b[2], 4, 'the last extent of the boxes');
  if (b && s) expectDim(s[0], b[0] as Dim, 'the batch of the scores');
  if (b && s) expectDim(s[2], b[1] as Dim, 'the number of the scores');
  const known = b && s && isConcrete(b) && isConcrete(s) && most;
  const rows = known ? b[0]! * s[1]! * Math.max(0, Math.min(most[0] as number, b[1]!)) : undefined;
  return [
    { dtype: 'int64', shape: rows === undefined ? undefined : [rows, 3] },
    { dtype: 'int64', shape: [1] },
  ];
};
