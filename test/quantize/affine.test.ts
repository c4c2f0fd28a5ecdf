import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { affineOf, dequantize, integersOf, type QuantizedType, quantize, rangeOf } from '../../src/quantize/affine.js';

const types: readonly QuantizedType[] = ['int8', 'uint8', 'int4', 'uint4'];

describe('linear affine quantization', () => {
  it.each([
    ['uint8', false, [0, 2.55], 0.01, 0],
    ['uint8', false, [-1, 1.55], 0.01, 100],
    ['int8', false, [-1, 1.55], 0.01, -28],
    ['int8', true, [-2.54, 1], 0.02, 0],
    ['uint8', true, [-1.27, 1], 0.01, 128],
    ['int4', true, [-0.7, 0.5], 0.1, 0],
    ['int4', false, [0, 1.5], 0.1, -8],
    // Ranges are widened to hold 0.
    ['uint8', false, [1, 2.55], 0.01, 0],
    ['uint8', false, [-2.55, -1], 0.01, 255],
  ] as const)('%s, symmetric %s, of %j has scale %d and zero point %d', (type, symmetric, range, scale, zeroPoint) => {
    const affine = affineOf(range, type, symmetric);
    expect(affine.scale).toBeCloseTo(scale, 7);
    expect(affine.zeroPoint).toBe(zeroPoint);
  });

  it('gives numbers that are all 0, or too small to divide by, a scale that can be divided by', () => {
    expect(affineOf([0, 0], 'uint8', false)).toEqual({ scale: 1, zeroPoint: 0 });
    expect(affineOf([0, 1e-44], 'int8', true).scale).toBe(2 ** -126);
  });

  it.each([[[Number.NaN, 1]], [[0, Number.POSITIVE_INFINITY]], [[2, 1]]] as const)('refuses the range %j', (range) => {
    expect(() => affineOf(range, 'int8', true)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  it('refuses numbers that are NaN or infinite, by name', () => {
    expect(rangeOf([1, -2, 3], 'x')).toEqual([-2, 3]);
    expect(() => rangeOf([1, Number.NaN], "the weights of 'conv'")).toThrow("the weights of 'conv' holds NaN");
  });

  it('rounds to within half a step, and 0 to 0', () => {
    const number = fc.double({ min: -1000, max: 1000, noNaN: true });
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.boolean(),
        number,
        number,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (...args) => {
          const [type, symmetric, a, b, t] = args;
          const range = [Math.min(a, b, 0), Math.max(a, b, 0)] as const;
          const affine = affineOf(range, type, symmetric);
          const x = range[0] + t * (range[1] - range[0]);
          expect(Math.abs(dequantize(quantize(x, affine, type), affine) - x)).toBeLessThanOrEqual(affine.scale * 0.50001);
          expect(dequantize(quantize(0, affine, type), affine)).toBe(0);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('saturates', () => {
    const affine = { scale: 0.5, zeroPoint: 3 };
    expect([-1e9, 1e9].map((x) => quantize(x, affine, 'int8'))).toEqual([-128, 127]);
    expect([-1e9, 1e9].map((x) => quantize(x, affine, 'uint4'))).toEqual([0, 15]);
    expect(integersOf('int8', true)).toEqual([-127, 127]);
  });

  it("rounds as ONNX says, or as the textbook's formula: they differ on ties where the zero point is odd", () => {
    const odd = { scale: 1, zeroPoint: 1 };
    expect([0.5, 1.5, -0.5, 0.4].map((x) => quantize(x, odd, 'int8'))).toEqual([1, 3, 1, 1]);
    expect([0.5, 1.5, -0.5, 0.4].map((x) => quantize(x, odd, 'int8', 'shift-then-round'))).toEqual([2, 2, 0, 1]);
    fc.assert(
      fc.property(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -20, max: 20 }), (quarters, zeroPoint) => {
        const affine = { scale: 1, zeroPoint };
        const x = quarters / 4;
        const isTie = Math.abs(x % 1) === 0.5;
        const same = quantize(x, affine, 'int8') === quantize(x, affine, 'int8', 'shift-then-round');
        const saturated = Math.abs(x + zeroPoint) > 126;
        expect(same || (isTie && zeroPoint % 2 !== 0)).toBe(true);
        if (isTie && zeroPoint % 2 !== 0 && !saturated) expect(same).toBe(false);
      }),
    );
  });
});
