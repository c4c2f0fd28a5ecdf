import { isNan } from '../../shaders/more.js';
import type { Attributes } from '../graph/graph.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const isNanKernel: Kernel = { name: 'is-nan', wgsl: isNan };
const WORKGROUP_SIZE = 64;

const bitsAre = (comparison: string): string => `return select(Elem(0), Elem(1), ${comparison});`;

const isInf = ({ detect_positive, detect_negative }: Attributes): string => {
  if (detect_positive && detect_negative) return bitsAre('(bits & Elem(0x7fffffffu)) == Elem(0x7f800000u)');
  if (!detect_positive && !detect_negative) return 'return Elem(0);';
  return bitsAre(`bits == Elem(${detect_positive ? '0x7f800000u' : '0xff800000u'})`);
};

/** Only the bits tell: compilers may assume that there is no NaN and no infinity. */
export const lowerIsNan = ({ op, attributes, outputs, facts }: KernelRequest): Dispatch[] => {
  const size = sizeOf(outputs[0]!.shape);
  const lanes = size % 4 === 0 ? 4 : 1;
  const count = size / lanes;
  const isNan = bitsAre('(bits & Elem(0x7fffffffu)) > Elem(0x7f800000u)');
  return [
    {
      kernel: isNanKernel,
      definitions: { Elem: lanes === 4 ? 'vec4u' : 'u32' },
      functions: { test: op === 'IsNaN' ? isNan : isInf(attributes) },
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: { count },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
