import { conv } from '../../shaders/index.js';
import type { ConvAttributes } from '../ops/conv.js';
import { sizeOf } from '../tensor/shape.js';
import { lowerConv3d } from './conv-3d.js';
import { depthwiseBands, depthwiseWindow, isDepthwise, suitsBands } from './conv-depthwise.js';
import { direct, isPointwise, pointwise, sliding, stem, suits3x3, suitsSliding, suitsStem, threeByThree } from './conv-direct.js';
import { fillsQuads } from './conv-elements.js';
import { type ConvGeometry, type ConvKernel, type ConvPlan, convGeometry, extents, steps } from './conv-geometry.js';
import { tiled } from './conv-tiled.js';
import { lowerEpilogue } from './epilogue.js';
import type { DeviceFacts } from './facts.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';

export const convKernel: Kernel = { name: 'conv', wgsl: conv };
const WORKGROUP_SIZE = 64;

/** What a convolution must be for a kernel, beside writing channels-last with constant weights. */
interface Rule {
  readonly suits: (g: ConvGeometry, facts: DeviceFacts) => boolean;
  readonly kernel: ConvKernel;
}

const isDense = ({ group }: ConvGeometry): boolean => group === 1;
/** The kernels without workgroup memory pass inputs from one invocation to the next. */
const sharesLanes = ({ kind, features }: DeviceFacts): boolean => kind === 'cpu' && features.includes('subgroups');
/** Those of them that want the inputs of a pixel side by side. */
const isDirect = (g: ConvGeometry, facts: DeviceFacts): boolean => isDense(g) && sharesLanes(facts) && !g.readsChannelsFirst;

/** The first that suits and whose workgroups the device can count is taken; the general kernel else. */
const rules: readonly Rule[] = [
  { suits: (g) => isDepthwise(g) && suitsBands(g), kernel: depthwiseBands },
  { suits: isDepthwise, kernel: depthwiseWindow },
  { suits: (g, facts) => isDense(g) && sharesLanes(facts) && suitsStem(g), kernel: stem },
  { suits: (g, facts) => isDirect(g, facts) && isPointwise(g), kernel: pointwise },
  { suits: (g, facts) => isDirect(g, facts) && suitsSliding(g), kernel: sliding },
  { suits: (g, facts) => isDirect(g, facts) && suits3x3(g), kernel: threeByThree },
  { suits: isDirect, kernel: direct },
  { suits: isDense, kernel: tiled },
];

export const lowerConv = (given: KernelRequest): Dispatch[] => {
  const request = given as KernelRequest<ConvAttributes>;
  if ((given.inputs[0] as TensorInfo).shape.length > 4) return lowerConv3d(given);
  const geometry = convGeometry(request);
  const packed = packedPlan(request, geometry);
  const { kernel, constants, definitions, functions, weight, params, workgroups } = packed ?? general(request, geometry);
  const epilogue = lowerEpilogue(given, { input: 0 }, packed && fillsQuads(geometry) ? 4 : 1);
  const hasBias = request.inputs[2] !== undefined;
  return [
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
  ];
};

const packedPlan = (request: KernelRequest<ConvAttributes>, g: ConvGeometry): ConvPlan | undefined => {
  const { facts, inputs } = request;
  const [x, w] = inputs as readonly [TensorInfo, TensorInfo];
  if (!g.channelsLast || !w.tensor || sizeOf(x.shape) === 0) return undefined;
  for (const { suits, kernel } of rules) {
    if (!suits(g, facts)) continue;
    const plan = kernel({ geometry: g, weight: w.tensor, facts });
    if (plan.workgroups.every((count) => count <= facts.limits.maxComputeWorkgroupsPerDimension)) return plan;
  }
  return undefined;
};

/** Any layout, any group: serves whatever no faster kernel takes. */
const general = ({ outputs, facts }: KernelRequest<ConvAttributes>, g: ConvGeometry): ConvPlan => {
  const count = sizeOf(outputs[0]!.shape);
  return {
    kernel: convKernel,
    constants: { WORKGROUP_SIZE, CHANNELS_LAST: Number(g.channelsLast) },
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
