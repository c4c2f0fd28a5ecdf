import { attentionScores, attentionValues, attentionWeights } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import type { AttentionAttributes } from '../ops/attention.js';
import { sizeOf, stridesOf } from '../tensor/shape.js';
import { type Heads, headsOf, hiding, stridesBy } from './attention-heads.js';
import { withoutScores } from './attention-whole.js';
import { stridedCopy } from './copy.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';

export const attentionScoresKernel: Kernel = { name: 'attention-scores', wgsl: attentionScores };
export const attentionWeightsKernel: Kernel = { name: 'attention-weights', wgsl: attentionWeights };
export const attentionValuesKernel: Kernel = { name: 'attention-values', wgsl: attentionValues };
const WORKGROUP_SIZE = 64;
/** Keys or values with their past before them, where there is a past, or where they are an output. */
const withPast = (
  x: Heads,
  past: number,
  output: number,
  scratch: number,
  request: KernelRequest,
): { x: Heads; copies: Dispatch[] } => {
  const { inputs, outputs, facts } = request;
  const before = inputs[past]?.shape[2] ?? 0;
  if (!inputs[past] && !outputs[output]) return { x, copies: [] };
  const [batch, heads, sequence, width] = x.extents;
  const extents = [batch, heads, before + sequence, width] as const;
  const y: Operand = outputs[output] ? { output } : { scratch, bytes: bytesOf(extents, request) };
  const yStrides = stridesOf(extents);
  const [b, h, row] = yStrides as [number, number, number];
  const old = [batch, heads, before, width];
  return {
    x: inputs[past] ? { operand: y, extents, strides: [b, h, row] } : x,
    copies: [
      ...(inputs[past] ? stridedCopy({ x: { input: past }, y, extents: old, xStrides: stridesOf(old), yStrides }, facts) : []),
      ...stridedCopy(
        { x: x.operand, y, extents: x.extents, xStrides: [...x.strides, 1], yStrides, yOffset: before * row },
        facts,
      ),
    ],
  };
};

const bytesOf = (extents: readonly number[], { facts }: KernelRequest): number => {
  const bytes = 4 * sizeOf(extents);
  const most = Math.min(facts.limits.maxStorageBufferBindingSize, facts.limits.maxBufferSize);
  if (bytes <= most) return bytes;
  throw new TilewiseError('limit-exceeded', `the scores of all heads take ${bytes} bytes, but the device binds at most ${most}`);
};

/** One kernel where it can be, or scores of all queries and keys, their softmax, and the weighted sums of the values. */
export const lowerAttention = (given: KernelRequest): Dispatch[] => {
  const request = given as KernelRequest<AttentionAttributes>;
  const { attributes, inputs, outputs, facts } = request;
  const [qInfo, kInfo, vInfo] = inputs as readonly [TensorInfo, TensorInfo, TensorInfo];
  const q = headsOf({ input: 0 }, qInfo, attributes.q_num_heads);
  const key = withPast(headsOf({ input: 1 }, kInfo, attributes.kv_num_heads), 4, 1, 0, request);
  const value = withPast(headsOf({ input: 2 }, vInfo, attributes.kv_num_heads), 5, 2, 1, request);
  const [batch, heads, queries] = q.extents;
  const keys = key.x.extents[2];
  const y = outputs[0] && headsOf({ output: 0 }, outputs[0], attributes.q_num_heads);
  const whole = y && !outputs[3] && withoutScores(request, { q, k: key.x, v: value.x, y });
  if (whole) return [...key.copies, ...value.copies, whole];
  const bytes = bytesOf([batch, heads, queries, keys], request);
  const mode = outputs[3] ? attributes.qk_matmul_output_mode : undefined;
  const scores: Operand = { scratch: 2, bytes };
  const weights: Operand = mode === 3 ? { output: 3 } : { scratch: 3, bytes };
  const softmax: Dispatch = {
    kernel: attentionWeightsKernel,
    constants: { WORKGROUP_SIZE },
    operands: { x: scores, y: weights },
    params: { rows: batch * heads * queries, length: keys },
    workgroups: grid(batch * heads * queries, WORKGROUP_SIZE, facts),
  };
  const scored = bytes > 0 ? [lowerScores(request, q, key.x, scores, mode), softmax] : [];
  const summed = outputs[0] && sizeOf(outputs[0].shape) > 0 ? [lowerValues(request, q, value.x, weights)] : [];
  return [...key.copies, ...value.copies, ...scored, ...summed];
};

const lowerScores = (
  request: KernelRequest<AttentionAttributes>,
  q: Heads,
  k: Heads,
  y: Operand,
  mode: number | undefined,
): Dispatch => {
  const [batch, heads, queries, width] = q.extents;
  const keys = k.extents[2];
  const count = batch * heads * queries * keys;
  const hidden = hiding(request, q, keys);
  const lanes = [width, ...q.strides, ...k.strides].every((n) => n % 4 === 0) ? 4 : 1;
  const [[q_batch, q_head, q_row], [k_batch, k_head, k_row]] = [stridesBy(lanes, q), stridesBy(lanes, k)];
  return {
    kernel: attentionScoresKernel,
    constants: { WORKGROUP_SIZE, SHOWN: mode ?? 3, ...hidden.constants },
    definitions: { Elem: lanes === 4 ? 'vec4f' : 'f32', ...hidden.definitions },
    functions: lanes === 4 ? { total: 'return v.x + v.y + v.z + v.w;' } : {},
    operands: {
      q: q.operand,
      k: k.operand,
      ...hidden.operands,
      y,
      qk: mode !== undefined && mode < 3 ? { output: 3 } : { scratch: 4, bytes: 4 },
    },
    params: {
      count,
      heads,
      queries,
      keys,
      group: heads / k.extents[1],
      size: width / lanes,
      q_batch,
      q_head,
      q_row,
      k_batch,
      k_head,
      k_row,
      ...hidden.params,
    },
    workgroups: grid(count, WORKGROUP_SIZE, request.facts),
  };
};

const lowerValues = ({ outputs, facts }: KernelRequest, q: Heads, v: Heads, x: Operand): Dispatch => {
  const [batch, heads, queries] = q.extents;
  const [, kvHeads, keys, width] = v.extents;
  const y = headsOf({ output: 0 }, outputs[0] as TensorInfo, heads);
  const lanes = [width, ...v.strides, ...y.strides].every((n) => n % 4 === 0) ? 4 : 1;
  const [[v_batch, v_head, v_row], [y_batch, y_head, y_row]] = [stridesBy(lanes, v), stridesBy(lanes, y)];
  const count = (batch * heads * queries * width) / lanes;
  return {
    kernel: attentionValuesKernel,
    constants: { WORKGROUP_SIZE },
    definitions: { Elem: lanes === 4 ? 'vec4f' : 'f32' },
    operands: { x, v: v.operand, y: { output: 0 } },
    params: {
      count,
      heads,
      queries,
      keys,
      group: heads / kvHeads,
      width: width / lanes,
      v_batch,
      v_head,
      v_row,
      y_batch,
      y_head,
      y_row,
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};
