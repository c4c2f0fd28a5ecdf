import { sizeOf } from '../tensor/shape.js';
import { BY_RULES, type Candidate, type ChoiceOf, rounded } from './choice.js';
import type { DeviceFacts } from './facts.js';
import { productOfGemm } from './gemm.js';
import { ceilDiv, type KernelRequest } from './kernel.js';
import {
  matmulNaiveKernel,
  matmulQuadsKernel,
  matmulQuadsWideKernel,
  matvecColumnsKernel,
  matvecKernel,
  multiply,
  type Product,
  type ProductWay,
  productOfMatMul,
  readsVectors,
} from './matmul.js';
import type { Matrices } from './matmul-operands.js';
import { fitsLarge, largeTile, matmulKernel, type ProductExtents, smallTile, type Tile, tilesOf } from './matmul-tiled.js';

/** Multiply-adds beyond which the kernel that reads number by number is never the fastest. */
const MOST_NAIVE_WORK = 2 ** 24;
/** Rows beyond which a kernel that computes row by row is never the fastest. */
const MOST_MATVEC_ROWS = 16;
const SPLITS = [1, 2, 4, 8, 16, 32];
/** The least vec4s of k that a workgroup sums, and the most workgroups that splitting makes. */
const LEAST_PART_K4 = 16;
const MOST_WORKGROUPS = 1024;

interface NamedWay extends ProductWay {
  readonly name: string;
}

export const choiceOfMatMul: ChoiceOf = (request) => choiceOf(productOfMatMul(request), request);
export const choiceOfGemm: ChoiceOf = (request) => choiceOf(productOfGemm(request), request);

const choiceOf = (product: Product, { facts }: KernelRequest): ReturnType<ChoiceOf> => {
  const { a, b, batch } = product;
  const extents: ProductExtents = { batch: sizeOf(batch), m: a.rows, n: b.columns, k4: ceilDiv(a.columns, 4) };
  if (!readsVectors(a, b, facts)) return undefined;
  const named = waysOf(extents, a.columns, facts).map(
    ({ name, ...way }): Candidate => ({ name, lower: () => multiply(product, facts, way) }),
  );
  return {
    shapeClass: shapeClassOf(product, extents),
    candidates: [{ name: BY_RULES, lower: () => multiply(product, facts) }, ...named],
  };
};

const waysOf = (extents: ProductExtents, k: number, facts: DeviceFacts): NamedWay[] => {
  const { batch, m, n } = extents;
  const isCpu = facts.kind === 'cpu';
  const rowByRow = [
    { name: 'matvec', kernel: matvecKernel },
    ...(isCpu ? [{ name: 'matvec-columns', kernel: matvecColumnsKernel }] : []),
  ];
  const quads = [
    { name: 'quads', kernel: matmulQuadsKernel },
    { name: 'quads-wide', kernel: matmulQuadsWideKernel },
  ];
  return [
    ...(m <= MOST_MATVEC_ROWS ? rowByRow : []),
    ...(isCpu && facts.features.includes('subgroups') ? quads : []),
    ...tilings('small', smallTile, extents),
    ...(fitsLarge(facts) ? tilings('large', largeTile, extents) : []),
    ...(batch * m * n * k <= MOST_NAIVE_WORK ? [{ name: 'naive', kernel: matmulNaiveKernel }] : []),
  ];
};

const tilings = (name: string, tile: Tile, extents: ProductExtents): NamedWay[] =>
  SPLITS.filter(
    (splits) => splits === 1 || (extents.k4 >= splits * LEAST_PART_K4 && splits * tilesOf(extents, tile) <= MOST_WORKGROUPS),
  ).map((splits) => ({
    name: `tiled-${name}${splits === 1 ? '' : `-k${splits}`}`,
    kernel: matmulKernel,
    tiling: { tile, splits },
  }));

/** Extents rounded; what decides how operands are read and packed exactly. */
const shapeClassOf = ({ a, b, bias }: Product, { batch, m, n, k4 }: ProductExtents): string => {
  const operand = ({ info, transposed }: Matrices): string =>
    `${info.tensor ? `constant ${info.dtype}` : 'computed'}${transposed ? ' transposed' : ''}`;
  const rest = (extent: number): string => (extent % 4 === 0 ? '' : ' in part');
  const sizes = `${rounded(batch)} of ${rounded(m)} x ${rounded(4 * k4)}${rest(a.columns)} x ${rounded(n)}${rest(n)}`;
  return `product ${sizes}, ${operand(a)} by ${operand(b)}${bias ? ', bias' : ''}`;
};
