import type { Attributes } from '../graph/graph.js';
import type { DType } from '../tensor/dtype.js';
import type { ConcreteShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { DeviceFacts } from './facts.js';

/** A hand-written WGSL file. Its bindings, Params and overrides are read from the text (see `reflect`). */
export interface Kernel {
  /** The stem of the file under shaders/. */
  readonly name: string;
  readonly wgsl: string;
}

/** What a lowering sees of a tensor. `tensor` is present for constants. */
export interface TensorInfo {
  readonly dtype: DType;
  readonly shape: ConcreteShape;
  /** True where the device holds it packed, four elements to a word (see `packBytes`). */
  readonly packed?: boolean;
  readonly tensor?: Tensor;
}

/** A node with everything a kernel choice depends on. */
export interface KernelRequest<A extends Attributes = Attributes> {
  readonly op: string;
  readonly attributes: A;
  readonly inputs: readonly (TensorInfo | undefined)[];
  readonly outputs: readonly TensorInfo[];
  readonly facts: DeviceFacts;
}

/** Constant data in the layout that one kernel wants, packed once on the host. */
export interface Packed {
  /** Names the layout, for the printed plan. */
  readonly layout: string;
  readonly words: Float32Array | Int32Array | Uint32Array;
}

/** What a binding of a dispatch points at. */
export type Operand =
  | { readonly input: number }
  | { readonly output: number }
  | { readonly packed: Packed }
  /** Memory of this node alone; the same number is the same memory across the node's dispatches. */
  | { readonly scratch: number; readonly bytes: number };

/** One kernel launch. */
export interface Dispatch {
  readonly kernel: Kernel;
  /** Values of `override` constants. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Right-hand sides of `const` and `alias` lines (see `specialize`). */
  readonly definitions?: Readonly<Record<string, string | number>>;
  /** Bodies of one-line functions such as `epilogue` (see `specialize`). */
  readonly functions?: Readonly<Record<string, string>>;
  /** Helper files of shaders/lib that the bodies call. */
  readonly libraries?: readonly string[];
  /** WGSL extensions that the bodies call and the kernel as it stands does not. */
  readonly enables?: readonly string[];
  /** An operand for every storage binding of the kernel, by its WGSL name. */
  readonly operands: Readonly<Record<string, Operand>>;
  /** A value for every field of the kernel's Params struct. */
  readonly params: Readonly<Record<string, number | readonly number[]>>;
  readonly workgroups: readonly [number, number, number];
}

/** Turns a node into kernel launches. Throws `unsupported-model` where no kernel can run it. */
export type Lowering = (request: KernelRequest) => Dispatch[];

const packedByTensor = new WeakMap<Tensor, Map<string, Packed>>();

/** Packs a constant once: the same tensor and layout name give the same object, which a device uploads once. */
export const packOnce = (tensor: Tensor, layout: string, pack: () => Packed['words']): Packed => {
  let layouts = packedByTensor.get(tensor);
  if (!layouts) packedByTensor.set(tensor, (layouts = new Map()));
  let packed = layouts.get(layout);
  if (!packed) layouts.set(layout, (packed = { layout, words: pack() }));
  return packed;
};

export const ceilDiv = (a: number, b: number): number => Math.ceil(a / b);

/**
 * Workgroup counts for `count` invocations of a one-dimensional kernel, folded into two dimensions where one would
 * pass WebGPU's limit. The kernel's index is `id.x + id.y * groups.x * WORKGROUP_SIZE`, checked against the count.
 */
export const grid = (count: number, workgroupSize: number, facts: DeviceFacts): [number, number, number] => {
  const groups = Math.max(1, ceilDiv(count, workgroupSize));
  const most = facts.limits.maxComputeWorkgroupsPerDimension;
  if (groups <= most) return [groups, 1, 1];
  const rows = ceilDiv(groups, most);
  return [ceilDiv(groups, rows), rows, 1];
};

/** Elements from which on an invocation takes four of them where workgroups are slow to begin. */
const MANY = 2 ** 12;

/**
 * How a kernel is launched whose invocations do little for each of PER elements, one after the other in memory; `count`
 * says how many invocations that takes. A CPU adapter takes as long to begin a workgroup as for some of its invocations.
 */
export const spread = (elements: number, facts: DeviceFacts) => {
  const isMany = facts.kind === 'cpu' && elements >= MANY;
  const PER = isMany && elements % 4 === 0 ? 4 : 1;
  const WORKGROUP_SIZE = isMany ? 256 : 64;
  const count = elements / PER;
  return { constants: { PER, WORKGROUP_SIZE }, count, workgroups: grid(count, WORKGROUP_SIZE, facts) };
};
