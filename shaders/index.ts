// The WGSL texts, typed as plain strings so that no build-tool suffix reaches the declaration files.
import binaryText from './binary.wgsl?raw';
import convTransposeText from './conv-transpose.wgsl?raw';
import convText from './conv.wgsl?raw';
import castText from './cast.wgsl?raw';
import copyText from './copy.wgsl?raw';
import fmodText from './lib/fmod.wgsl?raw';
import gatherText from './gather.wgsl?raw';
import erfText from './lib/erf.wgsl?raw';
import expm1Text from './lib/expm1.wgsl?raw';
import imageText from './image.wgsl?raw';
import integerPowerText from './lib/integer-power.wgsl?raw';
import log1pText from './lib/log1p.wgsl?raw';
import mishText from './lib/mish.wgsl?raw';
import normalizeWorkgroupText from './normalize-workgroup.wgsl?raw';
import normalizeText from './normalize.wgsl?raw';
import padText from './pad.wgsl?raw';
import poolText from './pool.wgsl?raw';
import powerText from './lib/power.wgsl?raw';
import reduceText from './reduce.wgsl?raw';
import reduceWorkgroupText from './reduce-workgroup.wgsl?raw';
import trigonometryText from './lib/trigonometry.wgsl?raw';
import resizeText from './resize.wgsl?raw';
import transposeBlockText from './transpose-block.wgsl?raw';
import transposeText from './transpose.wgsl?raw';
import unaryText from './unary.wgsl?raw';
import whereText from './where.wgsl?raw';

export const binary: string = binaryText;
export const conv: string = convText;
export const cast: string = castText;
export const convTranspose: string = convTransposeText;
export const copy: string = copyText;
export const gather: string = gatherText;
export const image: string = imageText;
export const normalize: string = normalizeText;
export const normalizeWorkgroup: string = normalizeWorkgroupText;
export const pad: string = padText;
export const pool: string = poolText;
export const reduce: string = reduceText;
export const reduceWorkgroup: string = reduceWorkgroupText;
export const resize: string = resizeText;
export const transpose: string = transposeText;
export const transposeBlock: string = transposeBlockText;
export const unary: string = unaryText;
export const where: string = whereText;

/** Helper functions of shaders/lib by stem, appended after a kernel that calls them. */
export const library: Readonly<Record<string, string>> = {
  erf: erfText,
  expm1: expm1Text,
  fmod: fmodText,
  'integer-power': integerPowerText,
  log1p: log1pText,
  mish: mishText,
  power: powerText,
  trigonometry: trigonometryText,
};
