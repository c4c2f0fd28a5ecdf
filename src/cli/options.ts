import { InvalidArgumentError } from 'commander';

/** A whole number from `least` on, for commander. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
    }
    return value;
  };

/** A number above 0, for commander. */
export const positiveNumber = (text: string): number => {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
};

/** Collects `--dims N=1 --dims seq=128` and `--dims N=1,seq=128`. */
export const dims = (text: string, before: ReadonlyMap<string, number> = new Map()): Map<string, number> => {
  const all = new Map(before);
  for (const part of text.split(',')) {
    const match = /^(.+)=(\d+)$/.exec(part.trim());
    const size = Number(match?.[2]);
    if (!match || !Number.isSafeInteger(size)) throw new InvalidArgumentError('It must be NAME=SIZE, for example batch=4.');
    all.set(match[1] as string, size);
  }
  return all;
};
