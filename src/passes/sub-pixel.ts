import { greatestCommonDivisor } from '../tensor/shape.js';
import type { TransposedWindow } from '../tensor/transposed-window.js';

/**
 * Along one axis: a convolution of stride 1 whose result at position q holds the elements q * block - crop + place of a
 * transposed convolution, for every place in the block.
 */
export interface SubPixelAxis {
  readonly block: number;
  /** Elements of the first block that come before the result. */
  readonly crop: number;
  /** Elements of the result. */
  readonly output: number;
  readonly positions: number;
  readonly kernel: number;
  readonly dilation: number;
  readonly padBegin: number;
  readonly padEnd: number;
  /** For each place: which tap of the transposed convolution stands at each tap of the convolution, -1 for none. */
  readonly taps: readonly (readonly number[])[];
}

/** Blocks of one size along all axes, as DepthToSpace wants them; undefined where there are none. */
export const blocksFor = (windows: readonly TransposedWindow[]): readonly SubPixelAxis[] | undefined => {
  // A single element reaches every place, whatever the stride.
  const single = windows.every(({ input, output }) => input === 1 && output <= MOST_PLACES);
  const block = single ? Math.max(...windows.map(({ output }) => output)) : windows[0]?.stride;
  if (!block || !windows.every(({ stride, output }) => (single || stride === block) && output > 0)) return undefined;
  const axes = windows.map((window) => axisFor({ ...window, stride: block }));
  return block === 1 && axes.some(({ positions, output }) => positions !== output) ? undefined : axes;
};

const MOST_PLACES = 16;

/** The crop that takes the least work: with it, taps of all places stand at the same elements of x. */
const axisFor = (window: TransposedWindow): SubPixelAxis =>
  Array.from({ length: window.stride }, (_, crop) => axisWith(window, crop)).reduce((best, axis) =>
    axis.positions * axis.kernel < best.positions * best.kernel ? axis : best,
  );

const axisWith = ({ input, kernel, stride, dilation, padBegin, output }: TransposedWindow, crop: number): SubPixelAxis => {
  const wanted = Math.ceil((output + crop) / stride);
  // The element of x, from position q on, that a tap multiplies at a place of the block.
  const reached = Array.from({ length: stride }, (_, place) =>
    Array.from({ length: kernel }, (_, k) => (place - crop + padBegin - k * dilation) / stride),
  );
  const isRead = (at: number): boolean => Number.isInteger(at) && at > -wanted && at < input;
  const all = reached.flat().filter(isRead);
  const low = Math.min(0, ...all);
  const high = Math.max(low, ...all);
  const step = all.reduce((a, at) => greatestCommonDivisor(a, at - low), 0) || 1;
  const taps = reached.map((list) =>
    Array.from({ length: (high - low) / step + 1 }, (_, u) => list.findIndex((at) => isRead(at) && at === low + u * step)),
  );
  const padEnd = Math.max(0, wanted - input + high);
  const positions = input - high + padEnd;
  return {
    block: stride,
    crop,
    output,
    positions,
    kernel: taps[0]?.length ?? 1,
    dilation: step,
    padBegin: 0 - low,
    padEnd,
    taps,
  };
};

/**
 * The weight [O, I/group, ...] of the convolution, from that of the transposed convolution, [I, O/group, ...]. The places
 * of a block come before the outputs, as in DepthToSpace's mode DCR; groups are for blocks of one place.
 */
export const subPixelWeight = (
  weight: ArrayLike<number>,
  [inputs = 0, groupOutputs = 0, ...kernel]: readonly number[],
  group: number,
  axes: readonly SubPixelAxis[],
): { readonly numbers: Float64Array; readonly dims: readonly number[] } => {
  const tapsOfPlaces = axes.reduce<number[][]>((places, axis, i) => crossed(places, axis, kernel[i] as number), [[0]]);
  const window = kernel.reduce((a, b) => a * b, 1);
  const groupInputs = inputs / group;
  const outputs = groupOutputs * group;
  const size = tapsOfPlaces[0]?.length ?? 1;
  const numbers = new Float64Array(tapsOfPlaces.length * outputs * groupInputs * size);
  let at = 0;
  for (const taps of tapsOfPlaces) {
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < groupInputs; i++) {
        const input = Math.floor(o / groupOutputs) * groupInputs + i;
        const first = (input * groupOutputs + (o % groupOutputs)) * window;
        for (const tap of taps) numbers[at++] = tap < 0 ? 0 : (weight[first + tap] as number);
      }
    }
  }
  return { numbers, dims: [tapsOfPlaces.length * outputs, groupInputs, ...axes.map((axis) => axis.kernel)] };
};

/** Every place so far with every place of a further axis: taps as indices into the kernel, row-major. */
const crossed = (places: readonly number[][], { taps }: SubPixelAxis, extent: number): number[][] =>
  places.flatMap((before) =>
    taps.map((list) => before.flatMap((b) => list.map((tap) => (b < 0 || tap < 0 ? -1 : b * extent + tap)))),
  );

/** Numbers of the channels, one after the other for each place of a block. */
export const repeatChannels = (numbers: Float64Array, axes: readonly SubPixelAxis[]): Float64Array => {
  const places = axes.reduce((count, { block }) => count * block, 1);
  const repeated = new Float64Array(numbers.length * places);
  for (let at = 0; at < repeated.length; at += numbers.length) repeated.set(numbers, at);
  return repeated;
};
