// The WGSL texts, typed as plain strings so that no build-tool suffix reaches the declaration files.
import argMaxText from './arg-max.wgsl?raw';
import batchNormalizationText from './batch-normalization.wgsl?raw';
import binaryText from './binary.wgsl?raw';
import convText from './conv.wgsl?raw';
import conv3dText from './conv-3d.wgsl?raw';
import convGroupedText from './conv-grouped.wgsl?raw';
import convTiledText from './conv-tiled.wgsl?raw';
import convTranspose3dText from './conv-transpose-3d.wgsl?raw';
import copyText from './copy.wgsl?raw';
import depthwiseText from './depthwise.wgsl?raw';
import depthwise3x3Text from './depthwise-3x3.wgsl?raw';
import gatherText from './gather.wgsl?raw';
import imageText from './image.wgsl?raw';
import erfText from './lib/erf.wgsl?raw';
import expm1Text from './lib/expm1.wgsl?raw';
import fmodText from './lib/fmod.wgsl?raw';
import hyperbolicText from './lib/hyperbolic.wgsl?raw';
import integerPowerText from './lib/integer-power.wgsl?raw';
import inverseTrigonometryText from './lib/inverse-trigonometry.wgsl?raw';
import log1pText from './lib/log1p.wgsl?raw';
import mishText from './lib/mish.wgsl?raw';
import powerText from './lib/power.wgsl?raw';
import quotientText from './lib/quotient.wgsl?raw';
import trigonometryText from './lib/trigonometry.wgsl?raw';
import wholeText from './lib/whole.wgsl?raw';
import lrnText from './lrn.wgsl?raw';
import matmulText from './matmul.wgsl?raw';
import matmulNaiveText from './matmul-naive.wgsl?raw';
import matmulPackText from './matmul-pack.wgsl?raw';
import matmulSplitsText from './matmul-splits.wgsl?raw';
import matmulSubgroupMatrixText from './matmul-subgroup-matrix.wgsl?raw';
import matvecText from './matvec.wgsl?raw';
import maxPoolIndicesText from './max-pool-indices.wgsl?raw';
import normalizeText from './normalize.wgsl?raw';
import normalizeWorkgroupText from './normalize-workgroup.wgsl?raw';
import padText from './pad.wgsl?raw';
import poolText from './pool.wgsl?raw';
import pool3dText from './pool-3d.wgsl?raw';
import reduceText from './reduce.wgsl?raw';
import reduceWorkgroupText from './reduce-workgroup.wgsl?raw';
import softmaxText from './softmax.wgsl?raw';
import softmaxWorkgroupText from './softmax-workgroup.wgsl?raw';
import transposeText from './transpose.wgsl?raw';
import transposeBlockText from './transpose-block.wgsl?raw';
import unaryText from './unary.wgsl?raw';
import whereText from './where.wgsl?raw';

export const argMax: string = argMaxText;
export const batchNormalization: string = batchNormalizationText;
export const binary: string = binaryText;
export const conv: string = convText;
export const convGrouped: string = convGroupedText;
export const convTiled: string = convTiledText;
export const depthwise: string = depthwiseText;
export const depthwise3x3: string = depthwise3x3Text;
export const copy: string = copyText;
export const gather: string = gatherText;
export const image: string = imageText;
export const normalize: string = normalizeText;
export const normalizeWorkgroup: string = normalizeWorkgroupText;
export const lrn: string = lrnText;
export const matmul: string = matmulText;
export const matmulNaive: string = matmulNaiveText;
export const matmulPack: string = matmulPackText;
export const matmulSplits: string = matmulSplitsText;
export const matmulSubgroupMatrix: string = matmulSubgroupMatrixText;
export const matvec: string = matvecText;
export const pad: string = padText;
export const pool: string = poolText;
export const reduce: string = reduceText;
export const reduceWorkgroup: string = reduceWorkgroupText;
export const transpose: string = transposeText;
export const transposeBlock: string = transposeBlockText;
export const softmax: string = softmaxText;
export const softmaxWorkgroup: string = softmaxWorkgroupText;
export const conv3d: string = conv3dText;
export const convTranspose3d: string = convTranspose3dText;
export const pool3d: string = pool3dText;
export const maxPoolIndices: string = maxPoolIndicesText;
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
  quotient: quotientText,
  trigonometry: trigonometryText,
  'inverse-trigonometry': inverseTrigonometryText,
  hyperbolic: hyperbolicText,
  whole: wholeText,
};
