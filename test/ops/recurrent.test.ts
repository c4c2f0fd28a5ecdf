import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import type { Plan } from '../../src/plan/plan.js';
import { type Tolerance, tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, type InputSpec, type OpCase } from '../support/check-op.js';

const gates = { RNN: 1, GRU: 3, LSTM: 4 } as const;
type Op = keyof typeof gates;

interface Net {
  readonly op: Op;
  readonly steps?: number;
  readonly batch?: number;
  readonly width?: number;
  readonly hidden?: number;
  readonly attributes?: Attributes;
  /** Which of the optional inputs are there. */
  readonly bias?: boolean;
  readonly lengths?: readonly number[];
  readonly initial?: boolean;
  readonly peepholes?: boolean;
  readonly constant?: boolean;
  readonly kind?: 'cpu' | 'gpu';
}

/** Errors of a step go on into the next. */
const tolerance: Tolerance = tolerances.reduction;

const caseOf = (net: Net): OpCase => {
  const { op, steps = 3, batch = 2, width = 3, hidden = 4, attributes = {}, constant = true, kind } = net;
  const directions = attributes.direction === 'bidirectional' ? 2 : 1;
  const rows = gates[op] * hidden;
  const first = attributes.layout === 1;
  const weights = (...shape: number[]): InputSpec => ({ shape, constant, range: [-0.8, 0.8] });
  const state = { shape: first ? [batch, directions, hidden] : [directions, batch, hidden] };
  const lstm = op === 'LSTM';
  const inputs: (InputSpec | undefined)[] = [
    { shape: first ? [batch, steps, width] : [steps, batch, width] },
    weights(directions, rows, width),
    weights(directions, rows, hidden),
    net.bias ? weights(directions, 2 * rows) : undefined,
    net.lengths && { shape: [batch], dtype: 'int32', data: net.lengths },
    net.initial ? state : undefined,
    ...(lstm ? [net.initial ? state : undefined, net.peepholes ? weights(directions, 3 * hidden) : undefined] : []),
  ];
  return {
    name: JSON.stringify(net),
    op,
    inputs,
    attributes,
    outputs: lstm ? 3 : 2,
    tolerance,
    ...(kind && { facts: { kind } }),
  };
};

const all: readonly Op[] = ['RNN', 'GRU', 'LSTM'];
const functions = (op: Op, names: readonly string[], directions = 1): readonly string[] =>
  Array.from({ length: directions }, () => names.slice(0, { RNN: 1, GRU: 2, LSTM: 3 }[op])).flat();
const full = { bias: true, initial: true } as const;

const nets: Net[] = all.flatMap((op): Net[] => [
  { op },
  ...[1, 3, 4, 5, 31, 33].map((hidden): Net => ({ op, hidden, ...full, kind: 'cpu' })),
  ...[1, 4, 5, 33].map((width): Net => ({ op, width, ...full, kind: 'gpu' })),
  ...[1, 2, 7].map((steps): Net => ({ op, steps, batch: 1, ...full })),
  ...(['forward', 'reverse', 'bidirectional'] as const).flatMap((direction): Net[] => [
    { op, attributes: { direction }, ...full },
    { op, attributes: { direction, layout: 1 }, ...full },
    { op, attributes: { direction }, lengths: [1, 4, 0], batch: 3, steps: 4, ...full },
    { op, attributes: { direction, layout: 1 }, lengths: [2, 3], ...full },
  ]),
  { op, constant: false, attributes: { direction: 'bidirectional' }, ...full, kind: 'cpu' },
  { op, constant: false, hidden: 9, width: 8, steps: 9, ...full, kind: 'gpu' },
  { op, attributes: { clip: 0.3 }, ...full },
  { op, batch: 0 },
  { op, steps: 0, ...full },
  { op, width: 0, ...full },
  { op, attributes: { activations: functions(op, ['Relu', 'Softsign', 'Sigmoid']) }, ...full },
  {
    op,
    attributes: {
      activations: functions(op, ['HardSigmoid', 'affine', 'ScaledTanh']),
      activation_alpha: [0.3, 0.7, 1.5],
      activation_beta: [0.4, 0.1, 0.6],
    },
    ...full,
  },
  {
    op,
    attributes: {
      direction: 'bidirectional',
      activations: [
        ...functions(op, ['LeakyRelu', 'Elu', 'Softplus']),
        ...functions(op, ['Sigmoid', 'ThresholdedRelu', 'ScaledTanh']),
      ],
      activation_alpha: [0.2],
    },
    ...full,
  },
]);

const gruNets: Net[] = ['cpu', 'gpu'].flatMap((kind) =>
  (['forward', 'bidirectional'] as const).map(
    (direction): Net => ({
      op: 'GRU',
      attributes: { direction, linear_before_reset: true },
      ...full,
      kind: kind as 'cpu' | 'gpu',
    }),
  ),
);
const lstmNets: Net[] = [
  { op: 'LSTM', peepholes: true, ...full },
  { op: 'LSTM', peepholes: true, attributes: { direction: 'bidirectional', input_forget: true, clip: 0.5 }, ...full },
  { op: 'LSTM', attributes: { input_forget: true } },
];

const cases = [...nets, ...gruNets, ...lstmNets].map(caseOf);

describe('recurrent', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));

  const wrong: [Net, string, string][] = [
    [{ op: 'LSTM', ...full }, 'kept * old', 'kept'],
    [{ op: 'GRU', ...full }, '(1.0 - z)', 'z'],
    [{ op: 'GRU', ...full }, 'limit(gates[4u', 'limit(0.5 * gates[4u'],
    [{ op: 'RNN', ...full }, 'result = activation_f', 'result = 0.9 * activation_f'],
    [{ op: 'RNN', ...full }, 'j < params.hidden', 'j + 1u < params.hidden'],
  ];
  it.each(wrong)('rejects a wrong kernel: %o', async (net, right, replaced) => {
    let found = false;
    const alter = (plan: Plan): Plan => ({
      ...plan,
      pipelines: plan.pipelines.map((pipeline) => {
        found ||= pipeline.code.includes(right);
        return { ...pipeline, code: pipeline.code.replace(right, replaced) };
      }),
    });
    await expect(checkOp(caseOf(net), alter)).rejects.toThrow(/differ/);
    expect(found).toBe(true);
  });

  const refused: [string, Net | OpCase][] = [
    ['activations are wanted', { op: 'LSTM', attributes: { activations: ['Tanh'] } }],
    ['not an activation', { op: 'RNN', attributes: { activations: ['Sine'] } }],
    [
      'does not fit into',
      {
        ...caseOf({ op: 'RNN' }),
        inputs: caseOf({ op: 'RNN', lengths: [1, 4] }).inputs.map((spec) => spec && { ...spec, constant: true }),
      },
    ],
    ['dimension 1 of W', { ...caseOf({ op: 'GRU' }), inputs: caseOf({ op: 'RNN' }).inputs }],
  ];
  it.each(refused)('refuses: %s', (message, net) => {
    expect(() => caseGraph('inputs' in net ? net : caseOf(net))).toThrow(message);
  });
});
