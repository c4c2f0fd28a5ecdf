import { randomTensor } from '../../src/cli/random.js';
import { packBytes } from '../../src/passes/pack-bytes.js';
import { matmulTolerance, tolerances } from '../../src/tensor/compare.js';
import { fromNumbers } from '../../src/tensor/convert.js';
import type { DType } from '../../src/tensor/dtype.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { BenchCase, CaseSelection } from '../case.js';
import { inferred } from '../inferred.js';
import { kernelCase, type Problem, shipped } from '../kernel-case.js';
import { NetBuilder } from '../support/net-builder.js';
import { random } from '../support/random.js';

const BLOCK = 32;
const SMALLEST_SCALE = 0.01;
const LARGEST_SCALE = 0.02;

/** Random whole numbers from `low` to `high`. */
const whole = (dtype: DType, shape: readonly number[], low: number, high: number, seed: number): Tensor => {
  const next = random(seed);
  const numbers = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => low + Math.floor((high - low + 1) * next()));
  return new Tensor(dtype, fromNumbers(dtype, numbers), shape);
};

/** y = a * dequantized(b)', b of `bits` in blocks of 32 along k. */
const nbitsProblem = (m: number, k: number, n: number, bits: number): Problem => {
  const net = new NetBuilder();
  const blocks = k / BLOCK;
  const weight = net.constant('b', whole('uint8', [n, blocks, (BLOCK * bits) / 8], 0, 255, 2));
  const scales = net.weight([n * blocks], SMALLEST_SCALE, LARGEST_SCALE);
  const attributes = { K: k, N: n, bits, block_size: BLOCK };
  net.output(net.op('com.microsoft.MatMulNBits', [net.input('a', 'float32', [m, k]), weight, scales], attributes));
  const graph = inferred(net);
  const feeds = new Map([['a', randomTensor('float32', [m, k], 1)]]);
  return { graph, feeds, check: { graph, feeds, tolerance: matmulTolerance(k, 1, LARGEST_SCALE * 2 ** bits) } };
};

/** y = a * b in int8, exactly. */
const integerProblem = (m: number, k: number, n: number): Problem => {
  const net = new NetBuilder();
  const weight = net.constant('b', whole('int8', [k, n], -128, 127, 2));
  net.output(net.op('MatMulInteger', [net.input('a', 'int8', [m, k]), weight]));
  const plain = inferred(net);
  const feeds = new Map([['a', whole('int8', [m, k], -128, 127, 1)]]);
  return { graph: packBytes(plain), feeds, check: { graph: plain, feeds, tolerance: tolerances.exact } };
};

/** Products with weights of 4 and 8 bits. */
export const quantizedCases = ({ quick }: CaseSelection): BenchCase[] => {
  const size = quick ? 256 : 1024;
  const make = (name: string, title: string, problem: () => Problem): BenchCase =>
    kernelCase({
      name,
      group: 'kernels',
      title,
      problem,
      variants: [shipped],
    });
  return [1, 16].flatMap((m) => [
    ...[4, 8].map((bits) =>
      make(
        `dequant-matmul-int${bits}/${m}x${size}x${size}`,
        `product with weights of ${bits} bits, ${m} x ${size} x ${size}`,
        () => nbitsProblem(m, size, size, bits),
      ),
    ),
    make(`matmul-int8/${m}x${size}x${size}`, `product of int8, ${m} x ${size} x ${size}`, () => integerProblem(m, size, size)),
  ]);
};
