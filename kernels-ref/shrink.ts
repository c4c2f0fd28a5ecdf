import type { Reference } from './reference.js';

export const shrink: Reference = ([x], attributes) => {
  const [lambd, bias] = [attributes.lambd as number, attributes.bias as number];
  return [x!.data.map((v) => (v < -lambd ? v + bias : v > lambd ? v - bias : 0))];
};
