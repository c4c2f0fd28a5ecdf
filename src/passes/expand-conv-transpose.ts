import { type EpilogueStep, epilogueOf, type Graph, type Node, type Value } from '../graph/graph.js';
import type { ConvTransposeAttributes } from '../ops/conv-transpose.js';
import { operatorOf } from '../ops/infer.js';
import { operandKind } from '../tensor/epilogue-operand.js';
import { isConcrete, type Shape } from '../tensor/shape.js';
import { transposedWindows } from '../tensor/transposed-window.js';
import { fuseEpilogue } from './fuse-epilogue.js';
import { Rewriter } from './rewrite.js';
import { blocksFor, repeatChannels, type SubPixelAxis, subPixelWeight } from './sub-pixel.js';

/** The pass that follows it, in one module with it. */
export { raiseTransposes } from './raise-transposes.js';

/**
 * Multiply-adds that the convolution may need for one of the transposed convolution's own: its kernels keep blocks of
 * results in registers, where the transposed convolution loads two numbers for each multiply-add.
 */
const MOST_WORK = 4;

/**
 * ConvTranspose of constant weights as a convolution of stride 1 that makes a block of pixels out of its channels
 * (Shi et al., "Is the deconvolution layer the same as a convolutional layer?", arXiv 1609.07009): Conv, then DepthToSpace
 * where the stride is above 1. Groups stay as they are, but for the depthwise of stride 1. Wants concrete shapes.
 */
export const expandConvTranspose = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const nodes = node.op === 'ConvTranspose' ? expanded(rewriter, node as TransposedNode) : undefined;
    if (nodes) rewriter.replace(node, nodes);
  }
  return fuseEpilogue(rewriter.finish());
};

type TransposedNode = Node & { readonly attributes: ConvTransposeAttributes };

const expanded = (rewriter: Rewriter, node: TransposedNode): Node[] | undefined => {
  const axes = axesOf(rewriter, node);
  const conv = axes && convolution(rewriter, node, axes);
  if (!conv) return undefined;
  const steps = epilogueOf(node).map((step) => ({
    step,
    operand: step.operand === undefined ? undefined : node.inputs[step.operand],
  }));
  if (axes[0]?.block === 1) return [hosting(conv, steps)];
  return inBlocks(rewriter, node, conv, steps, axes as readonly [SubPixelAxis, SubPixelAxis]);
};

/** The convolution without the steps of the epilogue; undefined where weight or bias are not constant. */
const convolution = (rewriter: Rewriter, node: TransposedNode, axes: readonly SubPixelAxis[]): Node | undefined => {
  const [x, w, b] = node.inputs as readonly [string, string, string | undefined];
  const { dtype, tensor } = rewriter.value(w) ?? {};
  const numbers = rewriter.numbers(w);
  const bias = b ? rewriter.numbers(b) : undefined;
  if (!dtype || !tensor || !numbers || (b && !bias)) return undefined;
  const { group, channelsLast, kernel_shape: _, output_padding: __, output_shape: ___, ...rest } = node.attributes;
  const weight = subPixelWeight(numbers, tensor.dims, group, axes);
  const inputs = [x, rewriter.addConstant(`${w}.conv`, dtype, weight.numbers, weight.dims)];
  if (bias) {
    const repeated = repeatChannels(bias, axes);
    inputs.push(rewriter.addConstant(`${b}.conv`, dtype, repeated, [repeated.length]));
  }
  const attributes = {
    ...rest,
    group,
    channelsLast,
    readsChannelsFirst: false,
    writesChannelsFirst: false,
    auto_pad: 'NOTSET',
    kernel_shape: axes.map(({ kernel }) => kernel),
    strides: axes.map(() => 1),
    dilations: axes.map(({ dilation }) => dilation),
    pads: [...axes.map(({ padBegin }) => padBegin), ...axes.map(({ padEnd }) => padEnd)],
  };
  return { ...node, op: 'Conv', inputs, attributes };
};

