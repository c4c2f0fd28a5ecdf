import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import { type DeviceFacts, defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Plan } from '../../src/plan/plan.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

interface Form {
  readonly batch?: number;
  readonly heads?: number;
  readonly kvHeads?: number;
  readonly queries?: number;
  readonly keys?: number;
  readonly size?: number;
  readonly width?: number;
  readonly past?: number;
  readonly threeD?: boolean;
  readonly mask?: readonly number[];
  readonly maskType?: 'bool' | 'float32';
  readonly known?: readonly number[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
}

/** The kernel of CPU adapters that keeps no scores, that of GPUs, and those that keep them. */
const families: Readonly<Record<string, Partial<DeviceFacts>>> = {
  rows: { kind: 'cpu' },
  tiles: { kind: 'gpu' },
  scores: { kind: 'cpu', features: [] },
};

const caseOf = (form: Form, facts: Partial<DeviceFacts> = families.scores as Partial<DeviceFacts>): OpCase => {
  const { batch = 2, heads = 2, kvHeads = heads, queries = 3, keys = 5, size = 4, width = size, past, threeD } = form;
  const tensor = (count: number, sequence: number, extent: number): InputSpec => ({
    shape: threeD ? [batch, sequence, count * extent] : [batch, count, sequence, extent],
  });
  const cache = (extent: number): InputSpec | undefined =>
    past === undefined ? undefined : { shape: [batch, kvHeads, past, extent] };
  return {
    name: JSON.stringify(form),
    op: 'Attention',
    inputs: [
      tensor(heads, queries, size),
      tensor(kvHeads, keys, size),
      tensor(kvHeads, keys, width),
      form.mask && { shape: form.mask, dtype: form.maskType ?? 'float32', ...(form.maskType === 'bool' && { range: [0, 1] }) },
      cache(size),
      cache(width),
      form.known && { shape: [batch], dtype: 'int64', data: form.known },
    ],
    attributes: { ...(threeD && { q_num_heads: heads, kv_num_heads: kvHeads }), ...form.attributes },
    outputs: form.outputs ?? 1,
    tolerance: tolerances.reduction,
    facts,
  };
};

const forms: Form[] = [
  {},
  { threeD: true },
  ...[1, 3, 4, 5, 31, 33].map((size): Form => ({ size, width: size })),
  ...[1, 4, 31, 129].map((keys): Form => ({ keys, queries: 1 })),
  { queries: 33, keys: 33, attributes: { is_causal: true } },
  { heads: 3, queries: 17, keys: 65, size: 8, width: 68 },
  { heads: 1, queries: 5, keys: 130, size: 12, width: 132, threeD: true, mask: [5, 130] },
  { heads: 1, queries: 16, keys: 64, width: 260 },
  { size: 5, width: 8, threeD: true },
  { size: 8, width: 3 },
  { heads: 4, kvHeads: 2, threeD: true },
  { heads: 3, kvHeads: 1, past: 4, attributes: { is_causal: true }, outputs: 3 },
  { heads: 4, kvHeads: 2, past: 2, threeD: true, outputs: 4, mask: [3, 7] },
  { past: 0, outputs: 3 },
  { outputs: 3 },
  { threeD: true, outputs: 3 },
  { past: 3 },
  ...[0, 1, 2, 3].map(
    (mode): Form => ({ mask: [2, 1, 3, 5], outputs: 4, attributes: { softcap: 1.5, qk_matmul_output_mode: mode } }),
  ),
  ...[[5], [3, 5], [1, 5], [2, 3, 5], [2, 1, 3, 5], [1, 2, 1, 5], [3, 2], [2, 1, 1, 1]].map((mask): Form => ({ mask })),
  ...[
    [3, 5],
    [2, 2, 3, 5],
    [3, 4],
  ].map((mask): Form => ({ mask, maskType: 'bool', attributes: { is_causal: true } })),
  { known: [0, 4] },
  { known: [1, 5], attributes: { is_causal: true }, outputs: 4 },
  { known: [2, 7], past: 2, attributes: { is_causal: true } },
  { keys: 9, queries: 9, attributes: { left_window_size: 2, right_window_size: 1 } },
  { keys: 9, queries: 4, past: 3, attributes: { left_window_size: 2, is_causal: true } },
  { attributes: { scale: 0.3 } },
  { attributes: { scale: 0 } },
  { batch: 0 },
  { queries: 0 },
  { keys: 0 },
  { keys: 0, past: 3, outputs: 4 },
  { width: 0, outputs: 4 },
];

const kernelsOf = (opCase: OpCase, features: readonly string[] = ['subgroups']): string[] =>
  buildPlan(caseGraph(opCase).graph, { ...defaultFacts, features, ...opCase.facts }).pipelines.map(({ kernel }) => kernel);

describe.each(Object.entries(families))('attention by %s', (family, facts) => {
  it.each(forms.map((form) => caseOf(form, facts)))('$name', (opCase) => checkOp(opCase));

  it.each([1, 4])('gives 0 where a row sees no key, and keeps NaN, with %i outputs', async (outputs) => {
    const form = caseOf({ mask: [3, 5], maskType: 'bool', outputs, attributes: { qk_matmul_output_mode: 3 } }, facts);
    const mask = [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0];
    const inputs = form.inputs.map((spec, i) => (i === 3 && spec ? { ...spec, data: mask } : spec));
    await checkOp({ ...form, inputs });
    const nan = inputs.with(0, {
      shape: [2, 2, 3, 4],
      data: Array.from({ length: 48 }, (_, i) => (i === 17 ? Number.NaN : i / 20 - 1)),
    });
    await checkOp({ ...form, inputs: nan });
  });

  it('keeps infinities of values that it sees', () => {
    const form = caseOf({ batch: 1, heads: 1 }, facts);
    const data = Array.from({ length: 20 }, (_, i) => (i === 18 ? Number.POSITIVE_INFINITY : i));
    return checkOp({ ...form, inputs: form.inputs.with(2, { shape: [1, 1, 5, 4], data }) });
  });

  it('is the family', () => {
    const kernels = { rows: ['attention-rows'], tiles: ['attention-tiles'] }[family];
    const scores = ['attention-scores', 'attention-weights', 'attention-values'];
    expect(kernelsOf(caseOf({}, facts))).toEqual(kernels ?? scores);
    expect(kernelsOf(caseOf({ width: 5 }, facts))).toEqual(scores);
    expect(kernelsOf(caseOf({ outputs: 4 }, facts))).toEqual(expect.arrayContaining(scores));
  });
});

describe('attention', () => {
  const { rows, tiles } = families;
  const mistakes: [Form, string, string, Partial<DeviceFacts> | undefined][] = [
    [{}, 'd < params.quads', 'd + 1u < params.quads', rows],
    [{ keys: 17 }, 'if (j > 0u)', 'if (j > 16u)', rows],
    [{ keys: 17 }, 'total * before', 'total', rows],
    [{ mask: [3, 5] }, 's[r] + f32(value)', 's[r]', rows],
    [{ attributes: { is_causal: true } }, 'away > params.right', 'away >= params.right', rows],
    [{}, 'd < params.quads', 'd + 1u < params.quads', tiles],
    [{ keys: 130, queries: 16 }, 'old[0] * before.x', 'old[0]', tiles],
    [{ keys: 130, queries: 16 }, 'total * before', 'total', tiles],
    [{ mask: [3, 5] }, 's[r] + f32(value)', 's[r]', tiles],
    [{ width: 68 }, 'column + part * 16u < params.width)', 'column + part * 16u + 1u < params.width)', tiles],
  ];
  it.each(mistakes)('rejects a wrong kernel without scores: %o', (form, right, replaced, facts) =>
    expectWrongKernelRejected(caseOf(form, facts), right, replaced),
  );

  const wrong: [Form, string, string][] = [
    [{}, 'd < params.size', 'd + 1u < params.size'],
    [{}, 'j < params.keys; j++', 'j + 1u < params.keys; j++'],
    [{ mask: [3, 5] }, 'score + f32(value)', 'score'],
    [{ attributes: { is_causal: true } }, 'away > params.right', 'away >= params.right'],
  ];
  it.each(wrong)('rejects a wrong kernel: %o', async (form, right, replaced) => {
    let found = false;
    const alter = (plan: Plan): Plan => ({
      ...plan,
      pipelines: plan.pipelines.map((pipeline) => {
        found ||= pipeline.code.includes(right);
        return { ...pipeline, code: pipeline.code.replace(right, replaced) };
      }),
    });
    await expect(checkOp(caseOf(form), alter)).rejects.toThrow(/differ/);
    expect(found).toBe(true);
  });

  const refused: [string, Form][] = [
    ['do not divide 3 of Q', { heads: 3, kvHeads: 2 }],
    ['does not fit', { mask: [2, 5] }],
    ['does not fit', { mask: [3, 6] }],
    ['q_num_heads and kv_num_heads are needed', { threeD: true, attributes: { q_num_heads: 0 } }],
    ['do not divide the 8 elements', { threeD: true, attributes: { q_num_heads: 3 } }],
  ];
  it.each(refused)('refuses: %s', (message, form) => expect(() => caseGraph(caseOf(form))).toThrow(message));
});
