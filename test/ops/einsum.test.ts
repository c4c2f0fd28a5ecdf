import { describe, expect, it } from 'vitest';
import { matmulTolerance, tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

/** The equation, the shapes, and how many products make one element. */
const table: [string, number[][], number][] = [
  ['i->i', [[5]], 1],
  ['i->', [[33]], 33],
  ['ij->ji', [[3, 5]], 1],
  ['ij->j', [[31, 4]], 31],
  ['ii->i', [[5, 5]], 1],
  ['ii', [[5, 5]], 5],
  ['ijj->i', [[3, 4, 4]], 4],
  ['ba', [[3, 5]], 1],
  ['i,i->i', [[5], [5]], 1],
  ['i,j->ij', [[5], [3]], 1],
  [
    'ij,jk',
    [
      [3, 31],
      [31, 5],
    ],
    31,
  ],
  [
    'bij,bjk->bik',
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    4,
  ],
  [
    'bhid,bhjd->bhij',
    [
      [2, 3, 4, 5],
      [2, 3, 6, 5],
    ],
    5,
  ],
  [
    'bqhd,bkhd->bhqk',
    [
      [2, 3, 2, 8],
      [2, 5, 2, 8],
    ],
    8,
  ],
  [
    '...ij,...jk->...ik',
    [
      [2, 3, 4],
      [4, 5],
    ],
    4,
  ],
  [
    '...ij,...jk',
    [
      [2, 1, 3, 4],
      [3, 4, 5],
    ],
    4,
  ],
  [
    'i...,i...',
    [
      [3, 4],
      [3, 4],
    ],
    3,
  ],
  ['...,...->...', [[2, 3], [3]], 1],
  [
    ' i j , j k -> i k ',
    [
      [2, 3],
      [3, 2],
    ],
    3,
  ],
  [
    'abcd,bd->ca',
    [
      [2, 3, 4, 5],
      [3, 5],
    ],
    15,
  ],
  ['i,ij,j->', [[3], [3, 4], [4]], 12],
  [
    'ij,jk,kl->il',
    [
      [2, 3],
      [3, 4],
      [4, 5],
    ],
    12,
  ],
  ['ab,cb,db,b->acd', [[2, 3], [4, 3], [5, 3], [3]], 3],
  ['abcdefgh,h->hgfedcba', [[2, 1, 2, 2, 1, 2, 2, 3], [3]], 1],
  [
    'ij,jk->ik',
    [
      [0, 3],
      [3, 2],
    ],
    3,
  ],
  [
    'ij,jk->ik',
    [
      [2, 0],
      [0, 3],
    ],
    1,
  ],
];
const cases: OpCase[] = table.flatMap(([equation, shapes, k]) =>
  (['float32', 'int32'] as const).map((dtype) => ({
    name: `${dtype} ${equation} ${JSON.stringify(shapes)}`,
    op: 'Einsum',
    inputs: shapes.map((shape) => ({ shape, dtype })),
    attributes: { equation },
    tolerance: dtype === 'int32' ? tolerances.exact : matmulTolerance(k * shapes.length, 2 ** (shapes.length - 1), 2),
  })),
);

describe('einsum', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(
      cases.find(({ name }) => name.includes('bhid')) as OpCase,
      'r < params.inner',
      'r < params.inner - 1',
    ));

  it.each([
    ['ij,jk->ik', [[2, 3]], 'is for 2 inputs'],
    ['ij->i', [[2, 3, 4]], 'does not fit an input of rank 3'],
    ['ij->k', [[2, 3]], "label 'k' of the output"],
    ['ij->ii', [[2, 3]], 'twice'],
    ['i1->i', [[2, 3]], "a term 'i1'"],
    ['i->i->i', [[2]], 'more than one arrow'],
    [
      'ij,jk->ik',
      [
        [2, 3],
        [4, 5],
      ],
      "label 'j' stands for extents 3 and 4",
    ],
  ] as [string, number[][], string][])('refuses %s for %o', (equation, shapes, message) => {
    const inputs = shapes.map((shape) => ({ shape }));
    expect(() => caseGraph({ name: '', op: 'Einsum', inputs, attributes: { equation }, tolerance: tolerances.exact })).toThrow(
      message,
    );
  });
});
