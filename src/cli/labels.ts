import { TilewiseError } from '../errors.js';
import { readText } from './files.js';

/** One class of a ranking. */
export interface Ranked {
  readonly index: number;
  readonly label: string;
  readonly probability: number;
}

export interface Ranking {
  readonly top: readonly Ranked[];
  /** True where the outputs were no probabilities and a softmax was applied. */
  readonly softmax: boolean;
}

/** Labels from a file: a line each, or a JSON list of names, or of objects with a `name` (or `label`). */
export const loadLabels = async (path: string): Promise<string[]> => {
  const text = await readText(path);
  if (!text.trimStart().startsWith('[')) {
    return text
      .trimEnd()
      .split('\n')
      .map((line) => line.trim());
  }
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw new TilewiseError('invalid-argument', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
  return (list as unknown[]).map((entry) => {
    const { name, label } = (typeof entry === 'object' && entry !== null ? entry : { name: entry }) as Record<string, unknown>;
    return String(name ?? label);
  });
};

const SUM_TOLERANCE = 1e-3;

/** The `count` most likely classes of one row of outputs, ties in order of index. */
export const rank = (values: ArrayLike<number>, count: number, labels: readonly string[] | undefined): Ranking => {
  const row = Array.from(values);
  const sum = row.reduce((total, value) => total + value, 0);
  const softmax = !(row.every((value) => value >= 0) && Math.abs(sum - 1) <= SUM_TOLERANCE);
  const probabilities = softmax ? softmaxOf(row) : row;
  const order = probabilities.map((_, i) => i).sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  const top = order
    .slice(0, count)
    .map((index) => ({ index, label: labels?.[index] ?? String(index), probability: probabilities[index] as number }));
  return { top, softmax };
};

const softmaxOf = (row: readonly number[]): number[] => {
  const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = row.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
};
