import { forEachIndex, positionOf, type Reference } from './reference.js';

export const affineGrid: Reference = ([theta], { align_corners }, [output]) => {
  const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
  const image = output!.shape.slice(1, -1);
  const coordinate = (i: number, n: number): number => {
    if (!align_corners) return (2 * i + 1) / n - 1;
    return n === 1 ? 0 : (2 * i) / (n - 1) - 1;
  };
  forEachIndex(output!.shape, (index, at) => {
    const [n, component] = [index[0] as number, index.at(-1) as number];
    const point = image.map((extent, axis) => coordinate(index[1 + axis] as number, extent)).reverse();
    y[at] = [...point, 1].reduce(
      (sum, v, k) => sum + v * (theta!.data[positionOf([n, component, k], theta!.shape)] as number),
      0,
    );
  });
  return [y];
};
