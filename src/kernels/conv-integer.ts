import { convInteger } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import type { ConvAttributes } from '../ops/conv.js';
import { deviceElement } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type ByteConvolution, convolveBytes } from './conv-bytes.js';
import { isDepthwise } from './conv-depthwise.js';
import { convGeometry, extents, steps } from './conv-geometry.js';
import { convolveByteChannels } from './depthwise-bytes.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';
import { boundsOf, multiplierTable, numbersOf, packedFloats, requantization, scalarOf } from './requantize.js';

export const convIntegerKernel: Kernel = { name: 'conv-integer', wgsl: convInteger };
const WORKGROUP_SIZE = 64;

/** Which inputs a convolution of integers has where, and what becomes of its sums. */
interface Task {
  readonly w: number;
  readonly xZero: number;
  readonly wZero: number;
  readonly bias?: number;
  readonly multipliers?: readonly number[];
  readonly zero: number;
}

export const lowerConvInteger = (request: KernelRequest): Dispatch[] => {
  const task = { w: 1, xZero: 2, wZero: 3, zero: 0 };
  return [request.inputs[0]!.packed ? convolvePacked(request, task) : convolve(request, task)];
};

export const lowerQLinearConv = (request: KernelRequest): Dispatch[] => {
  const [, xScale, , , wScale, , yScale, yZero, bias] = request.inputs as readonly TensorInfo[];
  const multipliers = multiplierTable(numbersOf(xScale), numbersOf(wScale), scalarOf(yScale));
  const task = { w: 3, xZero: 2, wZero: 5, multipliers, zero: scalarOf(yZero), ...(bias && { bias: 8 }) };
  return [request.inputs[0]!.packed ? convolvePacked(request, task) : convolve(request, task)];
};

const geometryOf = (request: KernelRequest, x: TensorInfo, weight: TensorInfo) => {
  const attributes = { ...request.attributes, readsChannelsFirst: false, writesChannelsFirst: false };
  return convGeometry({ ...request, inputs: [x, weight], attributes } as unknown as KernelRequest<ConvAttributes>);
};

/** Channels-last, four channels to a word. */
const convolvePacked = (request: KernelRequest, { w, xZero, wZero, bias, multipliers, zero }: Task): Dispatch => {
  const { inputs, outputs, facts } = request;
  const [x, weight] = [inputs[0], inputs[w]] as [TensorInfo, TensorInfo];
  const geometry = geometryOf(request, x, weight);
  const [perOutput, ...window] = weight.shape.slice(1) as [number, ...number[]];
  const taps = sizeOf(window);
  const { dtype } = outputs[0]!;
  const task: ByteConvolution = {
    geometry,
    x,
    xZero: inputs[xZero] && !inputs[xZero].tensor ? { input: xZero } : scalarOf(inputs[xZero]),
    weights: {
      tensor: weight.tensor as Tensor,
      outputs: geometry.outputs,
      inputs: perOutput,
      taps,
      strides: { output: perOutput * taps, input: taps, tap: 1 },
    },
    wZeros: numbersOf(inputs[wZero]),
    bias: bias === undefined ? [0] : numbersOf(inputs[bias]),
    result: multipliers
      ? { to: 'bytes', multipliers, zero, bounds: boundsOf(dtype, request.attributes.bounds) }
      : { to: 'int32' },
  };
  return isDepthwise(geometry) ? convolveByteChannels(task, facts) : convolveBytes(task, facts);
};

const convolve = (request: KernelRequest, { w, xZero, wZero, bias, multipliers, zero }: Task): Dispatch => {
  const { inputs, outputs, facts } = request;
  const [x, weight] = [inputs[0], inputs[w]] as [TensorInfo, TensorInfo];
  if (request.attributes.channelsLast) throw new TilewiseError('internal', 'channels-last bytes are packed');
  const g = geometryOf(request, x, weight);
  const { dtype, shape } = outputs[0]!;
  const count = sizeOf(shape);
  const { functions, params } = requantization(dtype, zero, request.attributes.bounds);
  const unread: Operand = { input: 0 };
  const wZeros = inputs[wZero];
  return {
    kernel: convIntegerKernel,
    constants: {
      WORKGROUP_SIZE,
      HAS_X_ZERO: Number(inputs[xZero] !== undefined),
      HAS_W_ZERO: Number(wZeros !== undefined),
      HAS_BIAS: Number(bias !== undefined),
      HAS_MULTIPLIER: Number(multipliers !== undefined),
    },
    definitions: { X: deviceElement(x.dtype), W: deviceElement(weight.dtype), Out: deviceElement(dtype) },
    functions,
    // Whatever is absent still has a binding: x stands in, unread.
    operands: {
      x: { input: 0 },
      weight: { input: w },
      x_zero: inputs[xZero] ? { input: xZero } : unread,
      w_zero: wZeros ? { input: wZero } : unread,
      bias: bias === undefined ? unread : { input: bias },
      multiplier: multipliers ? packedFloats('x_scale * w_scale / y_scale', multipliers) : unread,
      y: { output: 0 },
    },
    params: {
      count,
      inputs: g.inputs,
      outputs: g.outputs,
      group_outputs: g.outputs / g.group,
      group_inputs: g.inputs / g.group,
      ...extents(g),
      ...steps(g),
      w_zero_stride: Number(wZeros !== undefined && sizeOf(wZeros.shape) > 1),
      multiplier_stride: Number(multipliers !== undefined && multipliers.length > 1),
      ...params,
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};
