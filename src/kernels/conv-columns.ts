import { SLIDING_OUTPUTS, suitsStem } from './conv-direct.js';
import { outputsOf, strideOfOutputs } from './conv-elements.js';
import { type ConvGeometry, type ConvKernel, type ConvPlan, extents, steps } from './conv-geometry.js';
import { COLUMNS_OUTPUTS, packColumns } from './conv-pack.js';
import { cpuKernel } from './cpu-family.js';
import { ceilDiv, grid } from './kernel.js';

export const convColumnsKernel = cpuKernel('conv-columns', 'convColumns');

/** Columns of an invocation: the accumulators are named in the text. */
const COLUMNS = 10;
/** Few, because one sample of a small model has few invocations, and those beyond the last compute for nothing. */
const WORKGROUP_SIZE = 16;

/** Few inputs, and a window that moves by one: every invocation by itself, for all samples alike. */
export const slidingColumns: ConvKernel = ({ geometry: g, weight, facts }) => {
  const tiles = ceilDiv(g.columns.output, COLUMNS);
  const count = g.batch * g.rows.output * tiles;
  const { stride_w, dilation_w, ...window } = steps(g);
  const [x, y] = grid(count, WORKGROUP_SIZE, facts);
  return {
    kernel: convColumnsKernel,
    constants: { WORKGROUP_SIZE },
    ...textFor(g),
    weight: { packed: packColumns(weight) },
    params: {
      count,
      tiles,
      inputs: g.inputs,
      outputs: outputsOf(g).channels,
      ...extents(g),
      x_n: g.x.n,
      x_h: g.x.h,
      x_w: g.x.w,
      x_c: g.x.c,
      ...strideOfOutputs(g),
      ...window,
    },
    workgroups: [x, y, ceilDiv(g.outputs, COLUMNS_OUTPUTS)],
  };
};

/** What follows from the numbers of outputs and taps. */
const textFor = (g: ConvGeometry): Pick<ConvPlan, 'definitions' | 'functions'> => {
  const { channels, definitions, functions } = outputsOf(g);
  const half = { high: 'return a;', narrow: 'return v.xy;', widen: 'return vec4f(v, 0, 0);' };
  const isHalf = g.outputs <= 6;
  const three = { more: 'return vec4f(0);', more_high: 'return High(0);' };
  const isThree = g.columns.kernel % 5 !== 0;
  return {
    definitions: { ...definitions, ...(isHalf && { High: 'vec2f' }), ...(isThree && { TAPS: 3 }) },
    functions: { ...functions, ...hasOutput(g, channels), ...(isHalf && half), ...(isThree && three) },
  };
};

/** Which outputs a block has is known beforehand where they fill all blocks, or not even one. */
const hasOutput = ({ outputs }: ConvGeometry, channels: number): { readonly has?: string } => {
  const most = channels === outputs ? COLUMNS_OUTPUTS : COLUMNS_OUTPUTS / 4;
  if (channels % most === 0) return { has: 'return true;' };
  return channels < most ? { has: `return of_block < ${channels}u;` } : {};
};

/** Over eight inputs only where the window is wide, so that a column that was loaded serves many taps. */
export const suitsColumns = (g: ConvGeometry): boolean => {
  const { kernel, stride, dilation } = g.columns;
  if (stride !== 1 || dilation !== 1) return false;
  return suitsStem(g) ? kernel % 5 === 0 || kernel % 3 === 0 : g.inputs <= 8 && g.outputs > SLIDING_OUTPUTS && kernel % 5 === 0;
};
