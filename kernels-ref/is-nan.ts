import type { Reference } from './reference.js';

export const isNan: Reference = ([x]) => [x!.data.map((v) => Number(Number.isNaN(v)))];

export const isInf: Reference = ([x], { detect_negative, detect_positive }) => [
  x!.data.map((v) =>
    Number((detect_positive && v === Number.POSITIVE_INFINITY) || (detect_negative && v === Number.NEGATIVE_INFINITY)),
  ),
];
