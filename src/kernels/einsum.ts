import { einsum } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import { type DeviceElement, deviceElement } from '../tensor/dtype.js';
import { einsumLabels } from '../tensor/einsum.js';
import { sizeOf, stridesOf } from '../tensor/shape.js';
import type { DeviceFacts } from './facts.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';
import { collapseLoops, MAX_LOOPS } from './strides.js';

export const einsumKernel: Kernel = { name: 'einsum', wgsl: einsum };
const WORKGROUP_SIZE = 64;

/** A tensor with labelled axes. */
interface Labelled {
  readonly operand: Operand;
  readonly labels: readonly string[];
  readonly shape: readonly number[];
}

/** Products of two inputs at a time, from the first on; what is between stays in scratch memory. */
export const lowerEinsum = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const tensors = inputs as readonly TensorInfo[];
  const element = deviceElement(tensors[0]!.dtype);
  const ranks = tensors.map(({ shape }) => shape.length);
  const { inputs: labels, output } = einsumLabels(attributes.equation as string, ranks);
  const operands = tensors.map(({ shape }, i): Labelled => ({ operand: { input: i }, labels: labels[i] as string[], shape }));
  const target: Labelled = { operand: { output: 0 }, labels: output, shape: outputs[0]!.shape };
  const [first, ...rest] = operands as [Labelled, ...Labelled[]];
  if (rest.length === 0) return [contract(first, undefined, target, element, facts)];
  const dispatches: Dispatch[] = [];
  let left = first;
  rest.forEach((right, i) => {
    const later = new Set([...output, ...rest.slice(i + 1).flatMap((other) => other.labels)]);
    const result = i === rest.length - 1 ? target : intermediate(left, right, later, i);
    dispatches.push(contract(left, right, result, element, facts));
    left = result;
  });
  return dispatches;
};

const extentOf = (label: string, tensors: readonly Labelled[]): number => {
  const extents = tensors.flatMap(({ labels, shape }) => shape.filter((_, axis) => labels[axis] === label));
  return extents.find((extent) => extent !== 1) ?? 1;
};

const intermediate = (left: Labelled, right: Labelled, later: ReadonlySet<string>, i: number): Labelled => {
  const labels = [...new Set([...left.labels, ...right.labels])].filter((label) => later.has(label));
  const shape = labels.map((label) => extentOf(label, [left, right]));
  return { operand: { scratch: i, bytes: 4 * Math.max(1, sizeOf(shape)) }, labels, shape };
};

/** How far one step of the label moves in the tensor: along all its axes of that name. */
const strideOf = ({ labels, shape }: Labelled, label: string): number =>
  stridesOf(shape).reduce((sum, stride, axis) => (labels[axis] === label && shape[axis] !== 1 ? sum + stride : sum), 0);

const contract = (a: Labelled, b: Labelled | undefined, y: Labelled, element: DeviceElement, facts: DeviceFacts): Dispatch => {
  const tensors = b ? [a, b] : [a];
  const summed = [...new Set(tensors.flatMap(({ labels }) => labels))].filter((label) => !y.labels.includes(label));
  const nest = (labels: readonly string[], extents: readonly number[]) =>
    collapseLoops(
      extents,
      [a, b].map((tensor) => labels.map((label) => (tensor ? strideOf(tensor, label) : 0))),
    );
  const kept = nest(y.labels, y.shape);
  const rows = nest(
    summed,
    summed.map((label) => extentOf(label, tensors)),
  );
  if (kept.extents.length > MAX_LOOPS || rows.extents.length > MAX_LOOPS + 1) {
    throw new TilewiseError('unsupported-model', `an equation with more than ${MAX_LOOPS} separate labels`);
  }
  const inner = rows.extents.pop() ?? 1;
  const [aInner = 0, bInner = 0] = rows.strides.map((list) => list.pop());
  const count = sizeOf(y.shape);
  return {
    kernel: einsumKernel,
    constants: { WORKGROUP_SIZE, HAS_B: Number(b !== undefined) },
    definitions: { Elem: element },
    // A kernel of one input still has the other binding: the input stands in, unread.
    operands: { a: a.operand, b: (b ?? a).operand, y: y.operand },
    params: {
      count,
      rank: kept.extents.length,
      shape: kept.extents.reverse(),
      a_strides: kept.strides[0]!.reverse(),
      b_strides: kept.strides[1]!.reverse(),
      rows: sizeOf(rows.extents),
      row_rank: rows.extents.length,
      row_shape: rows.extents.reverse(),
      a_row_strides: rows.strides[0]!.reverse(),
      b_row_strides: rows.strides[1]!.reverse(),
      inner,
      a_inner_stride: aInner,
      b_inner_stride: bInner,
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};
