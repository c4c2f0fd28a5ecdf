import type { DeviceFacts } from '../../src/kernels/facts.js';
import type { BenchFailure, BenchGroup, BenchLoad, BenchReport, BenchResult, BenchRoofs } from '../results.js';

/** A model that a person added: the bytes of a file, or where to fetch them from. */
export interface ModelSource {
  /** Without '.onnx'; unique among the models. */
  readonly name: string;
  readonly bytes?: ArrayBuffer;
  readonly url?: string;
}

/** A case as the page shows it. */
export interface CaseInfo {
  readonly name: string;
  readonly group: BenchGroup;
  readonly title: string;
}

export interface RunRequest {
  readonly cases: readonly string[];
  readonly models: readonly ModelSource[];
  readonly quick: boolean;
  readonly budgetSeconds?: number;
  readonly machine?: string;
}

/** Which other library to run beside this one, and what on. */
export interface PeerRequest {
  readonly library: 'onnxruntime-web' | 'tensorflow';
  /** Of its ES module; of TensorFlow.js the core's, beside which the backends are. */
  readonly url: string;
  readonly backend: 'webgpu' | 'wasm';
  /** What both run; without it the product of two square matrices of `size` rows. */
  readonly model?: ModelSource;
  readonly size: number;
}

export interface PeerRow {
  readonly library: string;
  /** Milliseconds from the creation of a session to its first result; absent where nothing is loaded. */
  readonly startMs?: number;
  /** Median and 95th percentile of a run from host to host, in milliseconds. */
  readonly medianMs: number;
  readonly p95Ms: number;
}

export interface PeerReport {
  readonly work: string;
  readonly rows: readonly PeerRow[];
  /** Largest absolute difference of the outputs, and the largest magnitude among them. */
  readonly worst: number;
  readonly largest: number;
  readonly agrees: boolean;
  /** Where they differ and the CPU reference had time for it: the library, if only one, that agrees with the reference. */
  readonly right?: string;
}

/** What the page may ask of its worker, and what it is answered. */
export interface Calls {
  readonly open: { readonly request: object; readonly reply: DeviceFacts };
  readonly list: {
    /** `only` as `tilewise bench --only` takes it. */
    readonly request: { readonly quick: boolean; readonly models: readonly ModelSource[]; readonly only: string };
    /** `chosen` has the names that `only` selects. */
    readonly reply: { readonly cases: readonly CaseInfo[]; readonly chosen: readonly string[] };
  };
  readonly roofs: { readonly request: object; readonly reply: BenchRoofs };
  readonly run: { readonly request: RunRequest; readonly reply: { readonly report: BenchReport; readonly stopped: boolean } };
  readonly peer: { readonly request: PeerRequest; readonly reply: PeerReport };
  readonly stop: { readonly request: object; readonly reply: null };
}

/** What the worker tells while it runs. */
export type RunEvent =
  | { readonly kind: 'roofs'; readonly roofs: BenchRoofs }
  | { readonly kind: 'case'; readonly name: string; readonly index: number; readonly count: number }
  | { readonly kind: 'step'; readonly step: string }
  | { readonly kind: 'samples'; readonly name: string; readonly ms: readonly number[] }
  | { readonly kind: 'result'; readonly result: BenchResult }
  | { readonly kind: 'load'; readonly load: BenchLoad }
  | { readonly kind: 'failure'; readonly failure: BenchFailure };

export interface FailureText {
  readonly message: string;
  readonly hint?: string;
}

export type ToWorker = { readonly id: number; readonly kind: keyof Calls; readonly request: unknown };
export type FromWorker =
  | { readonly id: number; readonly reply: unknown }
  | { readonly id: number; readonly failure: FailureText }
  | { readonly event: RunEvent };
