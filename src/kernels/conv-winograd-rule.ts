import { fills32 } from './conv-direct.js';
import type { ConvGeometry } from './conv-geometry.js';
import type { WinogradTile } from './conv-winograd-pack.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv } from './kernel.js';

/** Below, the transforms cost more than the products save (ncnn has the same rule). */
const LEAST_CHANNELS = 16;
/** Multiply-adds below which launching three kernels instead of one costs a CPU adapter what they save. */
const LEAST_CPU_WORK = 2 ** 21;
/** Multiply-adds from which on what is faster to run is worth what it takes longer to compile. */
export const MUCH_WORK = 2 ** 26;
/** By how much the estimate for a CPU adapter must be less. */
const LEAST_GAIN = 1.15;

/**
 * The tile by which a convolution is faster than by the window itself, or undefined. The rule is for CPU adapters, where it
 * was measured. On GPUs a convolution is one launch, unless the tuner finds that the three of Winograd's take less time.
 */
export const winogradTile = (g: ConvGeometry, facts: DeviceFacts): WinogradTile | undefined => {
  const suits =
    g.group === 1 &&
    Math.min(g.inputs, g.outputs) >= LEAST_CHANNELS &&
    [g.rows, g.columns].every(({ kernel, stride, dilation }) => kernel === 3 && stride === 1 && dilation === 1);
  if (!suits || facts.kind === 'gpu' || workOf(g) < LEAST_CPU_WORK) return undefined;
  const tile = workOfTiles(g, 2) < workOfTiles(g, 4) ? 2 : 4;
  return LEAST_GAIN * workOfTiles(g, tile) < workOfWindow(g) ? tile : undefined;
};

const tilesOf = ({ batch, rows, columns }: ConvGeometry, tile: WinogradTile): number =>
  batch * ceilDiv(rows.output, tile) * ceilDiv(columns.output, tile);

export const workOf = (g: ConvGeometry): number => g.batch * g.rows.output * g.columns.output * 9 * g.inputs * g.outputs;

/**
 * Estimates for CPU adapters, fitted to measurements on SwiftShader within some 15 %. The unit is what the product's inner
 * loop takes for four inputs: 16 tiles and 32 outputs, or 32 and 16. A workgroup costs some more to begin and to store, and
 * the transforms cost what they load and store.
 */
const workOfTiles = (g: ConvGeometry, tile: WinogradTile): number => {
  const [points, tiles] = [(tile + 2) ** 2, tilesOf(g, tile)];
  const [inputs, outputs] = [ceilDiv(g.inputs, 4), ceilDiv(g.outputs, 4)];
  const workgroups = Math.min(ceilDiv(tiles, 16) * ceilDiv(outputs, 8), ceilDiv(tiles, 32) * ceilDiv(outputs, 4));
  const products = points * workgroups * (inputs + 3);
  return products + 0.018 * tiles * (inputs * 2 * points + outputs * (points + tile ** 2));
};

/** The same for the kernels of the window: of 14 columns and 16 outputs, and of 16 pixels and 32 outputs or 8 columns and 16. */
const workOfWindow = (g: ConvGeometry): number => {
  const inputs = ceilDiv(g.inputs, 4);
  const rows = g.batch * g.rows.output;
  const blocks = ceilDiv(g.outputs, 16);
  const wide = rows * blocks * ceilDiv(g.columns.output, 14) * (3.1 * inputs + 5);
  const narrow = fills32(g)
    ? ceilDiv(rows * g.columns.output, 16) * ceilDiv(g.outputs, 32) * (10.4 * inputs + 20)
    : rows * blocks * ceilDiv(g.columns.output, 8) * (3 * inputs + 7);
  return Math.min(wide, narrow);
};
