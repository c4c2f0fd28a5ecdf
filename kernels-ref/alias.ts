import type { Reference } from './reference.js';

/** Operators that only change the shape: Identity, Dropout, Reshape, Flatten, Squeeze, Unsqueeze. */
export const alias: Reference = ([x]) => [x!.data];
