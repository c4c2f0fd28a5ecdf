import { TilewiseError } from '../errors.js';

/** What an equation says: for each axis of each input and of the output its label. */
export interface EinsumLabels {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/**
 * Reads an equation such as "bij,bjk->bik" for inputs of these ranks. An ellipsis stands for axes labelled 0, 1, ...
 * from its last one back. Without an arrow the output has the ellipsis and, in alphabetical order, every label that
 * stands once. Throws `invalid-model` where the equation does not fit.
 */
export const einsumLabels = (equation: string, ranks: readonly number[]): EinsumLabels => {
  const [left = '', right, ...more] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (more.length > 0) invalid(`equation '${equation}' has more than one arrow`);
  if (terms.length !== ranks.length) invalid(`equation '${equation}' is for ${terms.length} inputs, got ${ranks.length}`);
  const inputs = terms.map((term, i) => labelsOf(term, ranks[i] as number, equation));
  const widest = Math.max(0, ...inputs.map((labels) => labels.filter(isEllipsis).length));
  const output = right === undefined ? implicitOutput(terms, widest) : labelsOf(right, undefined, equation, widest);
  if (new Set(output).size < output.length) invalid(`the output of equation '${equation}' has a label twice`);
  const known = new Set(inputs.flat());
  for (const label of output) if (!known.has(label)) invalid(`label '${label}' of the output of '${equation}' is in no input`);
  return { inputs, output };
};

const isEllipsis = (label: string): boolean => /^\d/.test(label);
const ellipsis = (count: number): string[] => Array.from({ length: count }, (_, i) => String(count - 1 - i));

const labelsOf = (term: string, rank: number | undefined, equation: string, axes = 0): string[] => {
  const match = /^([A-Za-z]*)(\.\.\.)?([A-Za-z]*)$/.exec(term);
  if (!match) return invalid(`equation '${equation}' has a term '${term}'`);
  const [, before = '', dots, after = ''] = match;
  const named = before.length + after.length;
  if (rank !== undefined && (dots ? rank < named : rank !== named)) {
    invalid(`term '${term}' of equation '${equation}' does not fit an input of rank ${rank}`);
  }
  return [...before, ...(dots ? ellipsis(rank === undefined ? axes : rank - named) : []), ...after];
};

const implicitOutput = (terms: readonly string[], axes: number): string[] => {
  const letters = [...terms.join('').replaceAll('.', '')];
  const single = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter));
  return [...ellipsis(axes), ...single.sort()];
};

const invalid = (message: string): never => {
  throw new TilewiseError('invalid-model', message);
};
