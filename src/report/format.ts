const PREFIXES: readonly (readonly [number, string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** Three significant digits without an exponent where that is readable: 0.00123, 12.3, 1230. */
export const plain = (value: number, digits = 3): string => {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 10 ** digits && size < 1e6) return String(Math.round(value));
  return size < 1e-4 || size >= 1e6 ? value.toExponential(digits - 1) : String(Number(value.toPrecision(digits)));
};

/** A number with an SI prefix: 1.83 G, 11.7 M, 42. */
export const si = (value: number, unit = ''): string => {
  const size = Math.abs(value);
  // 999.6 would round to 1000 of its own prefix.
  const [factor, prefix] = PREFIXES.find(([least]) => size >= 0.9995 * least) ?? [1, ''];
  const space = prefix || unit ? ' ' : '';
  return `${plain(value / factor)}${space}${prefix}${unit}`;
};

/** Bytes in units of 1024: 512 B, 1.5 KiB, 3.2 MiB. */
export const bytesText = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${plain(value)} ${units[unit]}`;
};
