import { roundHalfEven } from '../src/tensor/float16.js';
import { forEachIndex, positionOf, type Reference } from './reference.js';

/** Keys's cubic of parameter -0.75. */
const keys = (d: number): number => (d <= 1 ? 1.25 * d ** 3 - 2.25 * d ** 2 + 1 : -0.75 * d ** 3 + 3.75 * d ** 2 - 6 * d + 3);

/** Pixels along an axis of n, with the weights they have at the place v; -1 stands for a pixel of zeros. */
const pixelsAt = (v: number, n: number, mode: unknown, padding: unknown, align: unknown): (readonly [number, number])[] => {
  const place = align ? ((v + 1) / 2) * (n - 1) : ((v + 1) * n - 1) / 2;
  const inside = (i: number): number => {
    if (i >= 0 && i < n) return i;
    if (padding === 'zeros') return -1;
    if (padding === 'border') return Math.max(0, Math.min(n - 1, i));
    if (align && n === 1) return 0;
    // Mirrored at the middles of the outermost pixels or, not aligned, at their edges.
    const [first, last] = align ? [0, n - 1] : [-0.5, n - 0.5];
    let mirrored = i;
    while (mirrored < first || mirrored > last) mirrored = mirrored < first ? 2 * first - mirrored : 2 * last - mirrored;
    return mirrored;
  };
  if (mode === 'nearest') return [[inside(roundHalfEven(place)), 1]];
  const low = Math.floor(place);
  if (mode === 'cubic') return [-1, 0, 1, 2].map((k) => [inside(low + k), keys(Math.abs(place - low - k))] as const);
  return [
    [inside(low), low + 1 - place],
    [inside(low + 1), place - low],
  ];
};

export const gridSample: Reference = ([x, grid], attributes, [output]) => {
  const { mode, padding_mode, align_corners } = attributes;
  const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
  const image = x!.shape.slice(2);
  forEachIndex(output!.shape, ([n, c, ...pixel], at) => {
    const axes = image.map((extent, axis) => {
      const v = grid!.data[positionOf([n as number, ...pixel, image.length - 1 - axis], grid!.shape)] as number;
      return pixelsAt(v, extent, mode, padding_mode, align_corners);
    });
    forEachIndex(
      axes.map((list) => list.length),
      (choice) => {
        const chosen = choice.map((k, axis) => axes[axis]![k] as readonly [number, number]);
        if (chosen.some(([i]) => i < 0)) return;
        const from = positionOf([n as number, c as number, ...chosen.map(([i]) => i)], x!.shape);
        (y[at] as number) += chosen.reduce((product, [, weight]) => product * weight, x!.data[from] as number);
      },
    );
  });
  return [y];
};
