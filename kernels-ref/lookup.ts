import type { Reference } from './reference.js';

/** y = table[byte of x] */
export const lookup: Reference = ([x, table]) => [x!.data.map((v) => table!.data[v & 255] as number)];
