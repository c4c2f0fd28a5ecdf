import type { Value } from '../graph/graph.js';
import type { Dim } from '../tensor/shape.js';
import { constantNumbers, fail } from './operator.js';

/** Fails unless the value holds int32 or int64 numbers. */
export const expectIndexType = ({ dtype }: Value): void => {
  if (dtype !== 'int32' && dtype !== 'int64') fail(`indices must be int32 or int64, got ${dtype}`);
};

/** Fails where constant indices into axes of these extents (repeating through the numbers) are out of range. */
export const expectIndicesInRange = (indices: Value, extents: readonly (Dim | undefined)[]): void => {
  constantNumbers(indices)?.forEach((index, at) => {
    const extent = extents[at % extents.length];
    if (typeof extent === 'number' && (index < -extent || index >= extent)) {
      fail(`index ${index} is out of range for an axis of extent ${extent}`);
    }
  });
};
