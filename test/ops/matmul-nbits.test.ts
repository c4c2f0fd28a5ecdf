import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { matmulTolerance } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';
import { expectRefused, integers } from '../support/quantized.js';

interface Options {
  readonly bits?: number;
  readonly block_size?: number;
  readonly zeros?: 'none' | 'packed' | 'float';
  readonly bias?: boolean;
  readonly epilogue?: boolean;
  /** True where only a run can tell the scales. */
  readonly fed?: boolean;
}

const op = 'com.microsoft.MatMulNBits';

const nbitsCase = (
  a: readonly number[],
  N: number,
  { bits = 4, block_size = 16, zeros = 'none', bias = false, epilogue = false, fed = false }: Options = {},
): OpCase => {
  const K = a.at(-1) as number;
  const blocks = Math.ceil(K / block_size);
  const floats = (shape: readonly number[], range: readonly [number, number]): InputSpec => ({ shape, range, constant: true });
  const zeroSpecs: Record<string, InputSpec | undefined> = {
    none: undefined,
    packed: integers('uint8', [N * Math.ceil((blocks * bits) / 8)], true),
    float: floats([N, blocks], [0, 2 ** bits - 1]),
  };
  return {
    name: `MatMulNBits [${a}] x ${N}, ${bits} bits, blocks of ${block_size}, zero points ${zeros}${bias ? ', bias' : ''}${epilogue ? ', Relu' : ''}${fed ? ', scales fed' : ''}`,
    op,
    inputs: [
      { shape: a },
      integers('uint8', [N, blocks, (block_size * bits) / 8], true),
      { ...floats([N * blocks], [0.01, 0.1]), constant: !fed },
      zeroSpecs[zeros],
      undefined,
      ...(bias ? [floats([N], [-2, 2])] : []),
    ],
    attributes: { K, N, bits, block_size, ...(epilogue && { epilogue: [{ op: 'Relu', attributes: {} }] }) },
    tolerance: matmulTolerance(K + 1, 2, 0.1 * 2 ** bits),
  };
};

const zeroPoints = ['none', 'packed', 'float'] as const;

const cases: OpCase[] = [
  ...[2, 4, 8].flatMap((bits) => zeroPoints.map((zeros) => nbitsCase([3, 33], 5, { bits, zeros, fed: true }))),
  ...[2, 4, 8].flatMap((bits) =>
    [1, 3, 4, 17, 33].flatMap((rows) =>
      zeroPoints.map((zeros) => nbitsCase([rows, 68], 35, { bits, zeros, bias: rows % 2 === 1 })),
    ),
  ),
  nbitsCase([1, 1024], 72, { zeros: 'packed', block_size: 32 }),
  nbitsCase([66, 127], 129, { zeros: 'packed', block_size: 32, bias: true }),
  ...[16, 32, 64, 128, 256].map((block_size) => nbitsCase([2, 129], 4, { block_size, zeros: 'packed' })),
  ...[1, 16, 17, 31, 32].map((K) => nbitsCase([1, K], 3, { zeros: 'packed' })),
  nbitsCase([2, 3, 40], 5, { bias: true }),
  nbitsCase([40], 5, { bias: true, epilogue: true }),
  nbitsCase([0, 40], 5),
];

const gpu = { kind: 'gpu' as const, features: [] };

describe('matmul-nbits', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it.each(cases.slice(9))('as on a GPU: $name', (opCase) => checkOp({ ...opCase, facts: gpu }));

  it('adds what follows in its epilogue', () =>
    checkOp({
      ...(nbitsCase([3, 2, 40], 5) as OpCase),
      name: 'MatMulNBits + Add + Mul',
      inputs: [...nbitsCase([3, 2, 40], 5).inputs, undefined, { shape: [5] }, { shape: [3, 2, 5] }],
      attributes: {
        ...nbitsCase([3, 2, 40], 5).attributes,
        epilogue: [
          { op: 'Add', attributes: {}, operand: 6 },
          { op: 'Mul', attributes: {}, operand: 7 },
        ],
      },
    }));

  it('rejects a wrong kernel', async () => {
    await expectWrongKernelRejected(cases[4] as OpCase, 'word >>= BITS', 'word >>= 1u');
    await expectWrongKernelRejected(cases[4] as OpCase, 'packed_zero(column, block);', 'packed_zero(column, 0u);');
    const [one, many] = [nbitsCase([1, 68], 35, { zeros: 'packed' }), nbitsCase([17, 68], 35, { zeros: 'packed' })];
    await expectWrongKernelRejected(one, 'sum * offset_at', '0.0 * offset_at');
    await expectWrongKernelRejected({ ...one, facts: gpu }, 'width > 0u', 'width > 1u');
    await expectWrongKernelRejected(many, '* s - t,', '* s,');
    await expectWrongKernelRejected({ ...many, facts: gpu }, 'k % (8u / BITS) * 4u * BITS', '0u');
  });

  it('uploads the packed weight as it stands', () => {
    const { graph } = caseGraph(nbitsCase([3, 64], 16));
    const weights = buildPlan(graph, defaultFacts).buffers.filter(({ role }) => role === 'weight');
    expect(weights.map(({ words }) => words!.byteLength).sort((a, b) => b - a)).toEqual([(16 * 64) / 2, 16 * 4 * 4]);
  });

  it('refuses scales that are no numbers', () => {
    const given = nbitsCase([2, 32], 1);
    const scales = { shape: [2], data: [0.5, Number.NaN], constant: true };
    const b: InputSpec = { shape: [1, 2, 8], dtype: 'uint8', data: new Array<number>(16).fill(7), constant: true };
    expectRefused(op, given.inputs.with(1, b).with(2, scales), 'the scales must be finite, got NaN', given.attributes);
  });

  it('refuses what does not fit', () => {
    const attributes = { K: 32, N: 4, bits: 4, block_size: 16 };
    const a = { shape: [2, 32] };
    const b = { ...integers('uint8', [4, 2, 8], true), data: new Array<number>(64).fill(1) };
    const scale = { shape: [8] };
    expectRefused(op, [a, { ...b, constant: false }, scale], 'B must be a constant', attributes);
    expectRefused(op, [a, b, { shape: [7] }], 'the scales of shape [7] must have 8 elements', attributes);
    expectRefused(op, [{ shape: [2, 31] }, b, scale], 'the last dimension of A must be 32, got 31', attributes);
    expectRefused(op, [a, b, scale, undefined, { shape: [32], dtype: 'int32' }], 'g_idx', attributes);
    expectRefused(op, [a, b, scale], 'bits must be 2, 4 or 8, got 3', { ...attributes, bits: 3 });
    expectRefused(op, [a, b, scale], 'block_size must be a power of 2', { ...attributes, block_size: 24 });
    expectRefused(op, [a, b, scale, { shape: [4], dtype: 'int8' }], 'the zero points must be uint8 or float32', attributes);
  });
});
