import { describe, expect, it } from 'vitest';
import { float16ToNumber, numberToFloat16, roundHalfEven } from '../../src/tensor/float16.js';

describe('float16', () => {
  it('keeps all 65,536 values on the way there and back', () => {
    let wrong = 0;
    for (let bits = 0; bits < 65536; bits++) {
      const value = float16ToNumber(bits);
      const back = numberToFloat16(value);
      const isNan = (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
      if (isNan ? !Number.isNaN(value) || !Number.isNaN(float16ToNumber(back)) : back !== bits) wrong++;
    }
    expect(wrong).toBe(0);
  });

  it('grows with the bits', () => {
    for (let bits = 1; bits <= 0x7c00; bits++) {
      if (!(float16ToNumber(bits) > float16ToNumber(bits - 1))) expect.fail(`at ${bits}`);
    }
  });

  it('rounds every midpoint to the even neighbour and everything else to the nearer one', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [float16ToNumber(bits), float16ToNumber(bits + 1)];
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const got = [numberToFloat16(middle), numberToFloat16(middle * (1 - 2 ** -40)), numberToFloat16(middle * (1 + 2 ** -40))];
      if (got[0] !== even || got[1] !== bits || got[2] !== bits + 1) expect.fail(`${bits}: ${got}`);
    }
  });

  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [-1e9, 0xfc00],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [-0, 0x8000],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.001, 0x0001],
    [Number.NaN, 0x7e00],
  ])('%d has the bits %d', (value, bits) => {
    expect(numberToFloat16(value)).toBe(bits);
  });

  it.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [2.4, 2],
    [2.6, 3],
    [-0.5, -0],
    [-1.5, -2],
    [-2.6, -3],
  ])('roundHalfEven(%d)', (value, rounded) => {
    expect(roundHalfEven(value) + 0).toBe(rounded + 0);
  });
});
