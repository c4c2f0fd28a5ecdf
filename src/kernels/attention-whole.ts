import { attentionRows, attentionTiles } from '../../shaders/more.js';
import type { AttentionAttributes } from '../ops/attention.js';
import { sizeOf } from '../tensor/shape.js';
import { type Heads, hiding, stridesBy } from './attention-heads.js';
import { ceilDiv, type Dispatch, type Kernel, type KernelRequest } from './kernel.js';

/** On CPU adapters. */
export const attentionRowsKernel: Kernel = { name: 'attention-rows', wgsl: attentionRows };
/** On GPUs. */
export const attentionTilesKernel: Kernel = { name: 'attention-tiles', wgsl: attentionTiles };

/** Queries that a workgroup of either kernel computes: its text says so. */
const QUERIES = 16;
/** Quads of a row of y that the invocations of the tiled kernel compute at a time. */
const COLUMNS = 16;
/** Times that they do so at most: they hold the sums. */
const MOST_PARTS = 4;

interface Parts {
  readonly q: Heads;
  readonly k: Heads;
  readonly v: Heads;
  readonly y: Heads;
}

/** Attention in one kernel, which keeps no scores; undefined where the device or the shapes do not allow it. */
export const withoutScores = (request: KernelRequest<AttentionAttributes>, parts: Parts): Dispatch | undefined => {
  const { kind, features, limits } = request.facts;
  const { q, k, v, y } = parts;
  const [batch, heads, queries] = q.extents;
  const all = [q, k, v, y];
  const inQuads = all.every(({ extents, strides }) => [extents[3], ...strides].every((n) => n % 4 === 0));
  const workgroups = [ceilDiv(queries, QUERIES), heads, batch] as const;
  const counted = workgroups.every((count) => count <= limits.maxComputeWorkgroupsPerDimension);
  if (!inQuads || !counted || all.some(({ extents }) => sizeOf(extents) === 0)) return undefined;
  if (kind === 'cpu')
    return features.includes('subgroups') ? { ...common(request, parts), kernel: attentionRowsKernel, workgroups } : undefined;
  const PARTS = ceilDiv(v.extents[3] / 4, COLUMNS);
  if (PARTS > MOST_PARTS) return undefined;
  const { definitions, ...rest } = common(request, parts);
  return { ...rest, definitions: { ...definitions, PARTS: `${PARTS}u` }, kernel: attentionTilesKernel, workgroups };
};

const common = (request: KernelRequest<AttentionAttributes>, { q, k, v, y }: Parts): Omit<Dispatch, 'kernel' | 'workgroups'> => {
  const [, heads, queries, size] = q.extents;
  const [, kvHeads, keys, width] = v.extents;
  const { constants, definitions, operands, params } = hiding(request, q, keys);
  const [[q_batch, q_head, q_row], [k_batch, k_head, k_row]] = [stridesBy(4, q), stridesBy(4, k)];
  const [[v_batch, v_head, v_row], [y_batch, y_head, y_row]] = [stridesBy(4, v), stridesBy(4, y)];
  return {
    constants: { ...constants, HAS_WINDOW: Number(params.left >= 0 || params.right >= 0) },
    definitions,
    operands: { q: q.operand, k: k.operand, v: v.operand, ...operands, y: y.operand },
    params: {
      queries,
      keys,
      group: heads / kvHeads,
      quads: size / 4,
      width: width / 4,
      q_batch,
      q_head,
      q_row,
      k_batch,
      k_head,
      k_row,
      v_batch,
      v_head,
      v_row,
      y_batch,
      y_head,
      y_row,
      ...params,
    },
  };
};