/** How the convolution lies along each axis; undefined where there is none, or it takes too much work. */
const axesOf = (rewriter: Rewriter, node: TransposedNode): readonly SubPixelAxis[] | undefined => {
  const { channelsLast, group } = node.attributes;
  const x = rewriter.value(node.inputs[0])?.shape;
  const w = rewriter.value(node.inputs[1])?.shape;
  if (!x || !w || !isConcrete(x) || !isConcrete(w) || channelsLast || x.length > 4 || x.includes(0) || w.includes(0))
    return undefined;
  const windows = transposedWindows(x.slice(2), node.attributes, w.slice(2));
  const axes = blocksFor(windows);
  const depthwise = group === w[0] && w[1] === 1;
  const block = axes?.[0]?.block;
  if (!axes || block === undefined || (block > 1 && x.length < 4) || !(group === 1 || (depthwise && block === 1)))
    return undefined;
  const product = (numbers: readonly number[]): number => numbers.reduce((a, b) => a * b, 1);
  const before = product(windows.map(({ input, kernel }) => input * kernel));
  const after = product(axes.map(({ positions, kernel }) => positions * kernel * block));
  return after <= MOST_WORK * before ? axes : undefined;
};

/** A step of an epilogue, with the name of what it reads. */
interface NamedStep {
  readonly step: EpilogueStep;
  readonly operand: string | undefined;
}

const hosting = (conv: Node, steps: readonly NamedStep[]): Node => {
  const operands = steps.flatMap(({ operand }) => operand ?? []);
  const own = operatorOf(conv).inputs[1];
  const absent = new Array<string>(operands.length > 0 ? own - conv.inputs.length : 0).fill('');
  let slot = own;
  const epilogue = steps.map(({ step, operand }) => (operand === undefined ? step : { ...step, operand: slot++ }));
  return { ...conv, inputs: [...conv.inputs, ...absent, ...operands], attributes: { ...conv.attributes, epilogue } };
};

/** Conv, DepthToSpace, and the steps from the first on that reads something else than a constant for each channel. */
const inBlocks = (
  rewriter: Rewriter,
  node: Node,
  conv: Node,
  steps: readonly NamedStep[],
  axes: readonly [SubPixelAxis, SubPixelAxis],
): Node[] => {
  const [rows, columns] = axes;
  const { dtype, name: result, shape } = rewriter.value(node.outputs[0]) as Value;
  const [batch, outputs] = shape as readonly [number, number];
  const moved = steps.map(({ step, operand }) => ({ step, operand: operand && repeatedOperand(rewriter, operand, shape, axes) }));
  const later = moved.findIndex(({ operand }, i) => operand === undefined && steps[i]?.operand !== undefined);
  const count = later < 0 ? steps.length : later;
  const after = steps.slice(count);
  const names = [...after.map((_, i) => rewriter.addValue(`${node.name}.${i}`, result)), result];
  const deep = [batch, outputs * rows.block * columns.block, rows.positions, columns.positions];
  const pixels = rewriter.addValueOf(`${node.name}.deep`, dtype, deep);
  const whole = axes.every(({ positions, block, crop, output }) => crop === 0 && positions * block === output);
  const crop = whole ? undefined : [rows.crop, columns.crop, rows.output, columns.output];
  const attributes = { blocksize: rows.block, mode: 'DCR', channelsLast: false, crop };
  return [
    { ...hosting(conv, moved.slice(0, count)), outputs: [pixels] },
    { name: `${node.name}.blocks`, op: 'DepthToSpace', inputs: [pixels], outputs: names.slice(0, 1), attributes },
    ...after.map(
      ({ step, operand }, i): Node => ({
        name: `${node.name}.${i}`,
        op: step.op,
        inputs: [names[i] as string, ...(operand === undefined ? [] : [operand])],
        outputs: [names[i + 1] as string],
        attributes: { ...step.attributes, epilogue: [] },
      }),
    ),
  ];
};

/** An operand as the channels of the convolution see it; undefined where it differs from pixel to pixel or is not known. */
const repeatedOperand = (
  rewriter: Rewriter,
  name: string,
  result: Shape | undefined,
  axes: readonly SubPixelAxis[],
): string | undefined => {
  const { dtype, shape } = rewriter.value(name) as Value;
  const kind = shape && result && operandKind(shape, result, 1);
  const numbers = kind === 'channel' ? rewriter.numbers(name) : undefined;
  if (!numbers) return kind === 'scalar' ? name : undefined;
  const repeated = repeatChannels(numbers, axes);
  return rewriter.addConstant(`${name}.conv`, dtype, repeated, [1, repeated.length, 1, 1]);
};
