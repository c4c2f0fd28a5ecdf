import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import {
  caseGraph,
  checkOp,
  expectWrongKernelRejected,
  type InputSpec,
  type OpCase,
  withoutSubgroups,
} from '../support/check-op.js';

const kinds = ['cpu', 'gpu'] as const;
const tolerance = tolerances.reduction;

/** [shape, axis, shape of scale and bias]. */
const layers: [number[], number, number[]][] = [
  [[1], -1, [1]],
  [[3, 4], -1, [4]],
  [[2, 5], 1, [5]],
  [[4, 31], -1, [31]],
  [[3, 32], -1, [32]],
  [[3, 33], 0, [33]],
  [[2, 3, 127], -1, [127]],
  [[2, 129], -1, [129]],
  [[2, 3, 4, 5], 1, [3, 4, 5]],
  [[2, 3, 4, 5], 2, [4, 5]],
  [[2, 3, 4], -2, [3, 1]],
  [[2, 3, 8], 1, []],
  [[3, 8], -1, [3, 1]],
  [[0, 4], -1, [4]],
];

const layerCases: OpCase[] = kinds.flatMap((kind) =>
  layers.flatMap(([shape, axis, scale], i) => [
    {
      name: `LayerNormalization ${kind} [${shape}] from ${axis} scale [${scale}]`,
      op: 'LayerNormalization',
      inputs: [{ shape }, { shape: scale, constant: i % 2 === 0 }, ...(i % 3 === 0 ? [] : [{ shape: scale }])],
      attributes: { axis, epsilon: i % 2 === 0 ? 1e-5 : 0.1 },
      outputs: i % 4 === 0 ? 3 : 1,
      tolerance,
      facts: { kind },
    },
    {
      name: `RMSNormalization ${kind} [${shape}] from ${axis} scale [${scale}]`,
      op: 'RMSNormalization',
      inputs: [{ shape }, { shape: scale }],
      attributes: { axis },
      tolerance,
      facts: { kind },
    },
  ]),
);

/** Channels-first shapes with numbers of groups. */
const images: [number[], number[]][] = [
  [[1, 1, 1], [1]],
  [
    [2, 4, 5],
    [1, 2, 4],
  ],
  [
    [2, 6, 3, 3],
    [2, 3],
  ],
  [
    [1, 8, 4, 4],
    [2, 8],
  ],
  [[2, 3, 31], [3]],
  [
    [1, 32, 2, 33],
    [4, 32],
  ],
  [[2, 5, 4, 2, 3], [5]],
  [[0, 4, 3], [2]],
];

const toChannelsLast = ([n, c, ...pixels]: number[]): number[] => [n as number, ...pixels, c as number];

const imageCases: OpCase[] = kinds.flatMap((kind) =>
  [false, true].flatMap((channelsLast) =>
    images.flatMap(([shape, groups]) => {
      const x = { shape: channelsLast ? toChannelsLast(shape) : shape };
      const vector = { shape: [shape[1] as number] };
      const common = { inputs: [x, vector, vector], tolerance, facts: { kind } };
      return [
        {
          ...common,
          name: `InstanceNormalization ${kind} [${x.shape}]`,
          op: 'InstanceNormalization',
          attributes: { channelsLast },
        },
        ...groups.map((num_groups) => ({
          ...common,
          name: `GroupNormalization ${kind} [${x.shape}] in ${num_groups}${channelsLast ? ', channels last' : ''}`,
          op: 'GroupNormalization',
          attributes: { num_groups, channelsLast, epsilon: 1e-3 },
        })),
      ];
    }),
  ),
);

const axesCases: OpCase[] = kinds.flatMap((kind) => [
  ...(
    [
      [[5], 0],
      [[3, 4], -1],
      [[3, 4], 0],
      [[2, 33, 3], 1],
      [[2, 31, 8], -2],
      [[2, 128], 1],
    ] as [number[], number][]
  ).flatMap(([shape, axis]) =>
    [1, 2].map((p) => ({
      name: `LpNormalization ${kind} [${shape}] along ${axis}, p ${p}`,
      op: 'LpNormalization',
      inputs: [{ shape }],
      attributes: { axis, p },
      tolerance,
      facts: { kind },
    })),
  ),
  ...(
    [
      [[2, 3, 4, 5], undefined],
      [[1, 4, 32, 3], undefined],
      [[3, 8], [1]],
      [[3, 8], [-2]],
      [
        [2, 3, 4, 5],
        [1, 3],
      ],
      [
        [2, 3, 2, 3, 4],
        [0, 2],
      ],
    ] as [number[], number[] | undefined][]
  ).map(([shape, axes]) => ({
    name: `MeanVarianceNormalization ${kind} [${shape}] over ${axes}`,
    op: 'MeanVarianceNormalization',
    inputs: [{ shape }],
    attributes: { axes },
    tolerance,
    facts: { kind },
  })),
]);

