import type { CompressAttributes } from '../ops/compress.js';
import { resolveAxis, sizeOf } from '../tensor/shape.js';
import { constantNumbers } from './constant-input.js';
import { gatherKernel } from './gather.js';
import { type Dispatch, grid, type KernelRequest } from './kernel.js';

const WORKGROUP_SIZE = 64;

/** A Gather of the places where the condition is true. */
export const lowerCompress = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { axis: given } = attributes as CompressAttributes;
  const x = given === undefined ? [sizeOf(inputs[0]!.shape)] : inputs[0]!.shape;
  const axis = resolveAxis(given ?? 0, x.length) as number;
  const flags = constantNumbers(inputs[1], 'the condition of a Compress');
  const words = Int32Array.from(flags.flatMap((flag, i) => (flag === 0 ? [] : [i])));
  const inner = sizeOf(x.slice(axis + 1));
  const lanes = inner % 4 === 0 ? 4 : 1;
  const count = sizeOf(outputs[0]!.shape) / lanes;
  return [
    {
      kernel: gatherKernel,
      definitions: { Elem: lanes === 4 ? 'vec4u' : 'u32' },
      operands: { x: { input: 0 }, indices: { packed: { layout: 'places', words } }, y: { output: 0 } },
      params: { count, extent: x[axis] as number, picks: words.length, inner: inner / lanes },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
