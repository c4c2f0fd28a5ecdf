import { binary } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import type { EpilogueStep } from '../graph/graph.js';
import { deviceElement } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { epilogueBody } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';
import { broadcastStrides, collapseLoops, MAX_LOOPS } from './strides.js';

export const binaryKernel: Kernel = { name: 'binary', wgsl: binary };
const WORKGROUP_SIZE = 64;

/** Elementwise operators of two inputs as WGSL statements over `a` and `b` of type `Elem`. */
export const combinations: Readonly<Record<string, string>> = {
  Add: 'return a + b;',
  Sub: 'return a - b;',
  Mul: 'return a * b;',
  Div: 'return a / b;',
  PRelu: 'return select(a, a * b, a < Elem(0));',
};

export const lowerBinary = ({ op, attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const shape = outputs[0]!.shape;
  const { extents, strides } = collapseLoops(shape, [
    broadcastStrides(inputs[0]!.shape, shape),
    broadcastStrides(inputs[1]!.shape, shape),
  ]);
  if (extents.length > MAX_LOOPS) {
    throw new TilewiseError('unsupported-model', `broadcasting over ${extents.length} separate extents (at most ${MAX_LOOPS})`);
  }
  const count = sizeOf(shape);
  return [
    {
      kernel: binaryKernel,
      definitions: { Elem: deviceElement(outputs[0]!.dtype) },
      functions: {
        combine: combinations[op] as string,
        epilogue: epilogueBody((attributes.epilogue ?? []) as readonly EpilogueStep[]),
      },
      operands: { a: { input: 0 }, b: { input: 1 }, y: { output: 0 } },
      params: {
        count,
        rank: extents.length,
        shape: extents.reverse(),
        a_strides: strides[0]!.reverse(),
        b_strides: strides[1]!.reverse(),
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
