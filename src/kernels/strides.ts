import { type ConcreteShape, stridesOf } from '../tensor/shape.js';

/** Strides of `shape` seen as `target` (right-aligned): 0 along every broadcast extent. */
export const broadcastStrides = (shape: ConcreteShape, target: ConcreteShape): number[] => {
  const strides = stridesOf(shape);
  return target.map((_, i) => {
    const k = i - (target.length - shape.length);
    return k >= 0 && shape[k] !== 1 ? (strides[k] as number) : 0;
  });
};

/** A loop nest: extents with one stride per operand, outermost first. */
export interface Loops {
  readonly extents: number[];
  readonly strides: number[][];
}

/**
 * The same loop nest with fewer loops: extents of 1 are dropped, and neighbours are merged where every operand steps
 * through both as through one.
 */
export const collapseLoops = (extents: ConcreteShape, strides: readonly (readonly number[])[]): Loops => {
  const out: Loops = { extents: [], strides: strides.map(() => []) };
  extents.forEach((extent, i) => {
    if (extent === 1) return;
    const last = out.extents.length - 1;
    const merges = last >= 0 && strides.every((s, k) => out.strides[k]![last] === (s[i] as number) * extent);
    if (merges) {
      out.extents[last] = (out.extents[last] as number) * extent;
      strides.forEach((s, k) => (out.strides[k]![last] = s[i] as number));
    } else {
      out.extents.push(extent);
      strides.forEach((s, k) => out.strides[k]!.push(s[i] as number));
    }
  });
  return out;
};

/** Most loops that the strided kernels can run (Params hold two vec4u for each list). */
export const MAX_LOOPS = 8;
