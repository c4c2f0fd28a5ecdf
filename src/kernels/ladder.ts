import { naive, registerTiled, subgroup, vec4, workgroupTiled } from '../../shaders/ladder/index.js';
import { TilewiseError } from '../errors.js';
import { deviceElement } from '../tensor/dtype.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv, type Dispatch, grid, type Kernel, type KernelRequest, type Lowering, type TensorInfo } from './kernel.js';
import { vectorMatrices } from './matmul-operands.js';

/** What shares a number once it was read from memory: the elements of the result that are computed together. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
}

/** One way to multiply matrices. All compute the same; each reads less from memory, or waits less, than the one before. */
export interface LadderStep {
  readonly name: string;
  /** What is new in it, for someone who reads the steps in order. */
  readonly idea: string;
  readonly kernel: Kernel;
  readonly tile: Tile;
  /** A WebGPU feature that the kernel needs. */
  readonly feature?: string;
  /** Lowers a MatMul of two float32 matrices, which have no further extents. */
  readonly lower: Lowering;
}

/**
 * Arithmetic intensity in FLOP per byte loaded from storage. Along k, a tile of R x C sums takes 2 R C FLOP a step, for
 * which R + C numbers of 4 bytes are read.
 */
export const intensityOf = ({ rows, columns }: Tile): number => (2 * rows * columns) / (4 * (rows + columns));

const SUBGROUP_WORKGROUP_SIZE = 64;

interface Sizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

const sizesOf = ({ inputs }: KernelRequest): Sizes => {
  const [a, b] = inputs as readonly [TensorInfo, TensorInfo];
  const fits = a.shape.length === 2 && b.shape.length === 2 && deviceElement(a.dtype) === 'f32';
  if (!fits) throw new TilewiseError('unsupported-model', 'the ladder multiplies two float32 matrices');
  return { m: a.shape[0]!, k: a.shape[1]!, n: b.shape[1]! };
};

/** Workgroups that cover columns and rows. */
const cover = (columns: number, rows: number, { limits }: DeviceFacts): [number, number, number] => {
  const most = limits.maxComputeWorkgroupsPerDimension;
  if (Math.max(columns, rows) <= most) return [columns, rows, 1];
  throw new TilewiseError('limit-exceeded', `${columns} x ${rows} workgroups, but the device runs at most ${most} a dimension`);
};

/** Kernels that read single numbers of row-major matrices; a workgroup computes 16 x 16 elements. */
const lowerScalars =
  (kernel: Kernel): Lowering =>
  (request) => {
    const { m, n, k } = sizesOf(request);
    const operands = { a: { input: 0 }, b: { input: 1 }, y: { output: 0 } };
    return [{ kernel, operands, params: { m, n, k }, workgroups: cover(ceilDiv(n, 16), ceilDiv(m, 16), request.facts) }];
  };

/** Kernels that read vec4s; rows that are no whole vec4s are padded first. */
const lowerVectors =
  (kernel: Kernel, launch: (sizes: Sizes, facts: DeviceFacts) => Pick<Dispatch, 'workgroups'> & { count?: number }): Lowering =>
  (request) => {
    const sizes = sizesOf(request);
    const { m, n, k } = sizes;
    const matrices = (input: number, rows: number, columns: number) =>
      ({ input, info: request.inputs[input]!, batch: [], rows, columns, transposed: false }) as const;
    const a = vectorMatrices(matrices(0, m, k), false, 0, request.facts);
    const b = vectorMatrices(matrices(1, k, n), true, 1, request.facts);
    const { workgroups, ...count } = launch(sizes, request.facts);
    return [
      ...a.pack,
      ...b.pack,
      {
        kernel,
        operands: { a: a.operand, b: b.operand, y: { output: 0 } },
        params: { m, n, n4: ceilDiv(n, 4), k4: ceilDiv(k, 4), ...count },
        workgroups,
      },
    ];
  };

const naiveKernel: Kernel = { name: 'naive', wgsl: naive };
const vec4Kernel: Kernel = { name: 'vec4', wgsl: vec4 };
const workgroupTiledKernel: Kernel = { name: 'workgroup-tiled', wgsl: workgroupTiled };
const registerTiledKernel: Kernel = { name: 'register-tiled', wgsl: registerTiled };
const subgroupKernel: Kernel = { name: 'subgroup', wgsl: subgroup };

/** From the plainest kernel on. */
export const ladder: readonly LadderStep[] = [
  {
    name: 'naive',
    idea: 'one element an invocation',
    kernel: naiveKernel,
    tile: { rows: 1, columns: 1 },
    lower: lowerScalars(naiveKernel),
  },
  {
    name: 'vec4',
    idea: 'four columns an invocation, four numbers a load',
    kernel: vec4Kernel,
    tile: { rows: 1, columns: 4 },
    lower: lowerVectors(vec4Kernel, ({ m, n }, facts) => ({ workgroups: cover(ceilDiv(n, 64), ceilDiv(m, 16), facts) })),
  },
  {
    name: 'workgroup-tiled',
    idea: 'tiles in workgroup memory, shared by 16 x 16 invocations',
    kernel: workgroupTiledKernel,
    tile: { rows: 16, columns: 16 },
    lower: lowerScalars(workgroupTiledKernel),
  },
  {
    name: 'register-tiled',
    idea: '4 x 4 elements an invocation in registers, on tiles of 64 x 64',
    kernel: registerTiledKernel,
    tile: { rows: 64, columns: 64 },
    lower: lowerVectors(registerTiledKernel, ({ m, n }, facts) => ({
      workgroups: cover(ceilDiv(n, 64), ceilDiv(m, 64), facts),
    })),
  },
  {
    name: 'subgroup',
    idea: '8 x 16 elements a quad, whose lanes hand each other what they read',
    kernel: subgroupKernel,
    tile: { rows: 8, columns: 16 },
    feature: 'subgroups',
    lower: lowerVectors(subgroupKernel, ({ m, n }, facts) => {
      const count = ceilDiv(m, 8) * ceilDiv(ceilDiv(n, 4), 4);
      return { count, workgroups: grid(4 * count, SUBGROUP_WORKGROUP_SIZE, facts) };
    }),
  },
];

/** The steps that a device can run. */
export const stepsFor = ({ features }: DeviceFacts): LadderStep[] =>
  ladder.filter(({ feature }) => feature === undefined || features.includes(feature));
