import { pad } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import type { PadMode } from '../ops/pad.js';
import { type ConcreteShape, resolveAxis, sizeOf, stridesOf } from '../tensor/shape.js';
import { constantNumbers, optionalNumbers } from './constant-input.js';
import { ceilDiv, type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';
import { MAX_LOOPS } from './strides.js';

export const padKernel: Kernel = { name: 'pad', wgsl: pad };
const WORKGROUP_SIZE = 64;
/** Most neighbours that an invocation writes: on a GPU, neighbours are written by neighbouring invocations. */
const CPU_RUN = 16;
const GPU_RUN = 1;

/** Values of the kernel's MODE. */
const MODES: Readonly<Record<PadMode, number>> = { constant: 0, reflect: 1, edge: 2, wrap: 3 };
const ZERO = { layout: 'zero', words: new Uint32Array(1) };

/** One axis of the loop nest: `begin` and `end` elements are added around `extent` of them. */
interface Axis {
  extent: number;
  stride: number;
  begin: number;
  end: number;
}

export const lowerPad = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { axes, xOffset } = paddedAxes(
    inputs[0]!.shape,
    constantNumbers(inputs[1], 'the pads of a Pad'),
    optionalNumbers(inputs[3], 'the axes of a Pad'),
  );
  if (axes.length > MAX_LOOPS) {
    throw new TilewiseError('unsupported-model', `a Pad over ${axes.length} separate extents (at most ${MAX_LOOPS})`);
  }
  const lanes = vectorise(axes, xOffset) ? 4 : 1;
  axes.reverse();
  const extents = axes.map(({ extent, begin, end }) => begin + extent + end);
  const [length = 1] = extents;
  const run = Math.min(length, facts.kind === 'cpu' ? CPU_RUN : GPU_RUN);
  const count = (sizeOf(outputs[0]!.shape) / lanes / length) * ceilDiv(length, run);
  const mode = attributes.mode as PadMode;
  return [
    {
      kernel: padKernel,
      constants: { MODE: MODES[mode], NEAR: Number(axes.every((axis) => isNear(axis, mode))), RUN: run },
      definitions: { Elem: lanes === 4 ? 'vec4u' : 'u32' },
      operands: { x: { input: 0 }, fill: inputs[2] ? { input: 2 } : { packed: ZERO }, y: { output: 0 } },
      params: {
        count,
        rank: axes.length,
        x_offset: xOffset / lanes,
        shape: extents,
        begins: axes.map(({ begin }) => begin),
        x_extents: axes.map(({ extent }) => extent),
        x_strides: axes.map(({ stride }) => stride),
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};

/** The axes of the loop nest: negative pads become an offset and smaller extents, neighbours without pads become one. */
const paddedAxes = (
  shape: ConcreteShape,
  pads: readonly number[],
  given: readonly number[] = shape.map((_, i) => i),
): { axes: Axis[]; xOffset: number } => {
  const all = stridesOf(shape).map((stride, i): Axis => ({ extent: shape[i] as number, stride, begin: 0, end: 0 }));
  let xOffset = 0;
  given.forEach((named, i) => {
    const axis = all[resolveAxis(named, shape.length) as number] as Axis;
    const [begin, end] = [pads[i] as number, pads[given.length + i] as number];
    xOffset += Math.max(0, -begin) * axis.stride;
    axis.extent += Math.min(0, begin) + Math.min(0, end);
    axis.begin = Math.max(0, begin);
    axis.end = Math.max(0, end);
  });
  // A scalar is a row of one.
  const axes: Axis[] = all.length === 0 ? [{ extent: 1, stride: 1, begin: 0, end: 0 }] : [];
  for (const axis of all) {
    const last = axes.at(-1);
    const merges = last && !isPadded(last) && !isPadded(axis) && last.stride === axis.stride * axis.extent;
    if (merges) Object.assign(last, { extent: last.extent * axis.extent, stride: axis.stride });
    else axes.push(axis);
  }
  return { axes, xOffset };
};

/** True where an element outside stands for one that a single turn or step reaches. */
const isNear = ({ extent, begin, end }: Axis, mode: PadMode): boolean =>
  Math.max(begin, end) <= (mode === 'reflect' ? extent - 1 : extent);

const isPadded = ({ begin, end }: Axis): boolean => begin > 0 || end > 0;

/** Turns the axes into units of vec4 where whole ones are moved: no pads on the innermost axis, and everything in fours. */
const vectorise = (axes: readonly Axis[], xOffset: number): boolean => {
  const inner = axes.at(-1);
  if (!inner || isPadded(inner) || inner.extent % 4 !== 0 || xOffset % 4 !== 0) return false;
  const outer = axes.slice(0, -1);
  if (!outer.every(({ stride }) => stride % 4 === 0)) return false;
  inner.extent /= 4;
  for (const axis of outer) axis.stride /= 4;
  return true;
};
