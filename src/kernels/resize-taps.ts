import { resizeTaps } from '../../shaders/more.js';
import type { ResizeAttributes } from '../ops/resize.js';
import { type ConcreteShape, sizeOf } from '../tensor/shape.js';
import type { DeviceFacts } from './facts.js';
import { type Dispatch, grid, type Kernel, type Operand } from './kernel.js';

export const resizeTapsKernel: Kernel = { name: 'resize-taps', wgsl: resizeTaps };
const WORKGROUP_SIZE = 64;

/** What an element of the resized axis is made of: elements of x with weights, and a number beside them. */
export interface WideTap {
  readonly taps: readonly (readonly [index: number, weight: number])[];
  readonly offset: number;
}

/** The element weight of a distance, and the distance from which on it is 0. */
interface Window {
  readonly reach: number;
  readonly weight: (distance: number) => number;
}

const triangle: Window = { reach: 1, weight: (d) => Math.max(0, 1 - d) };

/** Keys's convolution of parameter a. */
const keys = (a: number): Window => ({
  reach: 2,
  weight: (d) => {
    if (d >= 2) return 0;
    return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  },
});

/** The taps of the place `x` (undefined: outside, where the value is stated) on an axis of `before` elements. */
export const wideTap = (a: ResizeAttributes, x: number | undefined, before: number, scale: number): WideTap => {
  if (x === undefined) return { taps: [], offset: a.extrapolation_value };
  const window = a.mode === 'cubic' ? keys(a.cubic_coeff_a) : triangle;
  const shrink = a.antialias ? Math.min(1, scale) : 1;
  const taps: [number, number][] = [];
  let total = 0;
  for (let i = Math.ceil(x - window.reach / shrink); i <= x + window.reach / shrink; i++) {
    const weight = window.weight(Math.abs(i - x) * shrink);
    if (weight === 0 || (a.exclude_outside && (i < 0 || i >= before))) continue;
    taps.push([Math.min(before - 1, Math.max(0, i)), weight]);
    total += weight;
  }
  return { taps: taps.map(([index, weight]) => [index, weight / total]), offset: 0 };
};

export const isIdentityTap = ({ taps, offset }: WideTap, index: number): boolean =>
  offset === 0 && taps.length === 1 && taps[0]?.[0] === index && taps[0][1] === 1;

/** One launch, which resizes one axis. */
export const resizeOne = (
  axis: number,
  list: readonly WideTap[],
  shape: ConcreteShape,
  [x, y]: readonly [Operand, Operand],
  facts: DeviceFacts,
): Dispatch => {
  const inner = sizeOf(shape.slice(axis + 1));
  const lanes = inner % 4 === 0 ? 4 : 1;
  const count = (sizeOf(shape.slice(0, axis)) * list.length * inner) / lanes;
  const reach = list.reduce((most, { taps }) => Math.max(most, taps.length), 1);
  return {
    kernel: resizeTapsKernel,
    definitions: { Elem: lanes === 4 ? 'vec4f' : 'f32' },
    operands: { x, taps: { packed: { layout: 'taps', words: packTaps(list, reach) } }, y },
    params: { count, x_extent: shape[axis] as number, y_extent: list.length, inner: inner / lanes, reach },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

/** The kernel's `array<Tap>`. */
const packTaps = (list: readonly WideTap[], reach: number): Uint32Array => {
  const words = new Uint32Array(2 * (reach + 1) * list.length);
  const floats = new Float32Array(words.buffer);
  list.forEach(({ taps, offset }, j) => {
    const first = j * (reach + 1);
    taps.forEach(([index, weight], k) => {
      words[2 * (first + k)] = index;
      floats[2 * (first + k) + 1] = weight;
    });
    floats[2 * (first + reach) + 1] = offset;
  });
  return words;
};
