import type { Attributes } from '../src/graph/graph.js';
import type { Reference, RefTensor } from './reference.js';

type Activation = (v: number) => number;

const sigmoid: Activation = (v) => 1 / (1 + Math.exp(-v));
const clamp = (v: number, low: number, high: number): number => Math.min(Math.max(v, low), high);

/** Each function with the defaults of its alpha and beta, undefined where it has none. */
const functions: Record<string, readonly [(a: number, b: number) => Activation, (number | undefined)?, (number | undefined)?]> = {
  affine: [(a, b) => (v) => a * v + b, 1, 0],
  elu: [(a) => (v) => (v < 0 ? a * Math.expm1(v) : v), 1],
  hardsigmoid: [(a, b) => (v) => clamp(a * v + b, 0, 1), 0.2, 0.5],
  leakyrelu: [(a) => (v) => (v < 0 ? a * v : v), 0.01],
  relu: [() => (v) => (v < 0 ? 0 : v)],
  scaledtanh: [(a, b) => (v) => a * Math.tanh(b * v), 1, 1],
  sigmoid: [() => sigmoid],
  softplus: [() => (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)))],
  softsign: [() => (v) => v / (1 + Math.abs(v))],
  tanh: [() => Math.tanh],
  thresholdedrelu: [(a) => (v) => (v > a ? v : 0), 1],
};

/** The functions of every direction; the lists of alphas and betas have an entry for each function that takes one. */
const activationsOf = (attributes: Attributes, names: readonly string[]): Activation[] => {
  const alphas = [...((attributes.activation_alpha as readonly number[] | undefined) ?? [])];
  const betas = [...((attributes.activation_beta as readonly number[] | undefined) ?? [])];
  return names.map((name) => {
    const [make, alpha, beta] = functions[name.toLowerCase()]!;
    const a = alpha === undefined ? 0 : (alphas.shift() ?? alpha);
    const b = beta === undefined ? 0 : (betas.shift() ?? beta);
    return make(a, b);
  });
};

/** What one step of one sequence has: its gates before activation, in turn, and its states, which it changes. */
interface Step {
  /** W x + Wb of gate g at unit k. */
  readonly fromX: (g: number, k: number) => number;
  /** R v + Rb of gate g at unit k. */
  readonly fromState: (g: number, k: number, v: ArrayLike<number>) => number;
  readonly peephole: (g: number, k: number) => number;
  readonly activations: readonly Activation[];
  readonly h: number[];
  readonly c: number[];
}
type Cell = (step: Step, attributes: Attributes) => void;

const rnnCell: Cell = ({ fromX, fromState, activations: [f], h }) => {
  const old = [...h];
  for (const k of h.keys()) h[k] = f!(fromX(0, k) + fromState(0, k, old));
};

const gruCell: Cell = ({ fromX, fromState, activations: [f, g], h }, { linear_before_reset }) => {
  const old = [...h];
  const z = old.map((_, k) => f!(fromX(0, k) + fromState(0, k, old)));
  const r = old.map((_, k) => f!(fromX(1, k) + fromState(1, k, old)));
  const reset = old.map((v, k) => r[k]! * v);
  for (const k of h.keys()) {
    const n = g!(fromX(2, k) + (linear_before_reset ? r[k]! * fromState(2, k, old) : fromState(2, k, reset)));
    h[k] = (1 - z[k]!) * n + z[k]! * old[k]!;
  }
};

const lstmCell: Cell = ({ fromX, fromState, peephole, activations: [f, g, out], h, c }, { input_forget }) => {
  const old = [...h];
  for (const k of h.keys()) {
    const before = (gate: number): number => fromX(gate, k) + fromState(gate, k, old);
    const i = f!(before(0) + peephole(0, k) * c[k]!);
    const forget = input_forget ? 1 - i : f!(before(2) + peephole(2, k) * c[k]!);
    c[k] = forget * c[k]! + i * g!(before(3));
    h[k] = f!(before(1) + peephole(1, k) * c[k]!) * out!(c[k]!);
  }
};

/** The gates of one step from a row of X, and their weights for one direction. */
const gatesOf = (inputs: readonly (RefTensor | undefined)[], d: number, hidden: number, rows: number, xAt: number) => {
  const [x, w, r, b, , , , p] = inputs;
  const width = w!.shape[2]!;
  const bias = (k: number): number => b?.data[d * 2 * rows + k] ?? 0;
  return {
    fromX: (g: number, k: number): number => {
      let sum = bias(g * hidden + k);
      for (let j = 0; j < width; j++) sum += x!.data[xAt + j]! * w!.data[(d * rows + g * hidden + k) * width + j]!;
      return sum;
    },
    fromState: (g: number, k: number, v: ArrayLike<number>): number => {
      let sum = bias(rows + g * hidden + k);
      for (let j = 0; j < hidden; j++) sum += v[j]! * r!.data[(d * rows + g * hidden + k) * hidden + j]!;
      return sum;
    },
    peephole: (g: number, k: number): number => p?.data[(d * 3 + g) * hidden + k] ?? 0,
  };
};

const recurrent =
  (cell: Cell, gates: number, own: readonly string[]): Reference =>
  (inputs, attributes, outputs) => {
    const [x, w, r, , lengths, initialH, initialC] = inputs;
    const batchFirst = attributes.layout === 1;
    const [directions, , hidden] = r!.shape as [number, number, number];
    const [steps, batch] = (batchFirst ? [x!.shape[1], x!.shape[0]] : x!.shape) as [number, number];
    const names = (attributes.activations as readonly string[] | undefined) ?? [...own, ...own].slice(0, own.length * directions);
    const limit = (attributes.clip as number | undefined) ?? Number.POSITIVE_INFINITY;
    // What the gates go through is clipped, not the state that the third function of LSTM takes.
    const functions = activationsOf(attributes, names).map(
      (f, place): Activation => (place % own.length === 2 ? f : (v) => f(Math.min(Math.max(v, -limit), limit))),
    );
    const [y, lastH, lastC] = outputs.map(({ shape }) => new Float64Array(shape.reduce((m, size) => m * size, 1)));

    for (let d = 0; d < directions; d++) {
      const activations = functions.slice(d * own.length, (d + 1) * own.length);
      for (let n = 0; n < batch; n++) {
        const length = lengths ? lengths.data[n]! : steps;
        const at = (batchFirst ? n * directions + d : d * batch + n) * hidden;
        const [h, c] = [initialH, initialC].map((state) => Array.from({ length: hidden }, (_, k) => state?.data[at + k] ?? 0));
        for (let s = 0; s < length; s++) {
          const t = attributes.direction === 'reverse' || d === 1 ? length - 1 - s : s;
          const xAt = (batchFirst ? n * steps + t : t * batch + n) * w!.shape[2]!;
          cell({ ...gatesOf(inputs, d, hidden, gates * hidden, xAt), activations, h: h!, c: c! }, attributes);
          y!.set(h!, (batchFirst ? (n * steps + t) * directions + d : (t * directions + d) * batch + n) * hidden);
        }
        lastH?.set(h!, at);
        lastC?.set(c!, at);
      }
    }
    return [y!, lastH!, lastC!];
  };

export const rnn = recurrent(rnnCell, 1, ['Tanh']);
export const gru = recurrent(gruCell, 3, ['Sigmoid', 'Tanh']);
export const lstm = recurrent(lstmCell, 4, ['Sigmoid', 'Tanh', 'Tanh']);
