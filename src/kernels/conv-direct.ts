import { conv3x3, convDirect, convPointwise, convSliding, convStem } from '../../shaders/index.js';
import { inputsOf, outputsOf, together } from './conv-elements.js';
import { type ConvGeometry, type ConvKernel, type ConvPlan, extents, steps } from './conv-geometry.js';
import { BLOCK_OUTPUTS, packMatrices, packStem, STEM_ELEMENTS } from './conv-pack.js';
import { ceilDiv, grid, type Kernel } from './kernel.js';

export const convDirectKernel: Kernel = { name: 'conv-direct', wgsl: convDirect };
export const conv3x3Kernel: Kernel = { name: 'conv-3x3', wgsl: conv3x3 };
export const convPointwiseKernel: Kernel = { name: 'conv-pointwise', wgsl: convPointwise };
export const convSlidingKernel: Kernel = { name: 'conv-sliding', wgsl: convSliding };
export const convStemKernel: Kernel = { name: 'conv-stem', wgsl: convStem };

/** Columns or pixels that a workgroup of each kernel computes: the accumulators are named in its text. */
const DIRECT_COLUMNS = 8;
const COLUMNS_3X3 = 14;
const PIXELS = 16;
const STEM_COLUMNS = 16;
const SLIDING_COLUMNS = 8;
const SLIDING_WORKGROUP = 64;
const SLIDING_OUTPUTS = 4;

const blocksOf = ({ outputs }: ConvGeometry): number => ceilDiv(outputs, BLOCK_OUTPUTS);

const tiles = (g: ConvGeometry, columns: number): ConvPlan['workgroups'] => [
  blocksOf(g) * ceilDiv(g.columns.output, columns),
  g.rows.output,
  g.batch,
];

/** Params fields that say how many channels a pixel of x and y has. */
const channels = (g: ConvGeometry) => ({
  inputs: inputsOf(g).channels,
  outputs: outputsOf(g).channels,
  quads: inputsOf(g).quads,
});

/** A window of any size. */
export const direct: ConvKernel = ({ geometry: g, weight }) => ({
  kernel: convDirectKernel,
  ...together(inputsOf(g), outputsOf(g)),
  weight: { packed: packMatrices(weight) },
  params: {
    ...channels(g),
    blocks: blocksOf(g),
    ...extents(g),
    ...steps(g),
  },
  workgroups: tiles(g, DIRECT_COLUMNS),
});

/** A 3x3 window that moves by one. */
export const threeByThree: ConvKernel = ({ geometry: g, weight }) => ({
  kernel: conv3x3Kernel,
  ...together(inputsOf(g), outputsOf(g)),
  weight: { packed: packMatrices(weight) },
  params: {
    ...channels(g),
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
    ...together(inputsOf(g), outputsOf(g)),
    weight: { packed: packMatrices(weight) },
    params: { ...channels(g), pixels },
    workgroups: [blocksOf(g), ceilDiv(groups, layers), layers],
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
      out_h: g.rows.output,
      out_w: g.columns.output,
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
