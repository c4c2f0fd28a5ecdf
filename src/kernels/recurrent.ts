import { gruCell, gruReset, lstmCell, recurrentGates, rnnCell } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import type { RecurrentAttributes } from '../ops/recurrent.js';
import { toDeviceWords } from '../tensor/convert.js';
import { type ConcreteShape, sizeOf } from '../tensor/shape.js';
import { stridedCopy } from './copy.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand, packOnce, type TensorInfo } from './kernel.js';
import { multiply } from './matmul.js';
import { activationBodies } from './recurrent-activations.js';

export const recurrentGatesKernel: Kernel = { name: 'recurrent-gates', wgsl: recurrentGates };
export const rnnCellKernel: Kernel = { name: 'rnn-cell', wgsl: rnnCell };
export const gruCellKernel: Kernel = { name: 'gru-cell', wgsl: gruCell };
export const gruResetKernel: Kernel = { name: 'gru-reset', wgsl: gruReset };
export const lstmCellKernel: Kernel = { name: 'lstm-cell', wgsl: lstmCell };
const WORKGROUP_SIZE = 64;

const cells: Readonly<Record<string, { readonly kernel: Kernel; readonly gates: number; readonly sections: number }>> = {
  RNN: { kernel: rnnCellKernel, gates: 1, sections: 1 },
  // The part of the last gate that comes from x, and the part from the state, are kept apart.
  GRU: { kernel: gruCellKernel, gates: 3, sections: 4 },
  LSTM: { kernel: lstmCellKernel, gates: 4, sections: 4 },
};

const ZERO = { layout: 'zero', words: new Uint32Array(1) };

/** What the dispatches of one node have in common. */
interface Plan {
  readonly request: KernelRequest<RecurrentAttributes>;
  readonly steps: number;
  readonly batch: number;
  readonly directions: number;
  readonly hidden: number;
  readonly gates: number;
  readonly sections: number;
  /** Elements from one direction, and from one sequence, to the next in a state. */
  readonly strides: { readonly state_direction: number; readonly state_batch: number };
  /** Where the gates, the states and (of a GRU) the state after the reset are; `none` stands in for an absent y. */
  readonly operands: Readonly<Record<'x' | 'gates' | 'h' | 'c' | 'reset' | 'none', Operand>>;
}

/** The projection of all steps as one matrix product, then a few dispatches a time step. */
export const lowerRecurrent = (given: KernelRequest): Dispatch[] => {
  const plan = planOf(given as KernelRequest<RecurrentAttributes>);
  const stepped = Array.from({ length: plan.steps }, (_, step) => lowerStep(plan, step)).flat();
  return [...project(plan), ...initialise(plan), ...stepped];
};

const planOf = (request: KernelRequest<RecurrentAttributes>): Plan => {
  const { attributes, inputs, outputs, op, facts } = request;
  const [x, , r] = inputs as readonly [TensorInfo, TensorInfo, TensorInfo];
  const batchFirst = attributes.layout === 1;
  const [steps, batch] = (batchFirst ? [x.shape[1], x.shape[0]] : x.shape) as [number, number];
  const [directions, , hidden] = r.shape as [number, number, number];
  const { gates, sections } = cells[op]!;
  const scratch = (index: number, elements: number): Operand => {
    const most = Math.min(facts.limits.maxStorageBufferBindingSize, facts.limits.maxBufferSize);
    if (4 * elements <= most) return { scratch: index, bytes: 4 * elements };
    throw new TilewiseError('limit-exceeded', `the gates of all steps take ${4 * elements} bytes, the device binds ${most}`);
  };
  const state = directions * batch * hidden;
  return {
    request,
    steps,
    batch,
    directions,
    hidden,
    gates,
    sections,
    strides: batchFirst
      ? { state_direction: hidden, state_batch: directions * hidden }
      : { state_direction: batch * hidden, state_batch: hidden },
    operands: {
      // 0 and 1 are where a matrix product packs its operands.
      x: scratch(2, steps * batch * directions * gates * hidden),
      gates: scratch(3, state * sections),
      h: outputs[1] ? { output: 1 } : scratch(4, state),
      c: outputs[2] ? { output: 2 } : scratch(5, state),
      reset: scratch(6, state),
      none: scratch(7, 1),
    },
  };
};

