import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
/** [N, C, H, W] of the side with more channels, and the blocksize. */
const table: [number[], number][] = [
  [[1, 4, 1, 1], 2],
  [[2, 12, 3, 5], 2],
  [[1, 16, 2, 4], 2],
  [[1, 16, 4, 3], 4],
  [[2, 9, 31, 1], 3],
  [[1, 32, 2, 2], 2],
  [[1, 3, 4, 5], 1],
  [[0, 4, 2, 2], 2],
];

const cases: OpCase[] = table.flatMap(([[n = 0, c = 0, h = 0, w = 0], b]) =>
  [false, true].flatMap((channelsLast) => {
    const deep = channelsLast ? [n, h, w, c] : [n, c, h, w];
    const wide = channelsLast ? [n, h * b, w * b, c / (b * b)] : [n, c / (b * b), h * b, w * b];
    const name = `[${deep}] by ${b}${channelsLast ? ', channels last' : ''}`;
    return [
      ...['DCR', 'CRD'].map((mode) => ({
        name: `DepthToSpace ${mode} ${name}`,
        op: 'DepthToSpace',
        inputs: [{ shape: deep }],
        attributes: { blocksize: b, mode, channelsLast },
        tolerance,
      })),
      ...['DCR', 'CRD'].map((mode) => ({
        name: `SpaceToDepth ${mode} ${name}`,
        op: 'SpaceToDepth',
        inputs: [{ shape: wide, dtype: 'int32' as const }],
        attributes: { blocksize: b, mode, channelsLast },
        tolerance,
      })),
    ];
  }),
);

/** Top, left, height and width of the region that is wanted, of [N, C, H, W] and the blocksize. */
const crops: [number[], number[], number][] = [
  [[1, 1, 4, 6], [2, 12, 3, 4], 2],
  [[0, 2, 1, 3], [1, 16, 2, 2], 2],
  [[2, 0, 6, 5], [1, 36, 3, 2], 3],
];

const cropped: OpCase[] = crops.flatMap(([crop, [n = 0, c = 0, h = 0, w = 0], b]) =>
  [false, true].flatMap((channelsLast) =>
    ['DCR', 'CRD'].map((mode) => {
      const shape = channelsLast ? [n, h, w, c] : [n, c, h, w];
      const attributes = { blocksize: b, mode, channelsLast, crop };
      const name = `DepthToSpace ${mode} [${shape}] by ${b}, cropped to [${crop}]${channelsLast ? ', channels last' : ''}`;
      return { name, op: 'DepthToSpace', inputs: [{ shape }], attributes, tolerance };
    }),
  ),
);

describe('depth-to-space', () => {
  it.each([...cases, ...cropped])('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(
      cases.find(({ name }) => name === 'DepthToSpace DCR [2,12,3,5] by 2') as OpCase,
      'let place = h % params.block * params.block + w % params.block;',
      'let place = w % params.block * params.block + h % params.block;',
    ));

  it.each([
    ['DepthToSpace', [1, 6, 2, 2], 2, 'channels 6 is no multiple of 4'],
    ['SpaceToDepth', [1, 6, 2, 3], 2, 'width 3 is no multiple of 2'],
    ['DepthToSpace', [4, 2, 2], 2, '4 dimensions'],
  ] as [string, number[], number, string][])('%s refuses [%s] by %i', (op, shape, blocksize, message) => {
    expect(() => caseGraph({ name: '', op, inputs: [{ shape }], attributes: { blocksize }, tolerance })).toThrow(message);
  });
});
