import { softmax, softmaxWorkgroup } from '../../shaders/index.js';
import type { SoftmaxAttributes } from '../ops/softmax.js';
import { resolveAxis, sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';
import { withSubgroups } from './subgroup-sums.js';

export const softmaxKernel: Kernel = { name: 'softmax', wgsl: softmax };
export const softmaxWorkgroupKernel: Kernel = { name: 'softmax-workgroup', wgsl: softmaxWorkgroup };
const WORKGROUP_SIZE = 64;
/** Shorter rows are summed by one invocation each. */
const SHARED_LENGTH = 64;

const operands = { x: { input: 0 }, y: { output: 0 } } as const;

/** Softmax and LogSoftmax over [outer, length, inner]. */
export const lowerSoftmax = (request: KernelRequest): Dispatch[] => {
  const { op, outputs, facts } = request;
  const { axis, toEnd } = request.attributes as SoftmaxAttributes;
  const { shape } = outputs[0]!;
  const first = resolveAxis(axis, shape.length) as number;
  const last = toEnd ? shape.length : first + 1;
  const outer = sizeOf(shape.slice(0, first));
  const length = sizeOf(shape.slice(first, last));
  const inner = sizeOf(shape.slice(last));
  const LOGARITHM = Number(op === 'LogSoftmax');
  if (facts.kind === 'gpu' && inner === 1 && length >= SHARED_LENGTH) return [shared(outer, length, LOGARITHM, request)];
  const vector = inner % 4 === 0;
  const columns = vector ? inner / 4 : inner;
  return [
    {
      kernel: softmaxKernel,
      constants: { WORKGROUP_SIZE, LOGARITHM },
      definitions: elementDefinitions(vector),
      operands,
      params: { count: outer * columns, length, inner: columns },
      workgroups: grid(outer * columns, WORKGROUP_SIZE, facts),
    },
  ];
};

/** A workgroup for every row. */
const shared = (outer: number, length: number, LOGARITHM: number, { facts }: KernelRequest): Dispatch => {
  const vector = length % 4 === 0;
  const threads = length >= 2048 && facts.limits.maxComputeInvocationsPerWorkgroup >= 256 ? 256 : 64;
  const dispatch: Dispatch = {
    kernel: softmaxWorkgroupKernel,
    constants: { WORKGROUP_SIZE: threads, LOGARITHM },
    definitions: elementDefinitions(vector),
    functions: vector
      ? {
          largest: 'let p = larger(v, v.yxwz); return larger(p, p.zwxy);',
          total: 'return Elem(v.x + v.y + v.z + v.w);',
        }
      : {},
    operands,
    params: { outer, length: vector ? length / 4 : length },
    workgroups: grid(outer, 1, facts),
  };
  return withSubgroups(dispatch, facts, threads);
};

const elementDefinitions = (vector: boolean): Record<string, string> => (vector ? { Elem: 'vec4f', Bits: 'vec4u' } : {});
