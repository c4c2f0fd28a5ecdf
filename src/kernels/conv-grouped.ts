import { convGrouped } from '../../shaders/index.js';
import { inputsOfGroups, outputsOf, strideOfOutputs, together } from './conv-elements.js';
import { type ConvGeometry, type ConvKernel, extents, steps } from './conv-geometry.js';
import { packGroups } from './conv-pack.js';
import { ceilDiv, grid, type Kernel } from './kernel.js';

export const convGroupedKernel: Kernel = { name: 'conv-grouped', wgsl: convGrouped };
const WORKGROUP_SIZE = 64;
/** Columns that an invocation computes: the accumulators are named in the text. */
const COLUMNS = 4;

/** Several groups, of whole quads of outputs. */
export const isGrouped = ({ group, outputs }: ConvGeometry): boolean => group > 1 && (outputs / group) % 4 === 0;

/** Every invocation takes a quad of outputs, all of which read the inputs of one group. */
export const grouped: ConvKernel = ({ geometry: g, weight, facts }) => {
  const { elements, params } = inputsOfGroups(g);
  const outputs = outputsOf(g);
  const tiles = ceilDiv(g.columns.output, COLUMNS);
  const output_quads = g.outputs / 4;
  const count = g.batch * g.rows.output * tiles * output_quads;
  return {
    kernel: convGroupedKernel,
    constants: { WORKGROUP_SIZE },
    ...together(elements, outputs),
    weight: { packed: packGroups(weight) },
    params: {
      count,
      tiles,
      ...params,
      outputs: outputs.channels,
      output_quads,
      group_quads: output_quads / g.group,
      ...strideOfOutputs(g),
      ...extents(g),
      ...steps(g),
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};
