/**
 * IEEE 754 binary16 <-> binary32. Decoding uses a table of all 65,536 values; encoding rounds half to even,
 * overflows to infinity and keeps NaN a NaN.
 */
let table: Float32Array | undefined;

const decodeOne = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** The number that 16 bits stand for. */
export const float16ToNumber = (bits: number): number => {
  table ??= Float32Array.from({ length: 65536 }, (_, i) => decodeOne(i));
  return table[bits & 0xffff] as number;
};

/** The nearest binary16 (ties to even), as its 16 bits. */
export const numberToFloat16 = (value: number): number => {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundHalfEven(magnitude * 2 ** 24);
  let exponent = Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent--;
  else if (2 ** (exponent + 1) <= magnitude) exponent++;
  // A fraction that rounds up to 1024 carries into the exponent, which is what IEEE 754 asks for.
  const fraction = roundHalfEven((magnitude / 2 ** exponent - 1) * 1024);
  return sign | (((exponent + 15) << 10) + fraction);
};

/** Nearest integer, ties to the even one (IEEE 754 roundToIntegralTiesToEven). */
export const roundHalfEven = (value: number): number => {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
};
