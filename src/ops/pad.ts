import type { Attributes } from '../graph/graph.js';
import { addDims, type Dim, type Shape } from '../tensor/shape.js';
import { word } from './attributes.js';
import { axisOf, constantNumbers, defineOperator, fail, input } from './operator.js';

export type PadMode = 'constant' | 'reflect' | 'edge' | 'wrap';

export interface PadAttributes extends Attributes {
  readonly mode: PadMode;
}

const paddedShape = (
  shape: Shape,
  pads: readonly number[],
  axes: readonly number[] = shape.map((_, i) => i),
  mode: PadMode,
): Shape => {
  if (pads.length !== 2 * axes.length) fail(`pads must have ${2 * axes.length} elements, got ${pads.length}`);
  const out = [...shape];
  const seen = new Set<number>();
  axes.forEach((given, i) => {
    const axis = axisOf(given, shape.length);
    if (seen.has(axis)) fail(`axes [${axes.join(', ')}] name axis ${axis} twice`);
    seen.add(axis);
    out[axis] = paddedExtent(shape[axis] as Dim, pads[i] as number, pads[axes.length + i] as number, mode, axis);
  });
  return out;
};

const paddedExtent = (extent: Dim, begin: number, end: number, mode: PadMode, axis: number): Dim => {
  const cropped = typeof extent === 'number' ? extent + Math.min(begin, 0) + Math.min(end, 0) : undefined;
  if (cropped !== undefined && cropped < 0)
    fail(`pads ${begin} and ${end} take more than the ${extent} elements of axis ${axis}`);
  if (mode !== 'constant' && cropped === 0 && (begin > 0 || end > 0)) {
    fail(`mode '${mode}' needs elements, but axis ${axis} has none`);
  }
  return addDims(extent, begin + end);
};

/**
 * x with `pads` (input 1: all begins, then all ends) elements added along each of `axes` (input 3); negative pads remove
 * elements first. Mode constant adds input 2 (0 where absent), edge repeats the border, reflect mirrors without
 * repeating the border, wrap begins again at the other side; reflections repeat as often as the pad is long.
 */
export const pad = defineOperator<PadAttributes>({
  name: 'Pad',
  attributes: { mode: word<PadMode>(['constant', 'reflect', 'edge', 'wrap'], 'constant') },
  inputs: [2, 4],
  hostInputs: [1, 3],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const pads = constantNumbers(input(context as never, 1));
    const [, , value, axesInput] = context.inputs;
    const axes = constantNumbers(axesInput);
    if (value && value.dtype !== dtype) fail(`the constant value must be ${dtype}, got ${value.dtype}`);
    if (value?.shape?.some((d) => typeof d === 'number' && d !== 1)) fail('the constant value must be one element');
    const known = shape && pads && (axes || !axesInput);
    return [{ dtype, shape: known ? paddedShape(shape, pads, axes, context.attributes.mode) : undefined }];
  },
});
