import { TilewiseError } from '../src/errors.js';
import { type BenchReport, type BenchResult, SCHEMA } from './results.js';
import { differs } from './statistics.js';

/** A result beside the one of the same name in an older report. */
export interface Change {
  readonly name: string;
  /** Milliseconds. */
  readonly before: number;
  readonly now: number;
  /** Old time over new time: above 1 is faster. */
  readonly speedup: number;
  /** True where the difference is more than the spread of the samples and the usual drift explain. */
  readonly moved: boolean;
}

export interface Changes {
  readonly changes: readonly Change[];
  /** Names that only one of the reports has. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** What makes the two hard to compare: another adapter, another machine. */
  readonly warnings: readonly string[];
}

export const compareReports = (before: BenchReport, now: BenchReport): Changes => {
  const old = new Map(before.results.map((result) => [result.name, result]));
  const names = new Set(now.results.map(({ name }) => name));
  return {
    changes: now.results.flatMap((result) => {
      const earlier = old.get(result.name);
      return earlier ? [changeOf(earlier, result)] : [];
    }),
    added: [...names].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !names.has(name)),
    warnings: warningsOf(before, now),
  };
};

const changeOf = (before: BenchResult, now: BenchResult): Change => ({
  name: now.name,
  before: before.ms.median,
  now: now.ms.median,
  speedup: before.ms.median / now.ms.median,
  moved: differs(before.ms, now.ms),
});

const warningsOf = (before: BenchReport, now: BenchReport): string[] => {
  const warnings: string[] = [];
  if (before.adapter.description !== now.adapter.description) {
    warnings.push(`the adapters differ: ${before.adapter.description}, now ${now.adapter.description}`);
  }
  if (before.machine !== now.machine) warnings.push(`the machines differ: ${before.machine}, now ${now.machine}`);
  return warnings;
};

/** A report out of parsed JSON; throws `invalid-argument` where it is none, or one that this version cannot read. */
export const reportFrom = (json: unknown, name: string): BenchReport => {
  const refuse = (why: string): never => {
    throw new TilewiseError('invalid-argument', `${name} is no benchmark report: ${why}`, {
      hint: 'give a file that `tilewise bench --json FILE` or the benchmark page wrote',
    });
  };
  if (typeof json !== 'object' || json === null) return refuse('it is not a JSON object');
  const { schema, adapter, results } = json as Partial<BenchReport>;
  if (schema !== SCHEMA) refuse(`its schema is ${schema}, not ${SCHEMA}`);
  if (typeof adapter?.description !== 'string') refuse('it names no adapter');
  const isResult = (result: unknown): boolean => {
    const { name: ownName, ms } = (result ?? {}) as Partial<BenchResult>;
    return typeof ownName === 'string' && [ms?.median, ms?.deviation, ms?.samples].every((v) => Number.isFinite(v));
  };
  if (!Array.isArray(results) || !results.every(isResult)) refuse('its results are malformed');
  return json as BenchReport;
};
