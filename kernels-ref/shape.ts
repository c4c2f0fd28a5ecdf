import type { Reference } from './reference.js';

export const shape: Reference = ([x], { start, end }) => [
  Float64Array.from(x!.shape.slice(start as number, end as number | undefined)),
];
