import { unary } from '../../shaders/index.js';
import type { EpilogueStep } from '../graph/graph.js';
import { deviceElement } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import { type Dispatch, type Kernel, type KernelRequest, spread } from './kernel.js';

export const unaryKernel: Kernel = { name: 'unary', wgsl: unary };

/** Every elementwise operator of one input: the operator itself is the first step of the epilogue. */
export const lowerUnary = ({ op, attributes, outputs, facts }: KernelRequest): Dispatch[] => {
  const element = deviceElement(outputs[0]!.dtype);
  const size = sizeOf(outputs[0]!.shape);
  const vector = size % 4 === 0;
  const { constants, count, workgroups } = spread(vector ? size / 4 : size, facts);
  const { epilogue = [], ...own } = attributes;
  const steps: readonly EpilogueStep[] = [{ op, attributes: own }, ...(epilogue as readonly EpilogueStep[])];
  return [
    {
      kernel: unaryKernel,
      constants,
      definitions: { Elem: vector ? `vec4<${element}>` : element },
      functions: { epilogue: epilogueBody(steps, vector ? 4 : 1, element) },
      libraries: epilogueLibraries(steps),
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: { count },
      workgroups,
    },
  ];
};
