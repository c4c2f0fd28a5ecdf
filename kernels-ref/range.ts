import type { Reference } from './reference.js';

export const range: Reference = ([start, , delta], _attributes, [output]) => [
  Float64Array.from(
    { length: output!.shape[0] as number },
    (_, i) => (start!.data[0] as number) + i * (delta!.data[0] as number),
  ),
];
