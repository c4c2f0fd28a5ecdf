import { depthwiseBytes, depthwiseBytes3x3 } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import { packedWords } from '../tensor/layout.js';
import type { ByteConvolution, ByteGeometry } from './conv-bytes.js';
import { packByteTaps, perOutput } from './conv-bytes-pack.js';
import { suitsBands } from './conv-depthwise.js';
import { extents, steps } from './conv-geometry.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv, type Dispatch, grid, type Kernel, type Operand } from './kernel.js';
import { packedFloats, packedIntegers } from './requantize.js';

export const depthwiseBytesKernel: Kernel = { name: 'depthwise-bytes', wgsl: depthwiseBytes };
export const depthwiseBytes3x3Kernel: Kernel = { name: 'depthwise-bytes-3x3', wgsl: depthwiseBytes3x3 };
const WORKGROUP_SIZE = 64;
/** Columns that an invocation computes: the accumulators are named in the text. */
const COLUMNS = 4;
/** Rows that an invocation computes: each but the first two reads one row. A GPU wants more invocations. */
const CPU_ROWS = 14;
const GPU_ROWS = 4;

/** Bytes of weights. */
const AT_TOP = 'let at_top = (vec4u(word) * vec4u(0x1000000u, 0x10000u, 0x100u, 1u)) & vec4u(0xff000000u);';
const SIGNED = `${AT_TOP} return vec4f(bitcast<vec4i>(at_top)) / 16777216.0;`;
/** Less 128 they are signed. */
const UNSIGNED = `${AT_TOP} return vec4f(bitcast<vec4i>(at_top ^ vec4u(0x80000000u))) / 16777216.0 + 128.0;`;
/** Signed bytes of x, each times 2^24. */
const SIGNED_X = `${AT_TOP} return vec4f(bitcast<vec4i>(at_top));`;

/** A window over every channel by itself, of bytes packed channels-last. */
export const convolveByteChannels = (task: ByteConvolution, facts: DeviceFacts): Dispatch => {
  const { geometry: g, x, xZero, weights, wZeros, bias, result } = task;
  if (result.to === 'float32') throw new TilewiseError('internal', 'depthwise sums become bytes or stay what they are');
  const launched = launch(g, facts);
  const bytes = result.to === 'bytes' ? result : undefined;
  const weight: Operand = { packed: packByteTaps(weights) };
  return {
    ...launched,
    definitions: { ...launched.definitions, ...(x.dtype === 'int8' && { X_SCALE: 'vec4f(16777216.0)' }) },
    functions: {
      ...(x.dtype === 'int8' && { x_bytes: SIGNED_X }),
      w_bytes: weights.tensor.type === 'int8' ? SIGNED : UNSIGNED,
      ...(!bytes && { finish: 'return put_elements(pixel, quad, bitcast<vec4u>(sum));' }),
      ...(typeof xZero !== 'number' && { x_zero: 'return f32(bitcast<i32>(zero_point[0]));' }),
    },
    operands: {
      x: { input: 0 },
      weight,
      w_zero: packedFloats('w_zero by fours', perOutput(wZeros, g.outputs)),
      bias: packedIntegers('bias by fours', perOutput(bias, g.outputs)),
      multiplier: packedFloats('multipliers by fours', perOutput(bytes?.multipliers ?? [1], g.outputs, 1)),
      // Where it is a parameter the weights stand in, unread.
      zero_point: typeof xZero === 'number' ? weight : { input: xZero.input },
      y: { output: 0 },
    },
    params: {
      ...launched.params,
      words: packedWords(g.outputs),
      channels: g.outputs,
      tiles: ceilDiv(g.columns.output, COLUMNS),
      ...extents(g),
      x_zero: typeof xZero === 'number' ? xZero : 0,
      low: bytes?.bounds[0] ?? 0,
      high: bytes?.bounds[1] ?? 0,
      zero: bytes?.zero ?? 0,
    },
  };
};

const launch = (
  g: ByteGeometry,
  facts: DeviceFacts,
): Pick<Dispatch, 'kernel' | 'constants' | 'definitions' | 'params' | 'workgroups'> => {
  const perRow = ceilDiv(g.columns.output, COLUMNS) * packedWords(g.outputs);
  const constants = { WORKGROUP_SIZE };
  if (suitsBands(g)) {
    const bands = ceilDiv(g.rows.output, facts.kind === 'cpu' ? CPU_ROWS : GPU_ROWS);
    const rows = ceilDiv(g.rows.output, bands);
    const count = g.batch * bands * perRow;
    return {
      kernel: depthwiseBytes3x3Kernel,
      constants,
      definitions: { STRIDE: `${g.rows.stride}u` },
      params: { count, bands, rows, pad_h: g.rows.padBegin, pad_w: g.columns.padBegin },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    };
  }
  const count = g.batch * g.rows.output * perRow;
  return {
    kernel: depthwiseBytesKernel,
    constants,
    definitions: {},
    params: { count, ...steps(g) },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};
