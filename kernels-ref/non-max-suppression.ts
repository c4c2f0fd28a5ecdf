import type { Reference } from './reference.js';

interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

const boxOf = ([a, b, c, d]: readonly number[], isCentre: boolean): Box =>
  isCentre
    ? { top: b! - d! / 2, left: a! - c! / 2, bottom: b! + d! / 2, right: a! + c! / 2 }
    : { top: Math.min(a!, c!), left: Math.min(b!, d!), bottom: Math.max(a!, c!), right: Math.max(b!, d!) };

const areaOf = ({ top, left, bottom, right }: Box): number => (bottom - top) * (right - left);

/** Area that both cover, over the area that either covers; 0 where a box has no area. */
const overlap = (a: Box, b: Box): number => {
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const both = Math.max(0, height) * Math.max(0, width);
  return areaOf(a) > 0 && areaOf(b) > 0 ? both / (areaOf(a) + areaOf(b) - both) : 0;
};

export const nonMaxSuppression: Reference = ([boxes, scores, limit, iou, threshold], { center_point_box }, [output]) => {
  const [batch, classes, count] = scores!.shape as [number, number, number];
  const least = threshold ? (threshold.data[0] as number) : Number.NEGATIVE_INFINITY;
  const most = limit?.data[0] ?? 0;
  const rows: number[] = [];
  for (let image = 0; image < batch; image++) {
    const all = Array.from({ length: count }, (_, i) => {
      const at = (image * count + i) * 4;
      return boxOf([...boxes!.data.subarray(at, at + 4)], center_point_box === 1);
    });
    for (let label = 0; label < classes; label++) {
      const score = (i: number): number => scores!.data[(image * classes + label) * count + i] as number;
      const order = [...all.keys()].filter((i) => score(i) > least).sort((i, j) => score(j) - score(i) || i - j);
      const chosen: number[] = [];
      for (const i of order) {
        const isFree = chosen.every((j) => overlap(all[i] as Box, all[j] as Box) <= (iou?.data[0] ?? 0));
        if (isFree && chosen.length < most) chosen.push(i);
      }
      rows.push(...chosen.flatMap((i) => [image, label, i]));
    }
  }
  const padded = new Float64Array(output!.shape[0]! * 3);
  padded.set(rows);
  return [padded, Float64Array.of(rows.length / 3)];
};
