import type { Reference } from './reference.js';

/** a - b cos(turn) + c cos(2 turn), with one turn over the window; not periodic, its ends are equal. */
const cosineWindow =
  (a: number, b: number, c: number): Reference =>
  (_, { periodic }, [output]) => {
    const size = output!.shape[0] as number;
    const length = Math.max(1, periodic ? size : size - 1);
    const turn = (n: number): number => (2 * Math.PI * n) / length;
    return [Float64Array.from({ length: size }, (_, n) => a - b * Math.cos(turn(n)) + c * Math.cos(2 * turn(n)))];
  };

export const blackmanWindow = cosineWindow(0.42, 0.5, 0.08);
export const hammingWindow = cosineWindow(25 / 46, 21 / 46, 0);
export const hannWindow = cosineWindow(0.5, 0.5, 0);
