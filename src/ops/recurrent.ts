import type { Attributes, Value } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type Dim, type Shape, shapeText } from '../tensor/shape.js';
import { type AttributeField, flag, int, word } from './attributes.js';
import {
  concrete,
  constantNumbers,
  defineOperator,
  expectDim,
  fail,
  type Inferred,
  input,
  type OpContext,
  type Operator,
} from './operator.js';

export interface RecurrentAttributes extends Attributes {
  readonly direction: 'forward' | 'reverse' | 'bidirectional';
  /** One function a place of the formula, for each direction; absent means the operator's own. */
  readonly activations: readonly string[] | undefined;
  readonly activation_alpha: readonly number[] | undefined;
  readonly activation_beta: readonly number[] | undefined;
  readonly clip: number | undefined;
  readonly hidden_size: number;
  /** 0: [steps, batch, ..] and states [directions, batch, hidden]; 1: the batch comes first in all. */
  readonly layout: number;
}

/** The functions that gates and states may go through, in lower case: files write them in any. */
const functionNames: ReadonlySet<string> = new Set(
  'affine elu hardsigmoid leakyrelu relu scaledtanh sigmoid softplus softsign tanh thresholdedrelu'.split(' '),
);

const words: AttributeField<readonly string[] | undefined> = {
  parse: (raw, name) =>
    Array.isArray(raw) && raw.every((v) => typeof v === 'string') ? raw : fail(`attribute '${name}' must be a list of words`),
  missing: () => undefined,
};

const floats: AttributeField<readonly number[] | undefined> = {
  parse: (raw, name) =>
    Array.isArray(raw) && raw.every((v) => typeof v === 'number' && !Number.isNaN(v))
      ? raw
      : fail(`attribute '${name}' must be a list of numbers`),
  missing: () => undefined,
};

const positive: AttributeField<number | undefined> = {
  parse: (raw, name) => (typeof raw === 'number' && raw > 0 ? raw : fail(`attribute '${name}' must be a number above 0`)),
  missing: () => undefined,
};

const attributes = {
  direction: word(['forward', 'reverse', 'bidirectional'], 'forward'),
  activations: words,
  activation_alpha: floats,
  activation_beta: floats,
  clip: positive,
  hidden_size: int(0, 0),
  layout: int(0, 0, 1),
};

/** How many gates and activations an operator has. */
interface Form {
  readonly gates: number;
  readonly functions: number;
}

const forms: Readonly<Record<string, Form>> = {
  RNN: { gates: 1, functions: 1 },
  GRU: { gates: 3, functions: 2 },
  LSTM: { gates: 4, functions: 3 },
};

const expectShape = (value: Value | undefined, expected: readonly (Dim | undefined)[], what: string): void => {
  if (!value?.shape) return;
  if (value.shape.length !== expected.length)
    fail(`${what} must have ${expected.length} dimensions, got ${shapeText(value.shape)}`);
  for (const [k, d] of expected.entries()) expectDim(value.shape[k], d, `dimension ${k} of ${what}`);
};

const checkActivations = ({ activations }: RecurrentAttributes, count: number): void => {
  if (!activations) return;
  if (activations.length !== count) fail(`${count} activations are wanted, got ${activations.length}`);
  for (const name of activations) {
    if (!functionNames.has(name.toLowerCase())) fail(`'${name}' is not an activation that ONNX knows`);
  }
};

const checkLengths = (lengths: Value | undefined, steps: Dim | undefined): void => {
  if (!lengths) return;
  if (lengths.dtype !== 'int32') fail(`sequence_lens must be int32, got ${lengths.dtype}`);
  const wrong = constantNumbers(lengths)?.find((n) => n < 0 || (typeof steps === 'number' && n > steps));
  if (wrong !== undefined) fail(`a sequence of ${wrong} steps does not fit into ${steps}`);
};

const infer = (context: OpContext<RecurrentAttributes>, { gates, functions }: Form, outputs: number): Inferred[] => {
  const { attributes: given, inputs } = context;
  const [x, w, r] = [0, 1, 2].map((k) => input(context as never, k)) as [Value, Value, Value];
  const directions = given.direction === 'bidirectional' ? 2 : 1;
  for (const value of [x, w, r, inputs[3], inputs[5], inputs[6], inputs[7]]) {
    if (value && !isFloat(value.dtype)) fail(`all inputs but sequence_lens must be floats, got ${value.dtype}`);
    if (value && value.dtype !== x.dtype) fail(`inputs must have one type, got ${x.dtype} and ${value.dtype}`);
  }
  checkActivations(given, functions * directions);
  expectShape(x, [undefined, undefined, undefined], 'X');
  expectShape(r, [directions, undefined, undefined], 'R');
  const hidden = r.shape?.[2] ?? (given.hidden_size || undefined);
  if (given.hidden_size !== 0) expectDim(hidden, given.hidden_size, 'the last dimension of R');
  const rows = typeof hidden === 'number' ? hidden * gates : undefined;
  const [steps, batch] = given.layout === 1 ? [x.shape?.[1], x.shape?.[0]] : [x.shape?.[0], x.shape?.[1]];
  const state = given.layout === 1 ? [batch, directions, hidden] : [directions, batch, hidden];
  expectShape(w, [directions, rows, x.shape?.[2]], 'W');
  expectShape(r, [directions, rows, hidden], 'R');
  expectShape(inputs[3], [directions, rows === undefined ? undefined : 2 * rows], 'B');
  expectShape(inputs[4], [batch], 'sequence_lens');
  expectShape(inputs[5], state, 'initial_h');
  expectShape(inputs[6], state, 'initial_c');
  expectShape(inputs[7], [directions, typeof hidden === 'number' ? 3 * hidden : undefined], 'P');
  checkLengths(inputs[4], steps);
  const known = steps !== undefined && batch !== undefined && hidden !== undefined;
  const all = given.layout === 1 ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
  const shapeOf = (shape: readonly (Dim | undefined)[]): Shape | undefined => (known ? (shape as Shape) : undefined);
  return Array.from({ length: outputs }, (_, i) => ({ dtype: x.dtype, shape: shapeOf(i === 0 ? all : state) }));
};

const recurrent = (name: string, most: number, outputs: number, extra: Record<string, AttributeField<boolean>>): Operator =>
  defineOperator<RecurrentAttributes>({
    name,
    attributes: { ...attributes, ...extra } as never,
    inputs: [3, most],
    outputs: [0, outputs],
    infer: (context) => infer(context, forms[name] as Form, outputs),
    macs: (context) => {
      const [x, w, r] = [0, 1, 2].map((k) => concrete(input(context as never, k).shape)) as [number[], number[], number[]];
      return x[0]! * x[1]! * w[0]! * w[1]! * (w[2]! + r[2]!);
    },
  });

/** h_t = f(W x_t + R h_{t-1} + Wb + Rb) */
export const rnn = recurrent('RNN', 6, 2, {});

/** z, r = f(..); n = g(W x_t + R (r * h_{t-1}) + ..); h_t = (1 - z) * n + z * h_{t-1}. Gates are in the order z, r, n. */
export const gru = recurrent('GRU', 6, 2, { linear_before_reset: flag(false) });

/** i, o, f = f(..); c_t = f * c_{t-1} + i * g(..); h_t = o * h(c_t). Gates are in the order i, o, f, c; peepholes i, o, f. */
export const lstm = recurrent('LSTM', 8, 3, { input_forget: flag(false) });
