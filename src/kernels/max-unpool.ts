import { maxUnpool } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import type { MaxUnpoolAttributes } from '../ops/max-unpool.js';
import { sizeOf, stridesOf } from '../tensor/shape.js';
import { transposedWindows } from '../tensor/transposed-window.js';
import { stridedCopy } from './copy.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand } from './kernel.js';
import { collapseLoops, MAX_LOOPS } from './strides.js';

export const maxUnpoolKernel: Kernel = { name: 'max-unpool', wgsl: maxUnpool };
const WORKGROUP_SIZE = 64;
const ZERO: Operand = { packed: { layout: 'zero', words: new Uint32Array(1) } };

export const lowerMaxUnpool = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const a = attributes as MaxUnpoolAttributes;
  const x = inputs[0]!.shape;
  const y = outputs[0]!.shape;
  const none = { auto_pad: 'NOTSET', dilations: undefined, output_padding: undefined, output_shape: undefined } as const;
  const windows = transposedWindows(x.slice(2), { ...a, ...none }, a.kernel_shape);
  const pooled = [...x.slice(0, 2), ...windows.map(({ output }) => output)];
  const { extents, strides } = collapseLoops(pooled, [stridesOf(y)]);
  if (extents.length > MAX_LOOPS) throw new TilewiseError('unsupported-model', `more than ${MAX_LOOPS} separate axes`);
  const zeros = { x: ZERO, y: { output: 0 }, extents: y, xStrides: y.map(() => 0), yStrides: stridesOf(y) };
  const count = sizeOf(x);
  if (count === 0) return stridedCopy(zeros, facts);
  return [
    ...stridedCopy(zeros, facts),
    {
      kernel: maxUnpoolKernel,
      constants: { WORKGROUP_SIZE },
      operands: { x: { input: 0 }, indices: { input: 1 }, y: { output: 0 } },
      params: {
        count,
        rank: extents.length,
        size: sizeOf(pooled),
        extents: extents.reverse(),
        strides: strides[0]!.reverse(),
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