/** X * W^T for all steps and directions. */
const project = ({ request, steps, batch, directions, hidden, gates, operands }: Plan): Dispatch[] => {
  const { inputs, facts } = request;
  const [x, w] = inputs as readonly [TensorInfo, TensorInfo];
  const [rows, columns, width] = [steps * batch, gates * hidden, x.shape[2] as number];
  if (rows === 0) return [];
  const outer: ConcreteShape = directions === 1 ? [] : [directions];
  const shape = [...outer, rows, columns];
  const dispatches = multiply(
    {
      a: { input: 0, info: x, batch: [], rows, columns: width, transposed: false },
      b: { input: 1, info: w, batch: outer, rows: width, columns, transposed: true },
      batch: outer,
      alpha: 1,
      beta: 0,
      request: { op: 'MatMul', attributes: { epilogue: [] }, inputs: [x, w], outputs: [{ dtype: x.dtype, shape }], facts },
    },
    facts,
  );
  const inScratch = (operand: Operand): Operand => ('output' in operand ? operands.x : operand);
  return dispatches.map((dispatch) => ({
    ...dispatch,
    operands: Object.fromEntries(Object.entries(dispatch.operands).map(([name, operand]) => [name, inScratch(operand)])),
  }));
};

/** The initial states, or zeros. */
const initialise = ({ request, directions, batch, hidden, operands }: Plan): Dispatch[] => {
  const extents = [directions * batch * hidden];
  const states: readonly [Operand, number][] =
    request.op === 'LSTM'
      ? [
          [operands.h, 5],
          [operands.c, 6],
        ]
      : [[operands.h, 5]];
  return states.flatMap(([y, input]) => {
    const given = request.inputs[input];
    const x: Operand = given ? { input } : { packed: ZERO };
    return stridedCopy({ x, y, extents, xStrides: [given ? 1 : 0], yStrides: [1] }, request.facts);
  });
};

const lowerStep = (plan: Plan, step: number): Dispatch[] => {
  const { request, operands } = plan;
  if (request.op !== 'GRU') return [lowerGates(plan, step, operands.h, 0, plan.sections), lowerCell(plan, step)];
  if (request.attributes.linear_before_reset) return [lowerGates(plan, step, operands.h, 0, 4), lowerCell(plan, step)];
  return [
    lowerGates(plan, step, operands.h, 0, 3),
    lowerReset(plan),
    lowerGates(plan, step, operands.reset, 3, 1),
    lowerCell(plan, step),
  ];
};

const flags = ({ request }: Plan) => ({
  WORKGROUP_SIZE,
  HAS_LENGTHS: Number(request.inputs[4] !== undefined),
  REVERSED: Number(request.attributes.direction === 'reverse'),
});

