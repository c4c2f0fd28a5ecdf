import { forEachIndex, positionOf, type Reference } from './reference.js';

/** The element from 0 to extent - 1 that stands at `i`, which may be outside; undefined for the constant value. */
const source = (i: number, extent: number, mode: string): number | undefined => {
  if (i >= 0 && i < extent) return i;
  if (mode === 'constant') return undefined;
  if (mode === 'edge') return i < 0 ? 0 : extent - 1;
  if (mode === 'wrap') return source(i < 0 ? i + extent : i - extent, extent, mode);
  // Mirrored at the border element, and again at the other one as often as it takes.
  if (extent === 1) return 0;
  return source(i < 0 ? -i : 2 * (extent - 1) - i, extent, mode);
};

export const pad: Reference = ([x, pads, value, axes], { mode }, [output]) => {
  const rank = x!.shape.length;
  const begins = x!.shape.map(() => 0);
  const ends = x!.shape.map(() => 0);
  const padded = axes ? [...axes.data].map((axis) => (axis + rank) % rank) : x!.shape.map((_, axis) => axis);
  padded.forEach((axis, i) => {
    begins[axis] = pads!.data[i] as number;
    ends[axis] = pads!.data[padded.length + i] as number;
  });
  const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
  forEachIndex(output!.shape, (index, at) => {
    const from = index.map((o, axis) => {
      // Negative pads remove elements before the others are added.
      const removed = Math.max(0, -begins[axis]!);
      const extent = x!.shape[axis]! - removed - Math.max(0, -ends[axis]!);
      const i = source(o - Math.max(0, begins[axis]!), extent, mode as string);
      return i === undefined ? undefined : i + removed;
    });
    const inside = from.every((i) => i !== undefined);
    y[at] = inside ? (x!.data[positionOf(from, x!.shape)] as number) : (value?.data[0] ?? 0);
  });
  return [y];
};
