import type { EpilogueStep } from '../graph/graph.js';
import type { Dispatch, KernelRequest, TensorInfo } from './kernel.js';
import { reduceOver } from './reduce.js';

const REDUCTIONS: Readonly<Record<string, string>> = { GlobalAveragePool: 'ReduceMean', GlobalMaxPool: 'ReduceMax' };

/** Global pools are reductions over the spatial axes. */
export const lowerGlobalPool = ({ op, attributes, inputs, facts }: KernelRequest): Dispatch[] => {
  const x = inputs[0] as TensorInfo;
  const channels = attributes.channelsLast ? x.shape.length - 1 : 1;
  const spatial = x.shape.map((_, axis) => axis).filter((axis) => axis !== 0 && axis !== channels);
  return [reduceOver(REDUCTIONS[op] as string, x, spatial, attributes.epilogue as readonly EpilogueStep[], facts)];
};
