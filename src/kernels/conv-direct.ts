import {
  inputPixelsOf,
  inputsOf,
  inputsOfGroups,
  outputsOf,
  pixelsOf,
  strideOfInputs,
  strideOfOutputs,
  together,
} from './conv-elements.js';
import {
  type ConvGeometry,
  type ConvKernel,
  type ConvPlan,
  type ConvTask,
  extents,
  extentsOfRow,
  steps,
} from './conv-geometry.js';
import { BLOCK_OUTPUTS, packMatrices, packStem, STEM_ELEMENTS } from './conv-pack.js';
import { cpuKernel } from './cpu-family.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv, grid, type Kernel } from './kernel.js';

export const convDirectKernel = cpuKernel('conv-direct', 'convDirect');
export const convDirect32Kernel = cpuKernel('conv-direct-32', 'convDirect32');
export const conv3x3Kernel = cpuKernel('conv-3x3', 'conv3x3');
/** Of 16, 32 and 64 outputs a workgroup. */
export const convPointwiseKernel = cpuKernel('conv-pointwise', 'convPointwise');
export const convPointwise32Kernel = cpuKernel('conv-pointwise-32', 'convPointwise32');
export const convPointwise64Kernel = cpuKernel('conv-pointwise-64', 'convPointwise64');
export const convSlidingKernel = cpuKernel('conv-sliding', 'convSliding');
export const convStemKernel = cpuKernel('conv-stem', 'convStem');

/** Columns or pixels that a workgroup of each kernel computes: the accumulators are named in its text. */
const DIRECT_COLUMNS = 8;
const COLUMNS_3X3 = 14;
const PIXELS = 16;
const STEM_COLUMNS = 16;
const SLIDING_COLUMNS = 8;
const SLIDING_WORKGROUP = 64;
/** Outputs of an invocation of the sliding kernel. */
export const SLIDING_OUTPUTS = 4;

const blocksOf = ({ outputs }: ConvGeometry): number => ceilDiv(outputs, BLOCK_OUTPUTS);

const tiles = (g: ConvGeometry, columns: number): ConvPlan['workgroups'] => [
  blocksOf(g) * ceilDiv(g.columns.output, columns),
  g.rows.output,
  g.batch,
];

/** Params fields that say how many channels a pixel of x and y has, and where they lie. */
const channels = (g: ConvGeometry) => ({
  inputs: g.inputs,
  outputs: outputsOf(g).channels,
  quads: inputsOf(g).quads,
  ...strideOfInputs(g),
  ...strideOfOutputs(g),
});

/** A window of any size. */
export const direct: ConvKernel = ({ geometry: g, weight }) => {
  const { elements, params } = inputsOfGroups(g);
  const outputs = outputsOf(g);
  return {
    kernel: convDirectKernel,
    ...together(elements, outputs),
    weight: { packed: packMatrices(weight) },
    params: {
      ...params,
      outputs: outputs.channels,
      ...strideOfOutputs(g),
      blocks: blocksOf(g),
      group_blocks: ceilDiv(blocksOf(g), g.group),
      ...extentsOfRow(g),
      ...steps(g),
    },
    workgroups: tiles(g, DIRECT_COLUMNS),
  };
};

/** True where a block of outputs reads the inputs of one group. */
export const fillsBlocks = ({ outputs, group }: ConvGeometry): boolean => group === 1 || (outputs / group) % BLOCK_OUTPUTS === 0;

/** The same for 32 outputs and 16 pixels in a row, of one row of y or more. */
export const directWide: ConvKernel = ({ geometry: g, weight, facts }) => {
  const { y_h, ...rest } = channels(g);
  const { in_h, in_w, out_w } = extentsOfRow(g);
  const pixels = g.batch * g.rows.output * g.columns.output;
  return {
    kernel: convDirect32Kernel,
    ...together(inputsOf(g), pixelsOf(g)),
    weight: { packed: packMatrices(weight) },
    params: { ...rest, pixels, plane: pixels / g.batch, in_h, in_w, out_w, ...steps(g) },
    workgroups: [ceilDiv(g.outputs, 32), ...pixelGroups(pixels, facts)],
  };
};

/** True where few of 32 outputs are computed in vain. */
export const fills32 = ({ outputs }: ConvGeometry): boolean => filled(outputs, 32) <= 1.25 * filled(outputs, BLOCK_OUTPUTS);
const filled = (outputs: number, width: number): number => ceilDiv(outputs, width) * width;

/** Workgroups of 16 pixels, in two dimensions where they are many. */
const pixelGroups = (pixels: number, { limits }: DeviceFacts): [number, number] => {
  const groups = ceilDiv(pixels, PIXELS);
  const layers = ceilDiv(groups, limits.maxComputeWorkgroupsPerDimension);
  return [ceilDiv(groups, layers), layers];
};

/** A 3x3 window that moves by one. */
export const threeByThree: ConvKernel = ({ geometry: g, weight }) => ({
  kernel: conv3x3Kernel,
  ...together(inputsOf(g), outputsOf(g)),
  weight: { packed: packMatrices(weight) },
  params: {
    ...channels(g),
    blocks: blocksOf(g),
    ...extentsOfRow(g),
    pad_h: g.rows.padBegin,
    pad_w: g.columns.padBegin,
  },
  workgroups: tiles(g, COLUMNS_3X3),
});

