import { randomTensor } from '../../src/cli/random.js';
import { type Tolerance, tolerances } from '../../src/tensor/compare.js';
import type { BenchCase, CaseSelection } from '../case.js';
import { inferred } from '../inferred.js';
import { kernelCase, type Problem, shipped } from '../kernel-case.js';
import { NetBuilder } from '../support/net-builder.js';

/** An operator whose time goes into reading and writing. */
interface MemoryWork {
  readonly name: string;
  readonly title: string;
  /** Adds it to a net whose inputs have been declared. */
  readonly add: (net: NetBuilder, inputs: readonly string[]) => string;
  readonly inputs?: number;
  readonly tolerance: Tolerance;
}

const problemOf = ({ add, inputs = 1, tolerance }: MemoryWork, shape: readonly number[]): Problem => {
  const net = new NetBuilder();
  const names = Array.from({ length: inputs }, (_, i) => net.input(`x${i}`, 'float32', shape));
  net.output(add(net, names));
  const graph = inferred(net);
  const feeds = new Map(names.map((name, i) => [name, randomTensor('float32', shape, i + 1)]));
  return { graph, feeds, check: { graph, feeds, tolerance } };
};

const ROW = 1024;

const works: readonly MemoryWork[] = [
  { name: 'relu', title: 'Relu', add: (net, x) => net.op('Relu', x), tolerance: tolerances.arithmetic },
  { name: 'add', title: 'sum of two tensors', add: (net, x) => net.op('Add', x), inputs: 2, tolerance: tolerances.arithmetic },
  { name: 'gelu', title: 'Gelu', add: (net, x) => net.op('Gelu', x), tolerance: tolerances.transcendental },
  { name: 'softmax', title: 'softmax of rows', add: (net, x) => net.op('Softmax', x), tolerance: tolerances.transcendental },
  {
    name: 'layer-normalization',
    title: 'layer normalization of rows',
    add: (net, x) => net.op('LayerNormalization', [...x, net.weight([ROW], 0.5, 1.5), net.weight([ROW])]),
    tolerance: tolerances.reduction,
  },
  {
    name: 'transpose',
    title: 'transposition',
    add: (net, x) => net.op('Transpose', x, { perm: [1, 0] }),
    tolerance: tolerances.exact,
  },
  {
    name: 'reduce-mean',
    title: 'means of columns',
    add: (net, x) => net.op('ReduceMean', [...x, net.ints(0)]),
    tolerance: tolerances.reduction,
  },
];

/** Elementwise operators, softmax, normalisation and reductions, which the memory roof bounds. */
export const memoryCases = ({ facts, quick }: CaseSelection): BenchCase[] => {
  const rows = quick ? 64 : facts.kind === 'cpu' ? 512 : 4096;
  return works.map((work) =>
    kernelCase({
      name: `${work.name}/${rows}x${ROW}`,
      group: 'kernels',
      title: `${work.title}, [${rows}, ${ROW}]`,
      problem: () => problemOf(work, [rows, ROW]),
      variants: [shipped],
    }),
  );
};
