import type { Attributes } from '../graph/graph.js';
import type { AutoPad, WindowAttributes } from '../tensor/window.js';
import { type AttributeSchema, ints, word } from './attributes.js';

/** For the operators; lowerings, which may not import this room, take them from tensor/window.ts itself. */
export { outputExtents, slidingWindows, type Window } from '../tensor/window.js';

/**
 * The ONNX attributes that convolution and pooling share. What follows from them is in tensor/window.ts:
 *
 *     attributes: { ...spatialAttributes, epilogue: epilogue() },
 *     infer: ... shape: [n, c, ...outputExtents([h, w], attributes, [3, 3])]
 *     lowering: const [rows, columns] = slidingWindows([7, 7], attributes, [3, 3]); rows.padBegin, rows.output, ...
 */
export interface SpatialAttributes extends WindowAttributes, Attributes {
  readonly auto_pad: AutoPad;
  readonly dilations: readonly number[] | undefined;
  readonly kernel_shape: readonly number[] | undefined;
  readonly pads: readonly number[] | undefined;
  readonly strides: readonly number[] | undefined;
}

export const spatialAttributes: AttributeSchema<SpatialAttributes> = {
  auto_pad: word<AutoPad>(['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'], 'NOTSET'),
  dilations: ints(1),
  kernel_shape: ints(1),
  pads: ints(0),
  strides: ints(1),
};
