import { randomTensor } from '../../src/cli/random.js';
import type { Attributes } from '../../src/graph/graph.js';
import { matmulTolerance } from '../../src/tensor/compare.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { BenchCase, CaseSelection } from '../case.js';
import { inferred } from '../inferred.js';
import { kernelCase, type Problem, shipped } from '../kernel-case.js';
import { NetBuilder } from '../support/net-builder.js';

/** A convolution of square images, padded so that stride 1 keeps their size. */
export interface ConvWork {
  readonly channels: number;
  readonly outputs: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly depthwise?: boolean;
  readonly group?: number;
  /** As the first layer of a network: its input is channels-first. */
  readonly first?: boolean;
}

const nameOf = ({ channels, outputs, size, kernel, stride = 1, depthwise = false, group = 1 }: ConvWork): string => {
  const [steps, groups] = [stride > 1 ? `-stride-${stride}` : '', group > 1 ? `-group-${group}` : ''];
  return `${depthwise ? 'depthwise' : 'conv'}-${kernel}x${kernel}/${channels}-${outputs}-${size}x${size}${steps}${groups}`;
};

const groupOf = ({ depthwise = false, channels, group = 1 }: ConvWork): number => (depthwise ? channels : group);

const graphOf = (work: ConvWork, weight: Tensor, bias: Tensor) => {
  const { channels, size, kernel, stride = 1, first = false } = work;
  const net = new NetBuilder();
  const x = net.input('x', 'float32', first ? [1, channels, size, size] : [1, size, size, channels]);
  const pad = Math.floor(kernel / 2);
  const attributes = {
    kernel_shape: [kernel, kernel],
    pads: [pad, pad, pad, pad],
    strides: [stride, stride],
    group: groupOf(work),
    channelsLast: true,
    readsChannelsFirst: first,
  } as Attributes;
  net.output(net.op('Conv', [x, net.constant('w', weight), net.constant('b', bias)], attributes));
  return inferred(net);
};

/** The tensor's entries `picks` along its first dimension. */
const pick = (tensor: Tensor, picks: readonly number[]): Tensor => {
  const pitch = tensor.size / (tensor.dims[0] as number);
  const data = Float32Array.from({ length: picks.length * pitch }, (_, i) => {
    const at = picks[Math.floor(i / pitch)]! * pitch + (i % pitch);
    return tensor.data[at] as number;
  });
  return new Tensor('float32', data, [picks.length, ...tensor.dims.slice(1)]);
};

/** Random weights on a random image; the first, a middle and the last output channel are checked. */
export const convProblem = (work: ConvWork): Problem => {
  const { channels, outputs, size, kernel, first = false } = work;
  const inputs = channels / groupOf(work);
  const image = first ? [1, channels, size, size] : [1, size, size, channels];
  const feeds = new Map([['x', randomTensor('float32', image, 1)]]);
  const weight = randomTensor('float32', [outputs, inputs, kernel, kernel], 2);
  const bias = randomTensor('float32', [outputs], 3);
  const graph = graphOf(work, weight, bias);
  const tolerance = matmulTolerance(inputs * kernel * kernel + 1);
  if (inputs < channels) return { graph, feeds, check: { graph, feeds, tolerance } };
  const picks = [0, Math.floor(outputs / 2), outputs - 1];
  const part = graphOf(work, pick(weight, picks), pick(bias, picks));
  const at = (i: number): number => Math.floor(i / 3) * outputs + picks[i % 3]!;
  return { graph, feeds, check: { graph: part, feeds, tolerance, at } };
};

const quickWork: readonly ConvWork[] = [
  { channels: 64, outputs: 64, size: 28, kernel: 3 },
  { channels: 64, outputs: 128, size: 28, kernel: 1 },
  { channels: 64, outputs: 64, size: 28, kernel: 3, depthwise: true },
];

const moreWork: readonly ConvWork[] = [
  { channels: 3, outputs: 32, size: 224, kernel: 3, stride: 2, first: true },
  { channels: 64, outputs: 64, size: 56, kernel: 3 },
  { channels: 128, outputs: 128, size: 28, kernel: 3 },
  { channels: 128, outputs: 128, size: 28, kernel: 3, stride: 2 },
  { channels: 512, outputs: 512, size: 7, kernel: 3 },
  { channels: 128, outputs: 128, size: 28, kernel: 3, group: 32 },
  { channels: 64, outputs: 256, size: 56, kernel: 1 },
  { channels: 256, outputs: 64, size: 14, kernel: 1 },
  { channels: 128, outputs: 128, size: 56, kernel: 3, depthwise: true },
  { channels: 96, outputs: 96, size: 112, kernel: 3, stride: 2, depthwise: true },
];

/** Layers of ResNet and MobileNet, channels-last as models run them. */
export const convCases = ({ quick }: CaseSelection): BenchCase[] =>
  [...quickWork, ...(quick ? [] : moreWork)].map((work) =>
    kernelCase({
      name: nameOf(work),
      group: 'kernels',
      title: `${work.depthwise ? 'depthwise convolution' : 'convolution'} ${work.kernel} x ${work.kernel}, ${work.channels} to ${work.outputs} channels, ${work.size} x ${work.size} pixels`,
      problem: () => convProblem(work),
      variants: [shipped],
    }),
  );
