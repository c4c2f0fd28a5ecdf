import { copy } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import { type ConcreteShape, sizeOf } from '../tensor/shape.js';
import type { DeviceFacts } from './facts.js';
import { type Dispatch, type Kernel, type Operand, spread } from './kernel.js';
import { collapseLoops, MAX_LOOPS } from './strides.js';

export const copyKernel: Kernel = { name: 'copy', wgsl: copy };

/** A loop nest that moves one element from x to y at each turn; strides and offsets in elements. */
export interface StridedCopy {
  readonly x: Operand;
  readonly y: Operand;
  readonly extents: ConcreteShape;
  readonly xStrides: readonly number[];
  readonly yStrides: readonly number[];
  readonly xOffset?: number;
  readonly yOffset?: number;
}

/** The launches for a strided copy: none where there is nothing to move. */
export const stridedCopy = (
  { x, y, extents: all, xStrides, yStrides, xOffset = 0, yOffset = 0 }: StridedCopy,
  facts: DeviceFacts,
): Dispatch[] => {
  if (sizeOf(all) === 0) return [];
  const { extents, strides } = collapseLoops(all, [xStrides, yStrides]);
  if (extents.length > MAX_LOOPS) {
    throw new TilewiseError('unsupported-model', `a copy over ${extents.length} separate extents (at most ${MAX_LOOPS})`);
  }
  const [xs, ys] = strides as [number[], number[]];
  const lanes = vectorises(extents, [xs, ys], [xOffset, yOffset]) ? 4 : 1;
  const inner = extents.length - 1;
  const shape = lanes === 4 ? extents.with(inner, (extents[inner] as number) / 4) : extents;
  const inLanes = (list: readonly number[]): number[] =>
    lanes === 4 ? list.map((stride, k) => (k === inner ? stride : stride / 4)).reverse() : list.toReversed();
  const { constants, count, workgroups } = spread(sizeOf(shape), facts);
  return [
    {
      kernel: copyKernel,
      constants: { ...constants, RANK: shape.length },
      definitions: { Elem: lanes === 4 ? 'vec4u' : 'u32' },
      operands: { x, y },
      params: {
        count,
        x_offset: xOffset / lanes,
        y_offset: yOffset / lanes,
        shape: shape.toReversed(),
        x_strides: inLanes(xs),
        y_strides: inLanes(ys),
      },
      workgroups,
    },
  ];
};

/** True where both sides move whole aligned vec4s: unit innermost strides, and everything else in fours. */
const vectorises = (extents: readonly number[], strides: readonly (readonly number[])[], offsets: readonly number[]): boolean => {
  const inner = extents.length - 1;
  return (
    inner >= 0 &&
    (extents[inner] as number) % 4 === 0 &&
    offsets.every((offset) => offset % 4 === 0) &&
    strides.every((list) => list.every((stride, k) => (k === inner ? stride === 1 : stride % 4 === 0)))
  );
};
