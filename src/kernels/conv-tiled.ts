import { convTiled } from '../../shaders/index.js';
import { outputsOf, tiledInputsOf, together } from './conv-elements.js';
import { type ConvKernel, extents, steps } from './conv-geometry.js';
import { packRows } from './conv-pack.js';
import { ceilDiv, type Kernel } from './kernel.js';

export const convTiledKernel: Kernel = { name: 'conv-tiled', wgsl: convTiled };

/** A workgroup's share of y, and how many vec4s of k it holds of it at a time. It takes at most 10 KB. */
interface Tile {
  readonly pixels: number;
  readonly outputs: number;
  readonly quads: number;
}

const SQUARE: Tile = { pixels: 64, outputs: 64, quads: 4 };
/** For few outputs. */
const TALL: Tile = { pixels: 128, outputs: 32, quads: 4 };
/** For few pixels: more workgroups. */
const SMALL: Tile = { pixels: 32, outputs: 32, quads: 8 };

/** Workgroups below which a GPU stands partly idle. */
const FEW_WORKGROUPS = 128;

const tileFor = (pixels: number, outputs: number): Tile => {
  const preferred = outputs <= TALL.outputs ? TALL : SQUARE;
  const groups = ceilDiv(pixels, preferred.pixels) * ceilDiv(outputs, preferred.outputs);
  return groups < FEW_WORKGROUPS ? SMALL : preferred;
};

/** The implicit matrix product with workgroup memory. */
export const tiled: ConvKernel = ({ geometry: g, weight, facts }) => {
  const pixels = g.batch * g.rows.output * g.columns.output;
  const tile = tileFor(pixels, g.outputs);
  const rows = ceilDiv(pixels, tile.pixels);
  const layers = ceilDiv(rows, facts.limits.maxComputeWorkgroupsPerDimension);
  const { kernel_h, ...window } = steps(g);
  const [inputs, outputs] = [tiledInputsOf(g), outputsOf(g)];
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
      inputs: inputs.channels,
      outputs: outputs.channels,
      input_quads: inputs.quads,
      output_quads: outputs.quads,
      pixels,
      quads: kernel_h * g.columns.kernel * inputs.quads,
      ...extents(g),
      ...window,
    },
    workgroups: [ceilDiv(g.outputs, tile.outputs), ceilDiv(rows, layers), layers],
  };
};
