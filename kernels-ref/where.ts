import { broadcastIndex, forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

/** y[i] = condition[i] ? a[i] : b[i] */
export const where: Reference = ([condition, a, b], _attributes, [output]) => {
  const y: number[] = [];
  forEachIndex(output!.shape, (index) => {
    const at = ({ shape, data }: RefTensor): number => data[positionOf(broadcastIndex(index, shape), shape)] as number;
    y.push(at(condition!) ? at(a!) : at(b!));
  });
  return [Float64Array.from(y)];
};
