import { forEachIndex, positionOf, type Reference } from './reference.js';

export const compress: Reference = ([x, condition], { axis: given }, [output]) => {
  const shape = given === undefined ? [x!.data.length] : x!.shape;
  const axis = given === undefined ? 0 : ((given as number) + shape.length) % shape.length;
  const chosen = [...condition!.data.keys()].filter((i) => condition!.data[i] !== 0);
  const y: number[] = [];
  forEachIndex(output!.shape, (index) => {
    const source = index.with(axis, chosen[index[axis] as number] as number);
    y.push(x!.data[positionOf(source, shape)] as number);
  });
  return [Float64Array.from(y)];
};
