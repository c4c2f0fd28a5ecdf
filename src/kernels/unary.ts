import { unary } from '../../shaders/index.js';
import type { EpilogueStep } from '../graph/graph.js';
import { deviceElement } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const unaryKernel: Kernel = { name: 'unary', wgsl: unary };
const WORKGROUP_SIZE = 64;

/** Every elementwise operator of one input: the operator itself is the first step of the epilogue. */
export const lowerUnary = ({ op, attributes, outputs, facts }: KernelRequest): Dispatch[] => {
  const element = deviceElement(outputs[0]!.dtype);
  const size = sizeOf(outputs[0]!.shape);
  const vector = size % 4 === 0;
  const count = vector ? size / 4 : size;
  const { epilogue = [], ...own } = attributes;
  const steps: readonly EpilogueStep[] = [{ op, attributes: own }, ...(epilogue as readonly EpilogueStep[])];
  return [
    {
      kernel: unaryKernel,
      definitions: { Elem: vector ? `vec4<${element}>` : element },
      functions: { epilogue: epilogueBody(steps, vector ? 4 : 1, element) },
      libraries: epilogueLibraries(steps),
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: { count },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
