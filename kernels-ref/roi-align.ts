import type { RoiAlignAttributes } from '../src/ops/roi-align.js';
import { forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

/** The four weighted pixels around a place of one plane of x; zeros where it is more than a pixel outside. */
const around = (x: RefTensor, n: number, c: number, row: number, column: number): number[] => {
  const [height, width] = x.shape.slice(2) as [number, number];
  if (row < -1 || row > height || column < -1 || column > width) return [0, 0, 0, 0];
  const [v, h] = [Math.max(0, row), Math.max(0, column)];
  const [top, left] = [Math.min(Math.floor(v), height - 1), Math.min(Math.floor(h), width - 1)];
  const [below, right] = [Math.min(top + 1, height - 1), Math.min(left + 1, width - 1)];
  const [down, across] = [top === height - 1 ? 0 : v - top, left === width - 1 ? 0 : h - left];
  const at = (y: number, z: number): number => x.data[positionOf([n, c, y, z], x.shape)] as number;
  return [
    (1 - down) * (1 - across) * at(top, left),
    (1 - down) * across * at(top, right),
    down * (1 - across) * at(below, left),
    down * across * at(below, right),
  ];
};

/** ONNX RoiAlign; the maximum is of weighted pixels, as the standard's own reference has it. */
export const roiAlign: Reference = ([x, regions, images], attributes, [output]) => {
  const a = attributes as RoiAlignAttributes;
  const aligned = a.coordinate_transformation_mode === 'half_pixel';
  const y = new Float64Array(output!.shape.reduce((p, d) => p * d, 1));
  forEachIndex(output!.shape, (index, position) => {
    const [r, c, row, column] = index as readonly [number, number, number, number];
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map(
      (k) => (regions!.data[4 * r + k] as number) * a.spatial_scale - (aligned ? 0.5 : 0),
    ) as [number, number, number, number];
    const [height, width] = aligned ? [y2 - y1, x2 - x1] : [Math.max(1, y2 - y1), Math.max(1, x2 - x1)];
    const [binHeight, binWidth] = [height / a.output_height, width / a.output_width];
    const rows = a.sampling_ratio || Math.max(0, Math.ceil(binHeight));
    const columns = a.sampling_ratio || Math.max(0, Math.ceil(binWidth));
    const samples: number[][] = [];
    forEachIndex([rows, columns], ([i, j]) => {
      const v = y1 + row * binHeight + ((i! + 0.5) * binHeight) / rows;
      const h = x1 + column * binWidth + ((j! + 0.5) * binWidth) / columns;
      samples.push(around(x!, images!.data[r] as number, c, v, h));
    });
    const all = samples.flat();
    if (a.mode === 'max') y[position] = all.length > 0 ? Math.max(...all) : 0;
    else y[position] = all.reduce((s, v) => s + v, 0) / Math.max(1, samples.length);
  });
  return [y];
};
