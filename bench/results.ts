// The results of a benchmark run as they are written to JSON: the same from `tilewise bench --json` and from a page.

/** Raised when a field changes its meaning; new fields do not raise it. */
export const SCHEMA = 1;

/** Times in milliseconds of samples taken in turn with those of the other variants of a case. */
export interface Spread {
  readonly median: number;
  readonly p95: number;
  readonly min: number;
  /** Median absolute deviation from the median. */
  readonly deviation: number;
  readonly samples: number;
}

/** One check of a result, made before it is timed. */
export interface Agreement {
  readonly equal: boolean;
  /** Largest absolute difference. */
  readonly error: number;
  /** Elements compared: of a large result, some rows or channels. */
  readonly elements: number;
  /** The CPU reference, or where that would take minutes, the same model on the GPU without any pass. */
  readonly against: 'reference' | 'no passes';
}

export type BenchGroup = 'kernels' | 'fusion' | 'batch' | 'models' | 'overhead';

/** What the host spends, beside what the GPU does. */
export interface HostCost {
  /** A dispatch in all, from the first call to the end of the wait, in microseconds. */
  readonly dispatchMicroseconds: number;
  /** A dispatch up to the submit, in microseconds. */
  readonly encodeMicroseconds: number;
  readonly submits: number;
  readonly bindGroups: number;
}

/** One variant of one case. */
export interface BenchResult {
  /** `case/variant`: the same name is the same work in every version. */
  readonly name: string;
  readonly group: BenchGroup;
  readonly case: string;
  readonly variant: string;
  /** The kernels that ran, each once. */
  readonly kernels: readonly string[];
  readonly dispatches: number;
  /** Operations of the formula, a multiply-add counted as two, however the kernel computes it. */
  readonly flops: number;
  /** Bytes that any kernel would have to move: inputs, weights and outputs, each once. */
  readonly bytes: number;
  /** One run on data that stays on the device. */
  readonly ms: Spread;
  /** One run from arrays on the host to arrays on the host. */
  readonly hostMs?: Spread;
  /** From the bytes of a model to a session. */
  readonly loadMs?: number;
  readonly firstRunMs?: number;
  /** The longest submit of a run. Runs are cut between dispatches, so that above 100 it is one dispatch that is so long. */
  readonly longestSubmitMs?: number;
  readonly gflops: number;
  /** `bytes` over the time, in GB/s. */
  readonly gbs: number;
  /** Percentage of min(ALU roof, intensity x memory roof); null where the roofs were not measured. */
  readonly roofPercent: number | null;
  /** FLOP per byte that this kernel loads from storage, from its tiles; only where kernels are compared for it. */
  readonly tileIntensity?: number;
  readonly batch?: number;
  readonly imagesPerSecond?: number;
  readonly host?: HostCost;
  readonly agreement: Agreement | null;
}

/** A queue under an open load: single requests at random times, which come whether or not earlier ones were answered. */
export interface BenchLoad {
  readonly case: string;
  /** Requests per second that were sent, and that were answered. */
  readonly offeredPerSecond: number;
  readonly answeredPerSecond: number;
  readonly requests: number;
  readonly rejected: number;
  /** From the time at which a request was due to its result, in milliseconds. */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Samples in a batch -> how many such batches were run. */
  readonly batches: Readonly<Record<number, number>>;
}

/** A variant that could not be run, and why. */
export interface BenchFailure {
  readonly name: string;
  readonly error: string;
}

/** The limits of the adapter as measured in the same run (see `measureRoofs`). */
export interface BenchRoofs {
  readonly aluGflops: number;
  readonly memoryGBs: number;
  readonly launchMicroseconds: number;
}

export interface BenchReport {
  readonly schema: number;
  readonly adapter: {
    readonly description: string;
    readonly vendor: string;
    readonly architecture: string;
    readonly kind: 'gpu' | 'cpu';
  };
  readonly features: readonly string[];
  /** `tilewise`, and what it ran on: `node` and `platform`, or `browser`. */
  readonly versions: Readonly<Record<string, string>>;
  /** Of this repository, as the build found it; null where the code was not built from a checkout. */
  readonly commit: string | null;
  /** ISO 8601. */
  readonly date: string;
  /** A name for the machine, where one was given. */
  readonly machine: string | null;
  readonly quick: boolean;
  readonly roofs: BenchRoofs | null;
  readonly results: readonly BenchResult[];
  /** Absent in reports of older versions. */
  readonly loads?: readonly BenchLoad[];
  readonly failures: readonly BenchFailure[];
}

/** GFLOP/s, GB/s and the percentage of the roof, for so much work in so many milliseconds. */
export const rates = (
  flops: number,
  bytes: number,
  ms: number,
  roofs: BenchRoofs | null,
): Pick<BenchResult, 'gflops' | 'gbs' | 'roofPercent'> => {
  const best = roofs ? Math.max(flops / roofs.aluGflops, bytes / roofs.memoryGBs) / 1e6 : 0;
  return { gflops: flops / ms / 1e6, gbs: bytes / ms / 1e6, roofPercent: roofs ? (100 * best) / ms : null };
};
