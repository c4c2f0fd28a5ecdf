import { TilewiseError } from '../errors.js';
import { type ConcreteShape, stridesOf } from '../tensor/shape.js';
import type { Window } from '../tensor/window.js';

/** Spatial axes that the kernels of three of them take; fewer stand at the end, after axes of one element. */
export const SPATIAL_AXES = 3;

/** Three numbers and an unread one, for a vec4 of Params. */
export const triple = (list: readonly number[], missing: number): number[] => [
  ...new Array<number>(SPATIAL_AXES - list.length).fill(missing),
  ...list,
  0,
];

export const rejectMoreAxes = (op: string, axes: number): void => {
  if (axes > SPATIAL_AXES) {
    throw new TilewiseError('unsupported-model', `${op} over ${axes} spatial axes has no kernel (at most ${SPATIAL_AXES})`);
  }
};

/** Params fields that say where the elements of x lie. */
export const placesOf = (x: ConcreteShape, channelsLast: boolean) => {
  const strides = stridesOf(x);
  return {
    x_n: strides[0] as number,
    x_c: (channelsLast ? strides.at(-1) : strides[1]) as number,
    x_strides: triple(channelsLast ? strides.slice(1, -1) : strides.slice(2), 0),
  };
};

/** What sliding and transposed windows share. */
type AnyWindow = Pick<Window, 'input' | 'kernel' | 'stride' | 'dilation' | 'padBegin' | 'output'>;

/** Params fields that say how the windows lie and move. */
export const stepsOf = (windows: readonly AnyWindow[]) => ({
  in_extents: triple(
    windows.map(({ input }) => input),
    1,
  ),
  out_extents: triple(
    windows.map(({ output }) => output),
    1,
  ),
  kernel: triple(
    windows.map(({ kernel }) => kernel),
    1,
  ),
  strides: triple(
    windows.map(({ stride }) => stride),
    1,
  ),
  dilations: triple(
    windows.map(({ dilation }) => dilation),
    1,
  ),
  pads: triple(
    windows.map(({ padBegin }) => padBegin),
    0,
  ),
});
