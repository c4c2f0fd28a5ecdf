import { randomTensor } from '../src/cli/random.js';
import { bindShapes } from '../src/passes/bind-shapes.js';
import { bind, optimize } from '../src/passes/index.js';
import { buildPlan } from '../src/plan/build.js';
import type { Tensor } from '../src/tensor/tensor.js';
import type { BenchCase, CaseSelection } from './case.js';
import { kernelCase, type Problem, type Variant } from './kernel-case.js';
import { NetBuilder } from './support/net-builder.js';
import { repVggA0 } from './support/rep-vgg.js';

const shapesOf = ({ feeds }: Problem) =>
  new Map([...feeds].map(([name, tensor]): [string, readonly number[]] => [name, tensor.dims]));

const fused: Variant = {
  name: 'fused',
  plan: (problem, facts) => buildPlan(bind(optimize(problem.graph), shapesOf(problem)), facts),
};
const unfused: Variant = {
  name: 'unfused',
  plan: (problem, facts) => buildPlan(bindShapes(problem.graph, shapesOf(problem)), facts),
};

const ERROR = 1e-4;

const problemOf = (shape: readonly number[], body: (net: NetBuilder, x: string) => string): Problem => {
  const net = new NetBuilder();
  net.output(body(net, net.input('x', 'float32', shape)));
  const graph = net.build();
  const feeds = new Map<string, Tensor>([['x', randomTensor('float32', shape, 1)]]);
  const check = { graph: bindShapes(graph, new Map([['x', shape]])), feeds, tolerance: { atol: ERROR, rtol: ERROR } };
  return { graph: check.graph, feeds, check };
};

/** Convolution, normalisation and activation twice, with a residual sum: what ResNets are made of. */
const residual = (size: number): Problem =>
  problemOf([1, 32, size, size], (net, x) => {
    const half = net.op('Relu', [net.batchNormalization(net.conv(x, 32, 32, 3), 32)]);
    const y = net.batchNormalization(net.op('Mul', [net.conv(half, 32, 32, 3), net.values([], [0.05])]), 32);
    return net.op('Relu', [net.op('Add', [y, x])]);
  });

/** Two products with bias and activation: the feed-forward part of a transformer. */
const feedForward = (rows: number): Problem =>
  problemOf([rows, 128], (net, x) => {
    const weight = (shape: readonly number[]): string => net.weight(shape, -0.1);
    const wide = net.op('Relu', [net.op('Add', [net.op('MatMul', [x, weight([128, 512])]), weight([512])])]);
    return net.op('Add', [net.op('Add', [net.op('MatMul', [wide, weight([512, 128])]), weight([128])]), x]);
  });

/** A chain of elementwise operators: one pass over memory where they are fused. */
const chain = (rows: number): Problem =>
  problemOf([rows, 1024], (net, x) => {
    const scaled = net.op('Add', [net.op('Mul', [x, net.values([], [0.5])]), net.values([], [0.1])]);
    return net.op('Sigmoid', [net.op('Tanh', [net.op('Abs', [scaled])])]);
  });

/** A RepVGG-A0 with its training branches, which the passes merge into single convolutions. */
const repVgg = (size: number, thinner: number): Problem => {
  const graph = repVggA0(size, thinner);
  const shape = [1, 3, size, size];
  const feeds = new Map<string, Tensor>([['image', randomTensor('float32', shape, 1)]]);
  const check = { graph: bindShapes(graph, new Map([['image', shape]])), feeds, tolerance: { atol: ERROR, rtol: ERROR } };
  return { graph: check.graph, feeds, check };
};

/** The same graph with and without the passes. */
export const fusionCases = ({ quick }: CaseSelection): BenchCase[] => {
  const size = quick ? 16 : 56;
  const rows = quick ? 32 : 256;
  const pixels = quick ? 32 : 96;
  const make = (name: string, title: string, problem: () => Problem): BenchCase =>
    kernelCase({ name, group: 'fusion', title, problem, variants: [fused, unfused] });
  return [
    make(`residual-block/32-${size}x${size}`, `residual block, 32 channels, ${size} x ${size} pixels`, () => residual(size)),
    make(`feed-forward/${rows}x128`, `feed-forward block of a transformer, ${rows} tokens`, () => feedForward(rows)),
    make(`rep-vgg-a0/${pixels}x${pixels}`, `RepVGG-A0 as trained, ${pixels} x ${pixels} pixels`, () =>
      repVgg(pixels, quick ? 4 : 1),
    ),
    make(`elementwise-chain/${rows}x1024`, `chain of elementwise operators, [${rows}, 1024]`, () => chain(rows)),
  ];
};
