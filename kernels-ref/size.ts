import type { Reference } from './reference.js';

export const size: Reference = ([x]) => [Float64Array.of(x!.shape.reduce((a, b) => a * b, 1))];
