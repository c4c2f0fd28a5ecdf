import { forEachIndex, positionOf, type Reference } from './reference.js';

export const reverseSequence: Reference = ([x, lens], { batch_axis, time_axis }) => {
  const { shape, data } = x!;
  const [batch, time] = [batch_axis, time_axis].map((axis) => ((axis as number) + shape.length) % shape.length) as [
    number,
    number,
  ];
  const y = new Float64Array(data.length);
  forEachIndex(shape, (index, at) => {
    const length = Math.min(lens!.data[index[batch] as number] as number, shape[time] as number);
    const t = index[time] as number;
    y[at] = data[positionOf(index.with(time, t < length ? length - 1 - t : t), shape)] as number;
  });
  return [y];
};
