import { conv3x3, convDirect, convPointwise, convStem } from '../../shaders/index.js';
import { type ConvGeometry, type ConvKernel, type ConvPlan, extents, steps } from './conv-geometry.js';
import { BLOCK_OUTPUTS, packMatrices, packStem, STEM_ELEMENTS } from './conv-pack.js';
import { ceilDiv, type Kernel } from './kernel.js';

export const convDirectKernel: Kernel = { name: 'conv-direct', wgsl: convDirect };
export const conv3x3Kernel: Kernel = { name: 'conv-3x3', wgsl: conv3x3 };
export const convPointwiseKernel: Kernel = { name: 'conv-pointwise', wgsl: convPointwise };
export const convStemKernel: Kernel = { name: 'conv-stem', wgsl: convStem };

/** Columns or pixels that a workgroup of each kernel computes: the accumulators are named in its text. */
const DIRECT_COLUMNS = 8;
const COLUMNS_3X3 = 14;
const PIXELS = 16;
const STEM_COLUMNS = 16;

const blocksOf = ({ outputs }: ConvGeometry): number => ceilDiv(outputs, BLOCK_OUTPUTS);

const tiles = (g: ConvGeometry, columns: number): ConvPlan['workgroups'] => [
  blocksOf(g) * ceilDiv(g.columns.output, columns),
  g.rows.output,
  g.batch,
];

/** A window of any size. */
export const direct: ConvKernel = ({ geometry: g, weight }) => ({
  kernel: convDirectKernel,
  weight: { packed: packMatrices(weight) },
  params: {
    inputs: g.inputs / 4,
    outputs: g.outputs / 4,
    blocks: blocksOf(g),
    ...extents(g),
    ...steps(g),
  },
  workgroups: tiles(g, DIRECT_COLUMNS),
});

/** A 3x3 window that moves by one. */
export const threeByThree: ConvKernel = ({ geometry: g, weight }) => ({
  kernel: conv3x3Kernel,
  weight: { packed: packMatrices(weight) },
  params: {
    inputs: g.inputs / 4,
    outputs: g.outputs / 4,
    blocks: blocksOf(g),
    ...extents(g),
    pad_h: g.rows.padBegin,
    pad_w: g.columns.padBegin,
  },
  workgroups: tiles(g, COLUMNS_3X3),
});

/** True where sharing the columns of three taps outweighs the columns that the wider tile computes in vain. */
export const suits3x3 = ({ rows, columns }: ConvGeometry): boolean =>
  [rows, columns].every(({ kernel, stride, dilation }) => kernel === 3 && stride === 1 && dilation === 1) &&
  ceilDiv(columns.output, COLUMNS_3X3) * COLUMNS_3X3 <= 1.6 * ceilDiv(columns.output, DIRECT_COLUMNS) * DIRECT_COLUMNS;

/** 1x1, every pixel by itself. */
export const pointwise: ConvKernel = ({ geometry: g, weight, facts }) => {
  const pixels = g.batch * g.rows.output * g.columns.output;
  const groups = ceilDiv(pixels, PIXELS);
  const layers = ceilDiv(groups, facts.limits.maxComputeWorkgroupsPerDimension);
  return {
    kernel: convPointwiseKernel,
    weight: { packed: packMatrices(weight) },
    params: { inputs: g.inputs / 4, outputs: g.outputs / 4, pixels },
    workgroups: [blocksOf(g), ceilDiv(groups, layers), layers],
  };
};

export const isPointwise = ({ rows, columns }: ConvGeometry): boolean =>
  [rows, columns].every(({ kernel, stride, padBegin, padEnd }) => kernel * stride === 1 && padBegin + padEnd === 0);

/** Few input channels: the taps of a row of the window lie one after the other in x. */
export const stem: ConvKernel = ({ geometry: g, weight }) => ({
  kernel: convStemKernel,
  constants: { WHOLE: Number((g.columns.kernel * g.inputs) % STEM_ELEMENTS === 0) },
  weight: { packed: packStem(weight) },
  params: {
    outputs: g.outputs / 4,
    blocks: blocksOf(g),
    row: g.columns.input * g.inputs,
    span: g.columns.kernel * g.inputs,
    stride: g.columns.stride * g.inputs,
    pad: g.columns.padBegin * g.inputs,
    in_h: g.rows.input,
    out_h: g.rows.output,
    out_w: g.columns.output,
    kernel_h: g.rows.kernel,
    stride_h: g.rows.stride,
    dilation_h: g.rows.dilation,
    pad_h: g.rows.padBegin,
  },
  workgroups: tiles(g, STEM_COLUMNS),
});

export const suitsStem = ({ group, inputs, columns }: ConvGeometry): boolean =>
  group === 1 && inputs < 8 && columns.dilation === 1;
