import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
const number = (data: number, dtype: InputSpec['dtype'] = 'float32'): InputSpec => ({ shape: [1], dtype, data: [data] });
const limitOf = (limit: number): InputSpec => ({ ...number(limit, 'int64'), constant: true });

/** Boxes on a grid of halves, many of them alike: what they share of each other is far from the thresholds. */
const boxesOf = (count: number, isCentre: boolean, seed: number): number[] => {
  const next = random(seed);
  return Array.from({ length: count }, () => {
    const [x, y] = [Math.floor(4 * next()), Math.floor(4 * next())];
    const [w, h] = [1 + Math.floor(3 * next()) / 2, 1 + Math.floor(3 * next()) / 2];
    if (isCentre) return [x, y, w, h];
    // Corners in any order.
    return next() < 0.5 ? [y, x, y + h, x + w] : [y + h, x + w, y, x];
  }).flat();
};

interface Extents {
  readonly batch: number;
  readonly classes: number;
  readonly count: number;
}

const nms = (
  { batch, classes, count }: Extents,
  limit: number | undefined,
  thresholds: readonly (number | undefined)[] = [],
  center_point_box = 0,
): OpCase => {
  const next = random(count + 1);
  const scores = Array.from({ length: batch * classes * count }, () => Math.floor(8 * next()) / 8);
  const inputs = [
    { shape: [batch, count, 4], data: boxesOf(batch * count, center_point_box === 1, count) },
    { shape: [batch, classes, count], data: scores },
    limit === undefined ? undefined : limitOf(limit),
    ...thresholds.map((threshold) => (threshold === undefined ? undefined : number(threshold))),
  ];
  return {
    name: `${batch} x ${classes} x ${count}, ${limit} of ${thresholds}${center_point_box ? ', centres' : ''}`,
    op: 'NonMaxSuppression',
    inputs: inputs.slice(0, inputs.findLastIndex((input) => input !== undefined) + 1),
    attributes: { center_point_box, padded: true },
    outputs: 2,
    tolerance,
  };
};

const cases: OpCase[] = [
  nms({ batch: 1, classes: 1, count: 1 }, 3, [0.5]),
  nms({ batch: 1, classes: 1, count: 5 }, 2, [0.31]),
  nms({ batch: 2, classes: 3, count: 33 }, 4, [0.31, 0.3]),
  nms({ batch: 2, classes: 3, count: 33 }, 4, [0.31, 0.3], 1),
  nms({ batch: 1, classes: 2, count: 129 }, 1000, [0.41]),
  nms({ batch: 1, classes: 2, count: 65 }, 65, [undefined, 0.6]),
  nms({ batch: 3, classes: 1, count: 31 }, 10, [0.99], 1),
  nms({ batch: 1, classes: 2, count: 9 }, 0, [0.5]),
  nms({ batch: 1, classes: 2, count: 9 }, -1, [0.5]),
  nms({ batch: 1, classes: 2, count: 9 }, undefined),
  nms({ batch: 1, classes: 2, count: 9 }, 5, [0.5, 2]),
  nms({ batch: 1, classes: 0, count: 9 }, 5),
  nms({ batch: 0, classes: 2, count: 9 }, 5),
  nms({ batch: 1, classes: 2, count: 0 }, 5),
];

const rowsOf = (opCase: OpCase): number[] => {
  const { graph, feeds } = caseGraph(opCase);
  const [rows, count] = graph.outputs.map((name) => runGraph(graph, feeds).get(name)!);
  return [...(rows!.data as BigInt64Array)].slice(0, 3 * Number(count!.data[0])).map(Number);
};

describe('non-max suppression', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));

  it('chooses by hand what the reference chooses', () => {
    // Three boxes in a row of which the second lies half over the first; the fourth has no area.
    const boxes: InputSpec = { shape: [1, 4, 4], data: [0, 0, 1, 1, 0, 0.5, 1, 1.5, 0, 2, 1, 3, 0, 0, 0, 1] };
    const scores: InputSpec = { shape: [1, 1, 4], data: [0.5, 0.9, 0.1, 0.9] };
    const of = (iou: number, least: number, limit = 9): OpCase => ({
      ...(cases[0] as OpCase),
      inputs: [boxes, scores, limitOf(limit), number(iou), number(least)],
    });
    expect(rowsOf(of(0.3, 0))).toEqual([0, 0, 1, 0, 0, 3, 0, 0, 2]);
    expect(rowsOf(of(0.4, 0))).toEqual([0, 0, 1, 0, 0, 3, 0, 0, 0, 0, 0, 2]);
    expect(rowsOf(of(0.4, 0.5))).toEqual([0, 0, 1, 0, 0, 3]);
    expect(rowsOf(of(0.4, 0, 1))).toEqual([0, 0, 1]);
  });

  it('rejects wrong kernels', () => expectWrongKernelRejected(cases[2] as OpCase, /params\.classes/, '(params.classes + 1u)'));

  it.each([
    [[{ shape: [1, 5, 4] }, { shape: [1, 2, 6] }], 'the number of the scores must be 5'],
    [[{ shape: [1, 5, 4] }, { shape: [2, 2, 5] }], 'the batch of the scores must be 1'],
    [[{ shape: [1, 5, 3] }, { shape: [1, 2, 5] }], 'the last extent of the boxes must be 4'],
    [[{ shape: [5, 4] }, { shape: [1, 2, 5] }], 'boxes must be'],
    [[{ shape: [1, 5, 4] }, { shape: [2, 5] }], 'scores must be'],
    [[{ shape: [1, 5, 4], dtype: 'int32' }, { shape: [1, 2, 5] }], 'must be float'],
    [[{ shape: [1, 5, 4] }, { shape: [1, 2, 5] }, { shape: [2], dtype: 'int64', data: [1, 2], constant: true }], 'one number'],
  ] as [InputSpec[], string][])('refuses %o', (inputs, message) => {
    const opCase: OpCase = { name: '', op: 'NonMaxSuppression', inputs, attributes: { padded: true }, outputs: 2, tolerance };
    expect(() => caseGraph(opCase)).toThrow(message);
  });
});