/** The sections from `first` on of the gates of one step, with the part that `h` has in them. */
const lowerGates = (plan: Plan, step: number, h: Operand, first: number, these: number): Dispatch => {
  const { request, steps, batch, directions, hidden, gates, sections, strides, operands } = plan;
  const { inputs, facts, attributes } = request;
  const weights = recurrenceOf(plan);
  const units = hidden / weights.lanes;
  const count = directions * batch * these * units;
  const batchFirst = attributes.layout === 1;
  return {
    kernel: recurrentGatesKernel,
    constants: { ...flags(plan), HAS_BIAS: Number(inputs[3] !== undefined), SPLIT: Number(request.op === 'GRU') },
    definitions: { Elem: weights.lanes === 4 ? 'vec4f' : 'f32' },
    operands: {
      x: operands.x,
      r: weights.operand,
      // What is absent is not read: x stands in.
      bias: inputs[3] ? { input: 3 } : operands.x,
      h,
      lengths: inputs[4] ? { input: 4 } : operands.x,
      gates: operands.gates,
    },
    params: {
      count,
      batch,
      steps,
      step,
      rows: steps * batch,
      x_step: batchFirst ? 1 : batch,
      x_batch: batchFirst ? steps : 1,
      gates,
      units,
      hidden,
      sections,
      first,
      these,
      h_direction: strides.state_direction,
      h_batch: strides.state_batch,
      ...weights.strides,
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

/** The weights of the recurrence: transposed where they are constants, so that neighbours read neighbours. */
const recurrenceOf = ({ request, directions, hidden, gates }: Plan) => {
  const { tensor, dtype } = request.inputs[2] as TensorInfo;
  const rows = gates * hidden;
  const whole = rows * hidden;
  if (!tensor) {
    return { operand: { input: 2 }, lanes: 1, strides: { r_direction: whole, r_gate: hidden, r_column: 1 } };
  }
  const packed = packOnce(tensor, `${directions} transposed matrices of ${rows} x ${hidden}`, () => {
    const words = toDeviceWords(dtype, tensor.data, '') as Float32Array;
    return Float32Array.from(words, (_, i) => {
      const [d, j, q] = [Math.floor(i / whole), Math.floor((i % whole) / rows), i % rows];
      return words[d * whole + q * hidden + j] as number;
    });
  });
  // CPU adapters want vectors, GPUs more invocations.
  const lanes = request.facts.kind === 'cpu' && hidden % 4 === 0 ? 4 : 1;
  return { operand: { packed }, lanes, strides: { r_direction: whole / lanes, r_gate: 1, r_column: rows / lanes } };
};

const clipOf = ({ request }: Plan): number => request.attributes.clip ?? Number.POSITIVE_INFINITY;

const lowerReset = (plan: Plan): Dispatch => {
  const { request, batch, directions, hidden, strides, operands } = plan;
  const { functions, libraries } = activationBodies(request, directions);
  const count = directions * batch * hidden;
  return {
    kernel: gruResetKernel,
    constants: { WORKGROUP_SIZE },
    functions: { activation_f: functions.activation_f as string },
    libraries,
    operands: { gates: operands.gates, h: operands.h, y: operands.reset },
    params: { count, batch, hidden, ...strides, clip: clipOf(plan) },
    workgroups: grid(count, WORKGROUP_SIZE, request.facts),
  };
};

const lowerCell = (plan: Plan, step: number): Dispatch => {
  const { request, steps, batch, directions, hidden, strides, operands } = plan;
  const { op, attributes, inputs, outputs, facts } = request;
  const count = sizeOf([directions, batch, hidden]);
  const lstm = op === 'LSTM';
  const own: Readonly<Record<string, number>> = lstm
    ? { HAS_PEEPHOLES: Number(inputs[7] !== undefined), COUPLED: Number(attributes.input_forget) }
    : op === 'GRU'
      ? { RESETS_PRODUCT: Number(attributes.linear_before_reset) }
      : {};
  const [y_step, y_direction, y_batch] =
    attributes.layout === 1
      ? [directions * hidden, hidden, steps * directions * hidden]
      : [directions * batch * hidden, batch * hidden, hidden];
  return {
    kernel: cells[op]!.kernel,
    constants: { ...flags(plan), HAS_Y: Number(outputs[0] !== undefined), ...own },
    ...activationBodies(request, directions),
    operands: {
      gates: operands.gates,
      ...(lstm && { p: inputs[7] ? { input: 7 } : operands.gates, c: operands.c }),
      lengths: inputs[4] ? { input: 4 } : operands.gates,
      h: operands.h,
      y: outputs[0] ? { output: 0 } : operands.none,
    },
    params: { count, batch, steps, step, hidden, ...strides, y_step, y_direction, y_batch, clip: clipOf(plan) },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};
