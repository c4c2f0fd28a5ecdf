import { convGeometry } from '../../src/kernels/conv-geometry.js';
import { winograd } from '../../src/kernels/conv-winograd.js';
import type { WinogradTile } from '../../src/kernels/conv-winograd-pack.js';
import type { KernelRequest, Lowering } from '../../src/kernels/kernel.js';
import { loweringOf } from '../../src/kernels/select.js';
import type { ConvAttributes } from '../../src/ops/conv.js';
import { buildPlan } from '../../src/plan/build.js';
import { winogradTolerance } from '../../src/tensor/compare.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import type { BenchCase, CaseSelection } from '../case.js';
import { kernelCase, type Problem, shipped, type Variant } from '../kernel-case.js';
import { type ConvWork, convProblem } from './conv.bench.js';

const withTiles =
  (tile: WinogradTile): Lowering =>
  (request) => {
    const conv = request as KernelRequest<ConvAttributes>;
    return winograd(request, convGeometry(conv), conv.inputs[1]?.tensor as Tensor, tile);
  };

const variantOf = (tile: WinogradTile): Variant => ({
  name: `tiles-${tile}x${tile}`,
  plan: ({ graph }, facts) => buildPlan(graph, facts, undefined, (op) => (op === 'Conv' ? withTiles(tile) : loweringOf(op))),
});

const problemOf = (work: ConvWork): Problem => {
  const problem = convProblem(work);
  return { ...problem, check: { ...problem.check, tolerance: winogradTolerance(4, work.channels) } };
};

/** Convolutions 3 x 3 by Winograd's products with tiles of both sizes, beside what the rule for the adapter takes. */
export const winogradCases = ({ quick }: CaseSelection): BenchCase[] =>
  [
    [64, 28],
    ...(quick
      ? []
      : [
          [16, 32],
          [32, 16],
          [128, 28],
          [256, 14],
        ]),
  ].map((extents) => {
    const [channels, size] = extents as [number, number];
    return kernelCase({
      name: `winograd-3x3/${channels}-${channels}-${size}x${size}`,
      group: 'kernels',
      title: `convolution 3 x 3 by Winograd, ${channels} channels, ${size} x ${size} pixels`,
      problem: () => problemOf({ channels, outputs: channels, size, kernel: 3 }),
      variants: [variantOf(2), variantOf(4), shipped],
    });
  });
