import { convTiled } from '../../shaders/index.js';
import { inputsOf, pixelsOf, strideOfInputs, strideOfOutputs, together } from './conv-elements.js';
import { type ConvKernel, type ConvPlan, type ConvTask, extents, steps } from './conv-geometry.js';
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

const tileFor = (pixels: number, outputs: number): ConvTile => {
  const preferred = outputs <= TALL.outputs ? TALL : SQUARE;
  const groups = ceilDiv(pixels, preferred.pixels) * ceilDiv(outputs, preferred.outputs);
  return groups < FEW_WORKGROUPS ? SMALL : preferred;
};

/** The implicit matrix product with workgroup memory. */
export const tiled: ConvKernel = (task) => tiledBy(task);

/** The same by a given tile. */
export const tiledBy = ({ geometry: g, weight, facts }: ConvTask, given?: ConvTile): ConvPlan => {
  const pixels = g.batch * g.rows.output * g.columns.output;
  const tile = given ?? tileFor(pixels, g.outputs);
  const rows = ceilDiv(pixels, tile.pixels);
  const layers = ceilDiv(rows, facts.limits.maxComputeWorkgroupsPerDimension);
  const { kernel_h, ...window } = steps(g);
  const { y_h, ...places } = { ...strideOfInputs(g), ...strideOfOutputs(g) };
  const [inputs, outputs] = [inputsOf(g), pixelsOf(g)];
  return {
    kernel: convTiledKernel,
    constants: {
      TILE_PIXELS: tile.pixels,
      TILE_OUTPUTS: tile.outputs,
      K_QUADS: tile.quads,
      WORKGROUP_SIZE: (tile.pixels / 8) * (tile.outputs / 4),
    },
    ...together(inputs, outputs),
    weight: { packed: packRows(weight) },
    params: {
      inputs: g.inputs,
      outputs: outputs.channels,
      input_quads: inputs.quads,
      output_quads: outputs.quads,
      pixels,
      plane: pixels / g.batch,
      quads: kernel_h * g.columns.kernel * inputs.quads,
      ...extents(g),
      ...window,
      ...places,
    },
    workgroups: [ceilDiv(g.outputs, tile.outputs), ceilDiv(rows, layers), layers],
  };
};
