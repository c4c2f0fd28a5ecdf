import type { Shape } from './shape.js';

/** How an operand of an epilogue step lies beside the result: element by element, one number a channel, or one number. */
export type OperandKind = 'same' | 'channel' | 'scalar';

/**
 * The kind of an operand that broadcasts to the result, or undefined where it is none of the three. `channelAxis` is
 * the axis of the result that a kernel counts as channels; without one only 'same' and 'scalar' are kinds.
 */
export const operandKind = (operand: Shape, result: Shape, channelAxis: number | undefined): OperandKind | undefined => {
  if (operand.length > result.length) return undefined;
  const dims = [...new Array<number>(result.length - operand.length).fill(1), ...operand];
  if (dims.every((dim) => dim === 1)) return 'scalar';
  if (dims.every((dim, axis) => dim === result[axis])) return 'same';
  const perChannel = dims.every((dim, axis) => (axis === channelAxis ? dim === result[axis] : dim === 1));
  return perChannel ? 'channel' : undefined;
};

/** The axis that the kernels of an operator count as channels of a result of that rank. */
export const channelAxisOf = (op: string, rank: number, attributes: Readonly<Record<string, unknown>>): number | undefined => {
  const channelsLast = attributes.channelsLast === true && attributes.writesChannelsFirst !== true;
  if (op === 'Conv' || op === 'ConvTranspose') return channelsLast ? rank - 1 : 1;
  // The last axis of a 4-D image is its width until a pass changes the order of axes.
  return op === 'MatMul' || op === 'Gemm' || rank !== 4 ? rank - 1 : undefined;
};