const special: OpCase[] = kinds.flatMap((kind) => [
  ...[4096, 4099].map((length) => ({
    name: `long rows of ${length}, ${kind}`,
    op: 'LayerNormalization',
    inputs: [{ shape: [3, length] }, { shape: [length] }, { shape: [length] }],
    tolerance,
    facts: { kind },
  })),
  {
    name: `a mean far from 0, ${kind}`,
    op: 'LayerNormalization',
    inputs: [{ shape: [3, 1000], range: [999, 1001] as const }, { shape: [1000] }],
    tolerance,
    facts: { kind },
  },
  {
    name: `long columns, ${kind}`,
    op: 'InstanceNormalization',
    inputs: [{ shape: [1, 32, 32, 8] }, { shape: [8] }, { shape: [8] }],
    attributes: { channelsLast: true },
    tolerance,
    facts: { kind },
  },
  {
    name: `NaN stays in its row, ${kind}`,
    op: 'RMSNormalization',
    inputs: [{ shape: [3, 4], data: [1, 2, Number.NaN, 3, 1, 2, 3, 4, 1, Number.POSITIVE_INFINITY, 3, 4] }, { shape: [4] }],
    tolerance,
    facts: { kind },
  },
  {
    name: `equal elements have no variance, ${kind}`,
    op: 'LayerNormalization',
    inputs: [{ shape: [2, 5], data: [0.1, 0.1, 0.1, 0.1, 0.1, 7, 7, 7, 7, 7] }, { shape: [5] }],
    tolerance,
    facts: { kind },
  },
  ...[1, 2].map((p) => ({
    name: `LpNormalization of zeros, p ${p}, ${kind}`,
    op: 'LpNormalization',
    inputs: [{ shape: [2, 4], data: [0, 0, 0, 0, 1, -2, 3, 4] }],
    attributes: { p },
    tolerance,
    facts: { kind },
  })),
  ...[4, 5].map((length) => ({
    name: `Gelu after rows of ${length}, ${kind}`,
    op: 'LayerNormalization',
    inputs: [{ shape: [3, length] }, { shape: [length] }],
    attributes: { epilogue: [{ op: 'Gelu', attributes: { approximate: 'none' } }] },
    tolerance,
    facts: { kind },
  })),
]);

describe('normalize', () => {
  it.each([...layerCases, ...imageCases, ...axesCases, ...special, ...withoutSubgroups([...layerCases, ...imageCases])])(
    '$name',
    (opCase) => checkOp(opCase),
  );

  it.each(kinds)('rejects a wrong kernel for a %s', async (kind) => {
    const opCase = { ...special.find(({ name }) => name === `long rows of 4096, ${kind}`), facts: { kind } } as OpCase;
    await expectWrongKernelRejected(opCase, 'v *= scale_at(at)', 'v *= scale_at(at + 1)');
    if (kind === 'gpu') await expectWrongKernelRejected(opCase, 'neighbour(total.plain, step)', 'total.plain * 1.5');
    await expectWrongKernelRejected(opCase, 'inverseSqrt(v / params.terms', 'inverseSqrt(v / (params.terms - 8)');
  });

  it('normalises long rows of a GPU in workgroups, short ones alone', () => {
    const kernelFor = (length: number, kind: 'cpu' | 'gpu') => {
      const inputs = [{ shape: [2, length] }, { shape: [length] }];
      const { graph } = caseGraph({ name: '', op: 'LayerNormalization', inputs, tolerance });
      return buildPlan(graph, { ...defaultFacts, kind }).pipelines[0]?.kernel;
    };
    expect([kernelFor(512, 'cpu'), kernelFor(512, 'gpu'), kernelFor(8, 'gpu')]).toEqual([
      'normalize',
      'normalize-workgroup',
      'normalize',
    ]);
  });

  it.each([
    ['LayerNormalization', [{ shape: [2, 3] }, { shape: [2] }], {}, 'does not broadcast'],
    ['LayerNormalization', [{ shape: [2, 3] }, { shape: [3] }], { axis: 2 }, 'axis 2 is out of range'],
    ['LayerNormalization', [{ shape: [2], dtype: 'int32' }, { shape: [2] }], {}, 'not defined for int32'],
    ['InstanceNormalization', [{ shape: [2, 3] }, { shape: [3] }, { shape: [3] }], {}, 'at least 3 dimensions'],
    ['InstanceNormalization', [{ shape: [2, 3, 4] }, { shape: [4] }, { shape: [3] }], {}, 'length of scale and bias must be 3'],
    ['GroupNormalization', [{ shape: [2, 3, 4] }, { shape: [3] }, { shape: [3] }], { num_groups: 2 }, 'does not divide 3'],
    ['MeanVarianceNormalization', [{ shape: [2, 3] }], { axes: [1, -1] }, 'twice'],
    ['MeanVarianceNormalization', [{ shape: [2, 3] }], {}, 'axis 2 is out of range'],
    ['LpNormalization', [{ shape: [2, 3] }], { axis: -3 }, 'axis -3 is out of range'],
  ] as [string, InputSpec[], object, string][])('%s refuses %o %o', (op, inputs, attributes, message) => {
    expect(() => caseGraph({ name: '', op, inputs, attributes: { ...attributes }, tolerance })).toThrow(message);
  });
});
