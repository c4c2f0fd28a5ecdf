import { type Dim, mapDim, type Shape } from '../tensor/shape.js';
import { axisOf, constantNumbers, defineOperator, fail, input } from './operator.js';

const between = (v: number, least: number, most: number): number => Math.min(most, Math.max(least, v));

/** Elements of start:end:step (Python's rules) out of `extent`. */
const sliceLength = (extent: number, start: number, end: number, step: number): number => {
  const [least, most] = step > 0 ? [0, extent] : [-1, extent - 1];
  const from = between(start < 0 ? start + extent : start, step > 0 ? least : 0, most);
  const to = between(end < 0 ? end + extent : end, least, most);
  return Math.max(0, Math.ceil((to - from) / step));
};

/** Ends as far as exporters write "to the end": INT32_MAX or INT64_MAX. */
const TO_THE_END = 2 ** 31 - 1;

const sliced = (d: Dim, start: number, end: number, step: number): Dim =>
  start === 0 && end >= TO_THE_END && step === 1 && typeof d === 'string'
    ? d
    : mapDim(d, `slice ${start}:${end}:${step} `, (extent) => sliceLength(extent, start, end, step));

const slicedShape = (
  shape: Shape,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = starts.map((_, i) => i),
  steps: readonly number[] = starts.map(() => 1),
): Shape => {
  const lengths = [ends, axes, steps].map((list) => list.length);
  if (lengths.some((length) => length !== starts.length)) {
    fail(`starts, ends, axes and steps have ${[starts.length, ...lengths].join(', ')} elements`);
  }
  if (steps.includes(0)) fail('a step is 0');
  const out = [...shape];
  const seen = new Set<number>();
  axes.forEach((given, i) => {
    const axis = axisOf(given, shape.length);
    if (seen.has(axis)) fail(`axes [${axes.join(', ')}] name axis ${axis} twice`);
    seen.add(axis);
    out[axis] = sliced(shape[axis] as Dim, starts[i] as number, ends[i] as number, steps[i] as number);
  });
  return out;
};

/** x[start:end:step] along the given axes, as Python slices; inputs: data, starts, ends, axes, steps. */
export const slice = defineOperator({
  name: 'Slice',
  attributes: {},
  inputs: [3, 5],
  hostInputs: [1, 2, 3, 4],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const starts = constantNumbers(input(context as never, 1));
    const ends = constantNumbers(input(context as never, 2));
    const [axes, steps] = [context.inputs[3], context.inputs[4]].map(constantNumbers);
    const known = shape && starts && ends && !(context.inputs[3] && !axes) && !(context.inputs[4] && !steps);
    return [{ dtype, shape: known ? slicedShape(shape, starts, ends, axes, steps) : undefined }];
  },
});
