import { TilewiseError } from '../src/errors.js';
import { batchCases, queueCases } from './batch.bench.js';
import type { BenchCase, CaseSelection } from './case.js';
import { fusionCases } from './fusion.bench.js';
import { convCases } from './kernels/conv.bench.js';
import { matmulCases } from './kernels/matmul.bench.js';
import { memoryCases } from './kernels/memory.bench.js';
import { quantizedCases } from './kernels/quantized.bench.js';
import { winogradCases } from './kernels/winograd.bench.js';
import { overheadCases } from './overhead.bench.js';

/** The families of cases, in the order in which they run. Models are added by whoever has their bytes (`modelCase`). */
const families: readonly ((selection: CaseSelection) => BenchCase[])[] = [
  matmulCases,
  convCases,
  winogradCases,
  quantizedCases,
  memoryCases,
  fusionCases,
  batchCases,
  queueCases,
  overheadCases,
];

export const benchCases = (selection: CaseSelection): BenchCase[] => families.flatMap((family) => family(selection));

/** The cases whose name or group holds one of the texts, separated by commas; all for an empty text. */
export const selectCases = (cases: readonly BenchCase[], only: string): BenchCase[] => {
  const wanted = only
    .split(',')
    .map((text) => text.trim())
    .filter(Boolean);
  if (wanted.length === 0) return [...cases];
  const found = cases.filter(({ name, group }) => wanted.some((text) => name.includes(text) || group === text));
  if (found.length > 0) return found;
  throw new TilewiseError('invalid-argument', `no benchmark is named '${only}'`, {
    hint: `the names begin with: ${[...new Set(cases.map(({ name }) => name.split('/')[0]))].join(', ')}`,
  });
};
