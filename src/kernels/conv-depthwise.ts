import { depthwise, depthwise3x3 } from '../../shaders/index.js';
import { channelsOf, strideOfInputs, strideOfOutputs } from './conv-elements.js';
import {
  type ConvGeometry,
  type ConvKernel,
  type ConvPlan,
  type ConvTask,
  extents,
  steps,
  type Windows,
} from './conv-geometry.js';
import { packTaps } from './conv-pack.js';
import { cpuKernel } from './cpu-family.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv, grid, type Kernel } from './kernel.js';

export const depthwiseKernel: Kernel = { name: 'depthwise', wgsl: depthwise };
export const depthwise3x3Kernel: Kernel = { name: 'depthwise-3x3', wgsl: depthwise3x3 };
/** For CPU adapters, which spend their time on loads. */
const depthwise5Kernel = cpuKernel('depthwise-5', 'depthwise5');
const WORKGROUP_SIZE = 64;
/** Columns that an invocation computes: the accumulators are named in the text. */
const COLUMNS = 4;
/** Rows that an invocation computes: each but the first two reads one row. A GPU wants more invocations. */
const CPU_ROWS = 14;
const GPU_ROWS = 4;

export const isDepthwise = ({ group, inputs, outputs }: ConvGeometry): boolean => group === inputs && group === outputs;

/** 3x3, moving by one or two both ways. */
export const suitsBands = ({ rows, columns }: Windows): boolean =>
  [rows, columns].every(
    ({ kernel, stride, dilation }) => kernel === 3 && stride === rows.stride && stride <= 2 && dilation === 1,
  );

/** Up to five columns, that move by one, or by two if they are neighbours. */
export const suitsFive = ({ columns: { kernel, stride, dilation } }: Windows, { kind }: DeviceFacts): boolean =>
  kind === 'cpu' && kernel <= 5 && (stride === 1 || (stride === 2 && dilation === 1));

const places = (g: ConvGeometry) => {
  const { x_w, ...inputs } = strideOfInputs(g);
  return { ...inputs, ...strideOfOutputs(g) };
};

/** A window of any size. */
export const depthwiseWindow: ConvKernel = ({ geometry: g, weight, facts }) => {
  const { channels, quads, ...specialised } = channelsOf(g);
  const tiles = ceilDiv(g.columns.output, COLUMNS);
  const count = g.batch * g.rows.output * tiles * quads;
  return {
    kernel: depthwiseKernel,
    constants: { WORKGROUP_SIZE },
    ...specialised,
    weight: { packed: packTaps(weight) },
    params: { count, channels, quads, tiles, ...extents(g), ...places(g), ...steps(g) },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

/** A window of up to five columns and any number of rows. */
export const depthwiseFive: ConvKernel = ({ geometry: g, weight, facts }) => {
  const { channels, quads, ...specialised } = channelsOf(g);
  const { kernel, stride, dilation, output } = g.columns;
  const tiles = dilation * ceilDiv(output, dilation * COLUMNS);
  const count = g.batch * g.rows.output * tiles * quads;
  const { kernel_h, stride_h, dilation_h, pad_h, pad_w } = steps(g);
  return {
    kernel: depthwise5Kernel,
    constants: { WORKGROUP_SIZE },
    ...specialised,
    definitions: { ...specialised.definitions, TAPS: `${kernel}u`, STRIDE: `${stride}u` },
    weight: { packed: packTaps(weight) },
    params: {
      count,
      channels,
      quads,
      tiles,
      ...extents(g),
      ...places(g),
      kernel_h,
      stride_h,
      dilation_h,
      pad_h,
      pad_w,
      apart: dilation,
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

/** A 3x3 window that moves by one or two. */
export const depthwiseBands: ConvKernel = (task) => depthwiseBandsOf(task, task.facts.kind === 'cpu' ? CPU_ROWS : GPU_ROWS);

/** The same in bands of at most that many rows. */
export const depthwiseBandsOf = ({ geometry: g, weight, facts }: ConvTask, most: number): ConvPlan => {
  const { channels, quads, ...specialised } = channelsOf(g);
  const tiles = ceilDiv(g.columns.output, COLUMNS);
  const bands = ceilDiv(g.rows.output, most);
  const rows = ceilDiv(g.rows.output, bands);
  const count = g.batch * bands * tiles * quads;
  return {
    kernel: depthwise3x3Kernel,
    constants: { WORKGROUP_SIZE },
    ...specialised,
    definitions: { ...specialised.definitions, STRIDE: `${g.rows.stride}u` },
    weight: { packed: packTaps(weight) },
    params: {
      count,
      channels,
      quads,
      tiles,
      bands,
      rows,
      ...extents(g),
      ...places(g),
      pad_h: g.rows.padBegin,
      pad_w: g.columns.padBegin,
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};
