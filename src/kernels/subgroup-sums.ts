import type { DeviceFacts } from './facts.js';
import type { Dispatch } from './kernel.js';

/**
 * What makes a kernel that reduces over a workgroup (`const SUBGROUP`, `fn neighbour`) reduce within subgroups first, by
 * exchanging registers; without equal subgroups, nothing. The invocations of a subgroup follow each other in a
 * workgroup, which the specification leaves open and every implementation does for workgroups of one dimension.
 */
export const withSubgroups = (
  dispatch: Dispatch,
  { features, subgroupSize = 1 }: DeviceFacts,
  workgroupSize: number,
): Dispatch =>
  features.includes('subgroups') && subgroupSize > 1 && workgroupSize % subgroupSize === 0
    ? {
        ...dispatch,
        definitions: { ...dispatch.definitions, SUBGROUP: subgroupSize },
        functions: { ...dispatch.functions, neighbour: 'return subgroupShuffleXor(v, step);' },
        enables: ['subgroups'],
      }
    : dispatch;
