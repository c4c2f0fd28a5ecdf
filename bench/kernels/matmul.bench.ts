import { randomTensor } from '../../src/cli/random.js';
import type { Graph } from '../../src/graph/graph.js';
import { intensityOf, stepsFor } from '../../src/kernels/ladder.js';
import { buildPlan } from '../../src/plan/build.js';
import { matmulTolerance } from '../../src/tensor/compare.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { BenchCase, CaseSelection } from '../case.js';
import { inferred } from '../inferred.js';
import { kernelCase, type Problem, shipped, type Variant } from '../kernel-case.js';
import { NetBuilder } from '../support/net-builder.js';

const productGraph = (m: number, k: number, n: number): Graph => {
  const net = new NetBuilder();
  net.output(net.op('MatMul', [net.input('a', 'float32', [m, k]), net.input('b', 'float32', [k, n])]));
  return inferred(net);
};

/** Rows of the product that are checked against the reference. */
const CHECKED_ROWS = 4;

/** The product of two random matrices [m, k] and [k, n]; some rows are checked. */
export const productProblem = (m: number, k: number, n: number): Problem => {
  const a = randomTensor('float32', [m, k], 1);
  const b = randomTensor('float32', [k, n], 2);
  const count = Math.min(m, CHECKED_ROWS);
  const rows = Array.from({ length: count }, (_, i) => Math.floor((i * (m - 1)) / Math.max(1, count - 1)));
  const part = new Float32Array(count * k);
  rows.forEach((row, i) => part.set(a.data.subarray(row * k, (row + 1) * k) as Float32Array, i * k));
  const check = {
    graph: productGraph(count, k, n),
    feeds: new Map([
      ['a', new Tensor('float32', part, [count, k])],
      ['b', b],
    ]),
    tolerance: matmulTolerance(k),
    at: (i: number) => rows[Math.floor(i / n)]! * n + (i % n),
  };
  return {
    graph: productGraph(m, k, n),
    feeds: new Map([
      ['a', a],
      ['b', b],
    ]),
    check,
  };
};

/** The largest square product that takes a software adapter less than a second with every step. */
const LARGEST_ON_CPU = 512;

/** The ladder on square matrices, beside the kernel that models run; then products of few rows. */
export const matmulCases = ({ facts, quick }: CaseSelection): BenchCase[] => {
  const sizes = (quick ? [64, 256] : [64, 128, 256, 512, 1024]).filter((n) => facts.kind === 'gpu' || n <= LARGEST_ON_CPU);
  const steps = stepsFor(facts).map(
    ({ name, lower, tile }): Variant => ({
      name,
      plan: ({ graph }, deviceFacts) => buildPlan(graph, deviceFacts, undefined, () => lower),
      tileIntensity: intensityOf(tile),
    }),
  );
  const squares = sizes.map((n) =>
    kernelCase({
      name: `matmul/${n}x${n}x${n}`,
      group: 'kernels',
      title: `matrix product, ${n} x ${n} x ${n}`,
      problem: () => productProblem(n, n, n),
      variants: [...steps, shipped],
    }),
  );
  const large = quick ? [] : facts.kind === 'gpu' ? [2048, 4096] : [1024];
  const few: [number, number, number][] = [
    ...large.map((n): [number, number, number] => [n, n, n]),
    [1, 1024, 1024],
    [16, 1024, 1024],
  ];
  const others = few.map(([m, k, n]) =>
    kernelCase({
      name: `matmul/${m}x${k}x${n}`,
      group: 'kernels',
      title: `matrix product, ${m} x ${k} x ${n}`,
      problem: () => productProblem(m, k, n),
      variants: [shipped],
    }),
  );
  return [...squares, ...others];
};
