import { matmulSubgroupMatrix } from '../../shaders/index.js';
import type { DeviceFacts, SubgroupMatrix } from './facts.js';
import { ceilDiv, type Dispatch, grid, type Kernel } from './kernel.js';
import type { ProductExtents } from './matmul-tiled.js';

/** Large products on the matrix units of a GPU, on devices that the application opened with the experimental feature. */
export const matmulSubgroupMatrixKernel: Kernel = { name: 'matmul-subgroup-matrix', wgsl: matmulSubgroupMatrix };
const FEATURE = 'chromium-experimental-subgroup-matrix';
/** Rows and columns of a workgroup. */
const TILE = 32;

/** The matrix units for a product of large matrices. float32 operands are not rounded to float16, which `halves` are. */
export const matrixUnits = (
  { features, languageFeatures, subgroupSize, subgroupMatrices = [] }: DeviceFacts,
  { m, n, k4 }: Pick<ProductExtents, 'm' | 'n' | 'k4'>,
  halves: boolean,
): SubgroupMatrix | undefined => {
  const isOpen = features.includes(FEATURE) && features.includes('subgroups') && languageFeatures.includes('subgroup_id');
  if (!isOpen || !subgroupSize || 4 * subgroupSize > 256 || Math.min(m, n, 4 * k4) < 16) return undefined;
  return subgroupMatrices.find(
    ({ component, rows, columns, depth }) =>
      16 % rows === 0 && 16 % columns === 0 && TILE % depth === 0 && (component === 'f32' || halves),
  );
};

export const subgroupMatrixProduct = (
  dispatch: Omit<Dispatch, 'workgroups'>,
  { batch, m, n }: ProductExtents,
  { component, rows, columns, depth }: SubgroupMatrix,
  facts: DeviceFacts,
): Dispatch => {
  const count = batch * ceilDiv(m, TILE) * ceilDiv(n, TILE);
  const sides = { SIDE_M: rows, SIDE_N: columns, SIDE_K: depth, SUBGROUP: facts.subgroupSize as number };
  return {
    ...dispatch,
    kernel: matmulSubgroupMatrixKernel,
    definitions: { ...dispatch.definitions, ...sides, Component: component },
    enables: component === 'f16' ? ['f16'] : [],
    params: { ...dispatch.params, count },
    workgroups: grid(count, 1, facts),
  };
};
