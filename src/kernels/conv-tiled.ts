import { convTiled } from '../../shaders/index.js';
import { inputsOfGroups, pixelsOf, strideOfOutputs, together } from './conv-elements.js';
import { type ConvGeometry, type ConvKernel, type ConvPlan, type ConvTask, extents, steps } from './conv-geometry.js';
import { packRows } from './conv-pack.js';
import { ceilDiv, type Kernel } from './kernel.js';

export const convTiledKernel: Kernel = { name: 'conv-tiled', wgsl: convTiled };

/** A workgroup's share of y, and how many vec4s of k it holds of it at a time. It takes at most 10 KB. */
export interface ConvTile {
  readonly pixels: number;
  readonly outputs: number;
  readonly quads: number;
}

const SQUARE: ConvTile = { pixels: 64, outputs: 64, quads: 4 };
/** For few outputs. */
const TALL: ConvTile = { pixels: 128, outputs: 32, quads: 4 };
/** For few pixels: more workgroups. */
const SMALL: ConvTile = { pixels: 32, outputs: 32, quads: 8 };

export const convTiles: readonly ConvTile[] = [SQUARE, TALL, SMALL];

/** Workgroups below which a GPU stands partly idle. */
const FEW_WORKGROUPS = 128;

const tileFor = (pixels: number, { outputs, group }: ConvGeometry): ConvTile => {
  const preferred = outputs <= TALL.outputs || !fillsTiles({ outputs, group }, SQUARE) ? TALL : SQUARE;
  const groups = ceilDiv(pixels, preferred.pixels) * ceilDiv(outputs, preferred.outputs);
  return groups < FEW_WORKGROUPS ? SMALL : preferred;
};

/** True where a tile of outputs reads the inputs of one group. */
export const fillsTiles = ({ outputs, group }: Pick<ConvGeometry, 'outputs' | 'group'>, tile = SMALL): boolean =>
  group === 1 || (outputs / group) % tile.outputs === 0;

/** The implicit matrix product with workgroup memory. */
export const tiled: ConvKernel = (task) => tiledBy(task);

/** The same by a given tile. */
export const tiledBy = ({ geometry: g, weight, facts }: ConvTask, given?: ConvTile): ConvPlan => {
  const pixels = g.batch * g.rows.output * g.columns.output;
  const tile = given ?? tileFor(pixels, g);
  const rows = ceilDiv(pixels, tile.pixels);
  const layers = ceilDiv(rows, facts.limits.maxComputeWorkgroupsPerDimension);
  const { kernel_h, ...window } = steps(g);
  const { y_h, ...places } = strideOfOutputs(g);
  const { elements, params } = inputsOfGroups(g);
  const { quads: input_quads, ...inputs } = params;
  const outputs = pixelsOf(g);
  return {
    kernel: convTiledKernel,
    constants: {
      TILE_PIXELS: tile.pixels,
      TILE_OUTPUTS: tile.outputs,
      K_QUADS: tile.quads,
      WORKGROUP_SIZE: (tile.pixels / 8) * (tile.outputs / 4),
    },
    ...together(elements, outputs),
    weight: { packed: packRows(weight) },
    params: {
      ...inputs,
      input_quads,
      outputs: outputs.channels,
      output_quads: outputs.quads,
      group_quads: outputs.quads / g.group,
      pixels,
      plane: pixels / g.batch,
      quads: kernel_h * g.columns.kernel * input_quads,
      ...extents(g),
      ...window,
      ...places,
    },
    workgroups: [ceilDiv(g.outputs, tile.outputs), ceilDiv(rows, layers), layers],
  };
};
