import { describe, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const step = (op: string, operand?: number, attributes = {}) => ({ op, attributes, ...(operand !== undefined && { operand }) });

const orders = [
  { name: 'NHWC', xLast: true, yLast: true },
  { name: 'NCHW', xLast: false, yLast: false },
  { name: 'NHWC to NCHW', xLast: true, yLast: false },
];

/** A residual and slopes per channel after a convolution, in any order of axes; every kernel gets its turn. */
const conv = (name: string, [channels, outputs]: [number, number], k: number, attributes: Record<string, unknown>): OpCase[] =>
  orders.flatMap(({ name: order, xLast, yLast }) =>
    (['cpu', 'gpu'] as const).map((kind): OpCase => {
      const group = (attributes.group as number) ?? 1;
      const [h, w] = [6, 9];
      const stride = (attributes.strides as number[])?.[0] ?? 1;
      const [oh, ow] = [Math.ceil(h / stride), Math.ceil(w / stride)];
      const pad = Math.floor(k / 2);
      const slopes: InputSpec = { shape: yLast ? [1, 1, 1, outputs] : [outputs, 1, 1], constant: true };
      return {
        name: `Conv ${name} ${order} ${kind}`,
        op: 'Conv',
        facts: { kind },
        inputs: [
          { shape: xLast ? [2, h, w, channels] : [2, channels, h, w] },
          { shape: [outputs, channels / group, k, k], constant: true, range: [-0.5, 0.5] },
          undefined,
          { shape: yLast ? [2, oh, ow, outputs] : [2, outputs, oh, ow] },
          slopes,
        ],
        attributes: {
          pads: [pad, pad, pad, pad],
          channelsLast: xLast,
          writesChannelsFirst: xLast && !yLast,
          epilogue: [step('Add', 3), step('PRelu', 4), step('Tanh')],
          ...attributes,
        } as OpCase['attributes'] & object,
        tolerance: tolerances.reduction,
      };
    }),
  );

/** A residual and slopes per column after a product, by every kernel. */
const product = ([m, k, n]: [number, number, number], op: 'MatMul' | 'Gemm'): OpCase[] =>
  (['cpu', 'gpu'] as const).map((kind) => ({
    name: `${op} [${m}, ${k}] x [${k}, ${n}] ${kind}`,
    op,
    facts: { kind },
    inputs: [
      { shape: [m, k] },
      { shape: [k, n], constant: true },
      ...(op === 'Gemm' ? [undefined] : []),
      { shape: [m, n] },
      { shape: [n], constant: true },
    ],
    attributes: { epilogue: [step('Add', op === 'Gemm' ? 3 : 2), step('PRelu', op === 'Gemm' ? 4 : 3), step('Tanh')] },
    tolerance: tolerances.reduction,
  }));

const cases: OpCase[] = [
  ...(
    [
      [33, 12, 20],
      [9, 8, 7],
      [1, 16, 12],
      [1, 16, 9],
      [3, 8, 8],
      [2, 3, 2],
    ] as [number, number, number][]
  ).flatMap((dims) => [...product(dims, 'MatMul'), ...product(dims, 'Gemm')]),
  ...conv('3x3', [8, 12], 3, {}),
  ...conv('1x1', [8, 12], 1, {}),
  ...conv('5x5', [4, 8], 5, {}),
  ...conv('first layer', [3, 8], 3, { strides: [2, 2] }),
  ...conv('depthwise 3x3', [8, 8], 3, { group: 8 }),
  ...conv('depthwise 5x5', [8, 8], 5, { group: 8 }),
  ...conv('odd first layer', [3, 5], 3, {}),
  ...conv('odd 3x3', [9, 6], 3, {}),
  ...conv('few outputs', [8, 4], 3, {}),
  ...conv('few odd outputs', [9, 3], 5, {}),
  ...conv('odd 1x1', [10, 7], 1, {}),
  ...conv('odd 5x5', [9, 5], 5, {}),
  ...conv('odd depthwise 3x3', [6, 6], 3, { group: 6 }),
  ...conv('odd depthwise 5x5', [7, 7], 5, { group: 7 }),
  ...['Add', 'Sub', 'Mul', 'Div'].map(
    (op): OpCase => ({
      name: `Mul with a chain ending in ${op} of one number`,
      op: 'Mul',
      inputs: [{ shape: [3, 5, 8] }, { shape: [8] }, { shape: [3, 5, 8] }, { shape: [1], range: [1, 2] }],
      attributes: { epilogue: [step('Add', 2), step('Tanh'), step(op, 3)] },
      tolerance: tolerances.transcendental,
    }),
  ),
  {
    name: 'Add with one number a column',
    op: 'Add',
    inputs: [{ shape: [3, 7] }, { shape: [3, 7] }, { shape: [7] }],
    attributes: { epilogue: [step('PRelu', 2)] },
    tolerance: tolerances.arithmetic,
  },
];

const convCase = cases.find(({ name }) => name === 'Conv 3x3 NHWC cpu') as OpCase;

describe('operands of the epilogue', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a kernel that reads another element', () => expectWrongKernelRejected(convCase, 'extra_a[at]', 'extra_a[at + 1u]'));
  it('rejects a kernel that reads another channel', () => expectWrongKernelRejected(convCase, 'extra_b[channel]', 'extra_b[0]'));
});