/** True where sharing the columns of three taps outweighs the columns that the wider tile computes in vain. */
export const suits3x3 = ({ rows, columns }: ConvGeometry): boolean =>
  [rows, columns].every(({ kernel, stride, dilation }) => kernel === 3 && stride === 1 && dilation === 1) &&
  ceilDiv(columns.output, COLUMNS_3X3) * COLUMNS_3X3 <= 1.6 * ceilDiv(columns.output, DIRECT_COLUMNS) * DIRECT_COLUMNS;

interface PointwiseWidth {
  readonly kernel: Kernel;
  /** Of a workgroup. */
  readonly outputs: number;
}

export const pointwiseWidths = {
  16: { kernel: convPointwiseKernel, outputs: BLOCK_OUTPUTS },
  32: { kernel: convPointwise32Kernel, outputs: 32 },
  64: { kernel: convPointwise64Kernel, outputs: 64 },
} as const satisfies Record<number, PointwiseWidth>;

/** Multiply-adds that make up for the time that the kernel of 64 outputs takes to compile, twice that of 32. */
const WORK_OF_64 = 2 ** 27;

/** More outputs take fewer loads each, unless many are computed in vain. */
const pointwiseKernelFor = (g: ConvGeometry, pixels: number): PointwiseWidth => {
  if (pixels * g.inputs * g.outputs >= WORK_OF_64 && filled(g.outputs, 64) <= 1.2 * filled(g.outputs, 32)) {
    return pointwiseWidths[64];
  }
  return pointwiseWidths[fills32(g) ? 32 : 16];
};

/** 1x1, every pixel by itself. */
export const pointwise: ConvKernel = (task) => pointwiseOf(task);

/** The same of a given width. */
export const pointwiseOf = ({ geometry: g, weight, facts }: ConvTask, width?: PointwiseWidth): ConvPlan => {
  const pixels = g.batch * g.rows.output * g.columns.output;
  const inputs = inputPixelsOf(g);
  const { kernel, outputs } = width ?? pointwiseKernelFor(g, pixels);
  const { x_h, y_h, ...rest } = { ...channels(g), ...inputs.strides };
  return {
    kernel,
    ...together(inputs, pixelsOf(g)),
    weight: { packed: packMatrices(weight) },
    params: { ...rest, pixels, plane: pixels / g.batch },
    workgroups: [ceilDiv(g.outputs, outputs), ...pixelGroups(pixels, facts)],
  };
};

export const isPointwise = ({ rows, columns }: ConvGeometry): boolean =>
  [rows, columns].every(({ kernel, stride, padBegin, padEnd }) => kernel * stride === 1 && padBegin + padEnd === 0);

/** Few outputs, of which the other kernels compute 16: every invocation by itself, with the columns of a tap held for the next. */
export const sliding: ConvKernel = ({ geometry: g, weight, facts }) => {
  const columns = ceilDiv(g.columns.output, SLIDING_COLUMNS);
  const count = g.batch * g.rows.output * columns;
  const { stride_w, dilation_w, ...window } = steps(g);
  return {
    kernel: convSlidingKernel,
    ...together(inputsOf(g), outputsOf(g)),
    constants: { WORKGROUP_SIZE: SLIDING_WORKGROUP },
    weight: { packed: packMatrices(weight) },
    params: { count, tiles: columns, ...channels(g), ...extents(g), ...window },
    workgroups: grid(count, SLIDING_WORKGROUP, facts),
  };
};

export const suitsSliding = ({ outputs, columns: { kernel, stride, dilation, output } }: ConvGeometry): boolean =>
  outputs <= SLIDING_OUTPUTS && kernel > 1 && stride === 1 && dilation === 1 && output >= SLIDING_COLUMNS;

/** Few input channels: the taps of a row of the window lie one after the other in x, all inputs together or each by itself. */
export const stem: ConvKernel = ({ geometry: g, weight }) => {
  const planes = g.readsChannelsFirst ? g.inputs : 1;
  const planeInputs = g.inputs / planes;
  const { channels: outputs, definitions, functions } = outputsOf(g);
  return {
    kernel: convStemKernel,
    constants: { WHOLE: Number((g.columns.kernel * planeInputs) % STEM_ELEMENTS === 0) },
    definitions,
    functions,
    weight: { packed: packStem(weight, planes) },
    params: {
      outputs,
      blocks: blocksOf(g),
      planes,
      row: g.columns.input * planeInputs,
      span: g.columns.kernel * planeInputs,
      stride: g.columns.stride * planeInputs,
      pad: g.columns.padBegin * planeInputs,
      in_h: g.rows.input,
      out_w: g.columns.output,
      ...strideOfOutputs(g),
      kernel_h: g.rows.kernel,
      stride_h: g.rows.stride,
      dilation_h: g.rows.dilation,
      pad_h: g.rows.padBegin,
    },
    workgroups: tiles(g, STEM_COLUMNS),
  };
};

/** Fewer inputs than two vec4s, in none of them whole, or in planes. */
export const suitsStem = ({ inputs, columns, readsChannelsFirst }: ConvGeometry): boolean =>
  inputs < 8 && (inputs % 4 !== 0 || readsChannelsFirst) && columns.dilation === 1;
