import { conv } from '../../shaders/index.js';
import type { ConvAttributes } from '../ops/conv.js';
import { sizeOf } from '../tensor/shape.js';
import { lowerConv3d } from './conv-3d.js';
import { slidingColumns, suitsColumns } from './conv-columns.js';
import { depthwiseBands, depthwiseFive, depthwiseWindow, isDepthwise, suitsBands, suitsFive } from './conv-depthwise.js';
import {
  direct,
  directWide,
  fills32,
  fillsBlocks,
  isPointwise,
  pointwise,
  sliding,
  stem,
  suits3x3,
  suitsSliding,
  suitsStem,
  threeByThree,
} from './conv-direct.js';
import { writesQuads } from './conv-elements.js';
import {
  type ConvGeometry,
  type ConvKernel,
  type ConvPlan,
  type ConvTask,
  convGeometry,
  extents,
  steps,
} from './conv-geometry.js';
import { grouped, isGrouped } from './conv-grouped.js';
import { integersOf, readWeights } from './conv-pack.js';
import { fillsTiles, tiled } from './conv-tiled.js';
import { lowerWinograd } from './cpu-family.js';
import { lowerEpilogue } from './epilogue.js';
import type { DeviceFacts } from './facts.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';

export const convKernel: Kernel = { name: 'conv', wgsl: conv };
const WORKGROUP_SIZE = 64;

/** What a convolution must be for a kernel, beside having constant weights. */
export interface ConvRule {
  readonly name: string;
  readonly suits: (g: ConvGeometry, facts: DeviceFacts) => boolean;
  readonly kernel: ConvKernel;
}

export const isDense = ({ group }: ConvGeometry): boolean => group === 1;
/** The kernels without workgroup memory pass inputs from one invocation to the next. */
const sharesLanes = ({ kind, features }: DeviceFacts): boolean => kind === 'cpu' && features.includes('subgroups');
export const isDirect = (g: ConvGeometry, facts: DeviceFacts): boolean => isDense(g) && sharesLanes(facts);

/** The first that suits and whose workgroups the device can count is taken; the general kernel else. */
export const convRules: readonly ConvRule[] = [
  { name: 'bands', suits: (g) => isDepthwise(g) && suitsBands(g), kernel: depthwiseBands },
  { name: 'depthwise-5', suits: (g, facts) => isDepthwise(g) && suitsFive(g, facts), kernel: depthwiseFive },
  { name: 'depthwise', suits: isDepthwise, kernel: depthwiseWindow },
  { name: 'direct-groups', suits: (g, facts) => isGrouped(g) && sharesLanes(facts) && fillsBlocks(g), kernel: direct },
  { name: 'tiled-groups', suits: (g) => isGrouped(g) && fillsTiles(g), kernel: tiled },
  { name: 'grouped', suits: isGrouped, kernel: grouped },
  { name: 'columns', suits: (g, facts) => isDirect(g, facts) && suitsColumns(g), kernel: slidingColumns },
  { name: 'stem', suits: (g, facts) => isDirect(g, facts) && suitsStem(g), kernel: stem },
  { name: 'pointwise', suits: (g, facts) => isDirect(g, facts) && isPointwise(g), kernel: pointwise },
  { name: 'sliding', suits: (g, facts) => isDirect(g, facts) && suitsSliding(g), kernel: sliding },
  { name: '3x3', suits: (g, facts) => isDirect(g, facts) && suits3x3(g), kernel: threeByThree },
  { name: 'direct-32', suits: (g, facts) => isDirect(g, facts) && fills32(g), kernel: directWide },
  { name: 'direct', suits: isDirect, kernel: direct },
  { name: 'tiled', suits: isDense, kernel: tiled },
];

export const lowerConv = (given: KernelRequest): Dispatch[] => {
  const request = given as KernelRequest<ConvAttributes>;
  if ((given.inputs[0] as TensorInfo).shape.length > 4) return lowerConv3d(given);
  const geometry = convGeometry(request);
  // Winograd's algorithm transforms the weights into more and larger numbers than they are kept in.
  const tiles =
    sizeOf((given.inputs[0] as TensorInfo).shape) > 0 && !integersOf(given.inputs[1]?.tensor) && lowerWinograd(given, geometry);
  if (tiles) return tiles;
  return lowerWindow(request, geometry, packedPlan(request, geometry));
};

/** The launch of a kernel that packs its weights, or of the general one. */
export const lowerWindow = (
  request: KernelRequest<ConvAttributes>,
  geometry: ConvGeometry,
  packed: ConvPlan | undefined,
): Dispatch[] => {
  const { kernel, constants, definitions, functions, weight, params, workgroups } = packed ?? general(request, geometry);
  const epilogue = lowerEpilogue(request, { input: 0 }, packed && writesQuads(geometry) ? 4 : 1);
  const hasBias = request.inputs[2] !== undefined;
  return [
    readWeights(
      {
        kernel,
        constants: { ...constants, HAS_BIAS: Number(hasBias) },
        ...(definitions && { definitions }),
        functions: { ...functions, ...epilogue.functions },
        libraries: epilogue.libraries,
        // A kernel without bias still has the binding: the weight stands in, unread.
        operands: { x: { input: 0 }, weight, bias: hasBias ? { input: 2 } : weight, y: { output: 0 }, ...epilogue.operands },
        params,
        workgroups,
      },
      request,
    ),
  ];
};

const packedPlan = (request: KernelRequest<ConvAttributes>, g: ConvGeometry): ConvPlan | undefined => {
  const { facts, inputs } = request;
  const [x, w] = inputs as readonly [TensorInfo, TensorInfo];
  if (!w.tensor || sizeOf(x.shape) === 0) return undefined;
  for (const rule of convRules) {
    const plan = planBy(rule, { geometry: g, weight: w.tensor, facts });
    if (plan) return plan;
  }
  return undefined;
};

/** What a rule plans for a convolution that suits it and whose workgroups the device can count. */
export const planBy = ({ suits, kernel }: ConvRule, task: ConvTask): ConvPlan | undefined => {
  if (!suits(task.geometry, task.facts)) return undefined;
  const plan = kernel(task);
  return plan.workgroups.every((count) => count <= task.facts.limits.maxComputeWorkgroupsPerDimension) ? plan : undefined;
};

/** Any layout, any group: serves whatever no faster kernel takes. */
const general = ({ outputs, facts }: KernelRequest<ConvAttributes>, g: ConvGeometry): ConvPlan => {
  const count = sizeOf(outputs[0]!.shape);
  return {
    kernel: convKernel,
    constants: { WORKGROUP_SIZE, CHANNELS_LAST: Number(!g.writesChannelsFirst) },
    weight: { input: 1 },
    params: {
      count,
      outputs: g.outputs,
      group_outputs: g.outputs / g.group,
      group_inputs: g.inputs / g.group,
      x_n: g.x.n,
      x_c: g.x.c,
      x_h: g.x.h,
      x_w: g.x.w,
      ...extents(g),
      ...steps(g),
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};
