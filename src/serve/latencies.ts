/** Newest latencies that percentiles are taken of. */
const KEPT = 1024;

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Latencies of the newest requests, in milliseconds. */
export class Latencies {
  readonly #kept: number[] = [];
  #count = 0;

  add(milliseconds: number): void {
    this.#kept[this.#count++ % KEPT] = milliseconds;
  }

  /** The latency that a share of the requests did not exceed; 0 while there are none. */
  percentiles(): Percentiles {
    const sorted = this.#kept.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}
