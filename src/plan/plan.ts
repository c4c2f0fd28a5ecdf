import type { DType } from '../tensor/dtype.js';

/** A piece of GPU memory that a plan wants. */
export interface PlanBuffer {
  /** What it holds before the first command or after the last; `scratch` where that is nothing. */
  readonly role: 'input' | 'output' | 'weight' | 'scratch';
  /** A multiple of 16, at least 16. */
  readonly bytes: number;
  /** Index of the first and last command that touches it; -1 and commands.length stand for before and after the run. */
  readonly firstUse: number;
  readonly lastUse: number;
  /** The names of the values that live in it, one after the other. */
  readonly values: readonly string[];
  /** Where it lies inside an earlier buffer, `of` by index; absent where it has memory of its own. */
  readonly part?: { readonly of: number; readonly offset: number };
  /** Contents of a weight, uploaded once. */
  readonly words?: Float32Array | Int32Array | Uint32Array;
}

/** A tensor at the border of a plan. */
export interface PlanTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** True where the buffer holds it packed, four elements to a word. */
  readonly packed?: boolean;
  readonly buffer: number;
}

export interface PlanBinding {
  readonly index: number;
  readonly name: string;
  readonly type: 'uniform' | 'read' | 'read_write';
}

/** A compute pipeline, complete: nothing else is needed to compile it. Two dispatches with the same key share one. */
export interface PlanPipeline {
  readonly kernel: string;
  /** Specialised WGSL. */
  readonly code: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly bindings: readonly PlanBinding[];
}

export interface DispatchCommand {
  readonly kind: 'dispatch';
  readonly node: string;
  readonly op: string;
  readonly kernel: string;
  readonly pipeline: number;
  /** For every storage binding of the pipeline, in its order, a buffer. */
  readonly buffers: readonly number[];
  readonly params: Uint8Array;
  readonly workgroups: readonly [number, number, number];
}

export interface CopyCommand {
  readonly kind: 'copy';
  readonly node: string;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

export interface ClearCommand {
  readonly kind: 'clear';
  readonly node: string;
  readonly buffer: number;
  readonly bytes: number;
}

export type Command = DispatchCommand | CopyCommand | ClearCommand;

/** Everything a device needs to run a graph of fixed shapes: plain data. */
export interface Plan {
  readonly inputs: readonly PlanTensor[];
  readonly outputs: readonly PlanTensor[];
  readonly buffers: readonly PlanBuffer[];
  readonly pipelines: readonly PlanPipeline[];
  readonly commands: readonly Command[];
  /** For every command, the bytes of all values but weights that are needed while it runs, a node's scratch included. */
  readonly live: readonly number[];
}
