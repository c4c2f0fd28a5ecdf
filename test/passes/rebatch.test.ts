import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import { runGraph } from '../../kernels-ref/run-graph.js';
import type { Attributes, Graph } from '../../src/graph/graph.js';
import { valueNamed } from '../../src/graph/graph.js';
import { inferShapes } from '../../src/ops/infer.js';
import { bindShapes } from '../../src/passes/bind-shapes.js';
import { optimize } from '../../src/passes/index.js';
import { rebatch } from '../../src/passes/rebatch.js';
import { compareNumbers, describeComparison, tolerances } from '../../src/tensor/compare.js';
import { fromNumbers, toNumbers } from '../../src/tensor/convert.js';
import type { DType } from '../../src/tensor/dtype.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { NetBuilder } from '../support/graphs.js';

const SAMPLES = 3;

type Net = (b: NetBuilder) => string | readonly string[];

const graphOf = (net: Net): Graph => {
  const b = new NetBuilder();
  b.output(...[net(b)].flat());
  return inferShapes(b.build());
};

const randomTensor = (next: () => number, dtype: DType, shape: readonly number[]): Tensor => {
  const size = shape.reduce((a, v) => a * v, 1);
  const number = (): number => (dtype === 'float32' ? 4 * next() - 2 : Math.floor(3 * next()));
  return new Tensor(dtype, fromNumbers(dtype, Array.from({ length: size }, number)), shape);
};

const joined = (parts: readonly Tensor[]): Tensor => {
  const [first] = parts as [Tensor];
  const numbers = parts.flatMap(({ type, data }) => [...toNumbers(type, data)]);
  const [extent = 1, ...rest] = first.dims;
  return new Tensor(first.type, fromNumbers(first.type, numbers), [extent * parts.length, ...rest]);
};

/** The re-batched graph gives for several samples what the graph gives for each. */
const expectBatched = (graph: Graph): Graph => {
  const next = random(3);
  const samples = Array.from(
    { length: SAMPLES },
    () =>
      new Map(
        graph.inputs.map((name) => {
          const { dtype, shape } = valueNamed(graph, name);
          return [name, randomTensor(next, dtype, shape as readonly number[])];
        }),
      ),
  );
  const shared = (name: string): boolean => valueNamed(graph, name).shape?.length === 0;
  for (const name of graph.inputs.filter(shared)) {
    for (const feeds of samples) feeds.set(name, samples[0]?.get(name) as Tensor);
  }
  const all = new Map(
    graph.inputs.map((name) => {
      const parts = samples.map((feeds) => feeds.get(name) as Tensor);
      return [name, shared(name) ? (parts[0] as Tensor) : joined(parts)];
    }),
  );
  const batched = optimize(rebatch(graph));
  const bound = bindShapes(batched, new Map([...all].map(([name, { dims }]) => [name, dims])));
  const actual = runGraph(bound, all);
  for (const name of graph.outputs) {
    const expected = joined(samples.map((feeds) => runGraph(graph, feeds).get(name) as Tensor));
    const got = actual.get(name) as Tensor;
    expect(got.dims, name).toEqual(expected.dims);
    const numbers = [got, expected].map(({ type, data }) => toNumbers(type, data)) as [Float64Array, Float64Array];
    const comparison = compareNumbers(...numbers, tolerances.reduction);
    expect(comparison.equal, `${name}: ${describeComparison(comparison)}`).toBe(true);
  }
  return batched;
};

const x = (b: NetBuilder, shape: readonly number[], dtype: DType = 'float32'): string => b.input('x', dtype, shape);
const image = (b: NetBuilder): string => x(b, [1, 4, 6, 6]);
const bytes = (b: NetBuilder, shape: readonly number[]): string => x(b, shape, 'uint8');
const scale = (b: NetBuilder, v = 0.1): string => b.values([], [v]);
const zero = (b: NetBuilder): string => b.values([], [1], 'uint8');
const one =
  (op: string, shape: readonly number[], attributes: Attributes = {}, more: (b: NetBuilder) => string[] = () => []): Net =>
  (b) =>
    b.op(op, [x(b, shape), ...more(b)], attributes);
const several =
  (op: string, inputs: readonly string[], attributes: Attributes, count: number): Net =>
  (b) =>
    b.node(op, inputs, { ...attributes }, count);

const nets: Readonly<Record<string, Net>> = {
  Relu: one('Relu', [1, 4]),
  'Add of a constant': one('Add', [1, 4], {}, (b) => [b.weight([1, 4])]),
  'Add of a vector': one('Add', [1, 3, 4], {}, (b) => [b.weight([4])]),
  'Add of two inputs': (b) => b.op('Add', [x(b, [1, 4]), b.input('y', 'float32', [1, 4])]),
  'Mul by an input without dimensions': (b) => b.op('Mul', [x(b, [1, 4]), b.input('gain', 'float32', [])]),
  Where: (b) => {
    const v = x(b, [1, 4]);
    return b.op('Where', [b.op('Greater', [v, b.values([], [0])]), v, b.weight([1, 4])]);
  },
  Conv: (b) => b.conv(image(b), 4, 3, 3),
  ConvTranspose: (b) => b.op('ConvTranspose', [image(b), b.weight([4, 2, 2, 2])], { strides: [2, 2] }),
  BatchNormalization: (b) => b.batchNormalization(image(b), 4),
  InstanceNormalization: (b) => b.op('InstanceNormalization', [image(b), b.weight([4]), b.weight([4])]),
  MaxPool: (b) => b.op('MaxPool', [image(b)], { kernel_shape: [2, 2], strides: [2, 2] }),
  GlobalAveragePool: (b) => b.op('GlobalAveragePool', [image(b)]),
  DepthToSpace: (b) => b.op('DepthToSpace', [image(b)], { blocksize: 2 }),
  GridSample: (b) => b.op('GridSample', [image(b), b.input('grid', 'float32', [1, 3, 3, 2])]),
  'Resize by scales': (b) => b.op('Resize', [image(b), '', b.values([4], [1, 1, 2, 2])]),
  'Resize to sizes': (b) => b.op('Resize', [image(b), '', '', b.ints(1, 4, 9, 5)]),
  'Resize to sizes of some axes': (b) => b.op('Resize', [image(b), '', '', b.ints(9, 5)], { axes: [2, 3] }),
  Pad: (b) => b.op('Pad', [image(b), b.ints(0, 0, 1, 1, 0, 0, 1, 1)]),
  'Pad of axes': (b) => b.op('Pad', [image(b), b.ints(1, 2), '', b.ints(-1)]),
  'Reshape with 1': one('Reshape', [1, 4, 3], {}, (b) => [b.ints(1, 12)]),
  'Reshape with -1': one('Reshape', [1, 4, 3], {}, (b) => [b.ints(1, -1, 2)]),
  'Reshape with -1 for the batch': one('Reshape', [1, 4, 3], {}, (b) => [b.ints(-1, 12)]),
  'Reshape with 0': one('Reshape', [1, 4, 3], {}, (b) => [b.ints(0, 3, 4)]),
  'Reshape of the batch into rows': (b) => {
    const rows = b.op('Reshape', [x(b, [1, 4, 3]), b.ints(4, 3)]);
    return b.op('Reshape', [b.op('MatMul', [rows, b.weight([3, 5])]), b.ints(1, 4, 5)]);
  },
  'Reshape into channels that are shuffled': (b) => {
    const split = b.op('Reshape', [image(b), b.ints(2, 2, 36)]);
    const swapped = b.op('Transpose', [split], { perm: [1, 0, 2] });
    const halves = b.op('Reshape', [swapped, b.ints(2, -1, 2, 6, 6)]);
    return [0, 1].map((half) => b.op('Gather', [halves, b.values([], [half], 'int64')], { axis: 0 }));
  },
  Flatten: one('Flatten', [1, 4, 3]),
  'Squeeze the batch': (b) => b.op('Unsqueeze', [b.op('Squeeze', [x(b, [1, 4]), b.ints(0)]), b.ints(0)]),
  'Squeeze all': one('Squeeze', [1, 4, 1]),
  Unsqueeze: one('Unsqueeze', [1, 4], {}, (b) => [b.ints(1)]),
  Transpose: one('Transpose', [1, 4, 3], { perm: [0, 2, 1] }),
  'Transpose there and back': (b) => {
    const moved = b.op('Transpose', [x(b, [1, 4, 3])], { perm: [1, 0, 2] });
    return b.op('Transpose', [b.op('Softmax', [moved])], { perm: [1, 0, 2] });
  },
  Concat: (b) => {
    const v = x(b, [1, 4]);
    return b.op('Concat', [v, b.op('Neg', [v])], { axis: 1 });
  },
  'Concat with a constant': (b) => b.op('Concat', [b.weight([1, 1, 3]), x(b, [1, 4, 3])], { axis: 1 }),
  Slice: one('Slice', [1, 5, 4], {}, (b) => [b.ints(1), b.ints(4), b.ints(1)]),
  'Slice of all of the batch': one('Slice', [1, 5], {}, (b) => [b.ints(0, 1), b.ints(1, 4), b.ints(0, 1)]),
  'Slice of nothing but the batch': one('Slice', [1, 5], {}, (b) => [b.ints(0), b.ints(2 ** 31 - 1)]),
  Split: (b) => several('Split', [x(b, [1, 6]), b.ints(2, 4)], { axis: 1, num_outputs: undefined }, 2)(b),
  Gather: one('Gather', [1, 5, 2], { axis: 1 }, (b) => [b.ints(3, 0)]),
  'Gather of the one sample': (b) =>
    b.op('Unsqueeze', [b.op('Gather', [x(b, [1, 5]), b.values([], [0], 'int64')], { axis: 0 }), b.ints(0)]),
  'Gather from a table': (b) => b.op('Gather', [b.weight([3, 4]), x(b, [1, 6], 'int64')], { axis: 0 }),
  GatherElements: (b) => b.op('GatherElements', [x(b, [1, 5]), b.input('i', 'int64', [1, 2])], { axis: 1 }),
  'GatherND within samples': (b) => b.op('GatherND', [x(b, [1, 5, 2]), b.input('i', 'int64', [1, 3, 1])], { batch_dims: 1 }),
  ScatterElements: (b) =>
    b.op('ScatterElements', [x(b, [1, 5]), b.input('i', 'int64', [1, 1]), b.input('u', 'float32', [1, 1])], { axis: 1 }),
  Expand: one('Expand', [1, 1, 4], {}, (b) => [b.ints(1, 3, 4)]),
  'Expand to more dimensions': (b) => b.op('Transpose', [b.op('Expand', [x(b, [1, 4]), b.ints(2, 1, 4)])], { perm: [1, 0, 2] }),
  Tile: one('Tile', [1, 2], {}, (b) => [b.ints(1, 3)]),
  MatMul: one('MatMul', [1, 4], {}, (b) => [b.weight([4, 3])]),
  'MatMul of heads': (b) => b.op('MatMul', [x(b, [1, 2, 3, 4]), b.input('y', 'float32', [1, 2, 4, 3])]),
  'MatMul from the left': (b) => b.op('MatMul', [b.weight([2, 3]), x(b, [1, 3, 4])]),
  'MatMul with columns of samples': (b) => {
    const columns = b.op('Transpose', [x(b, [1, 4])], { perm: [1, 0] });
    return b.op('Transpose', [b.op('MatMul', [b.weight([3, 4]), columns])], { perm: [1, 0] });
  },
  'MatMul by a vector': one('MatMul', [1, 3, 4], {}, (b) => [b.weight([4])]),
  Gemm: one('Gemm', [1, 4], { transB: true }, (b) => [b.weight([3, 4]), b.weight([3])]),
  'Gemm with a bias of a row': one('Gemm', [1, 4], {}, (b) => [b.weight([4, 3]), b.weight([1, 3])]),
  'Gemm with columns of samples': (b) =>
    b.op('Transpose', [b.op('Gemm', [b.weight([3, 4]), x(b, [1, 4])], { transB: true })], { perm: [1, 0] }),
  Einsum: (b) => b.op('Einsum', [x(b, [1, 3, 4]), b.weight([4, 5])], { equation: 'bij,jk->bki' }),
  Softmax: one('Softmax', [1, 4]),
  'Softmax to the end': one('Softmax', [1, 4, 3], { axis: 1, toEnd: true }),
  ReduceMean: one('ReduceMean', [1, 4, 3], { keepdims: false }, (b) => [b.ints(-1, 1)]),
  'ReduceMax of the axis before': (b) =>
    b.op('ReduceMax', [b.op('Transpose', [x(b, [1, 4])], { perm: [1, 0] }), b.ints(0)], { keepdims: false }),
  ArgMax: one('ArgMax', [1, 5], { axis: 1, keepdims: false }),
  LayerNormalization: one('LayerNormalization', [1, 3, 4], {}, (b) => [b.weight([4])]),
  MeanVarianceNormalization: one('MeanVarianceNormalization', [1, 3, 4, 4], { axes: [2, 3] }),
  LpNormalization: one('LpNormalization', [1, 4]),
  CumSum: one('CumSum', [1, 4], {}, (b) => [b.values([], [1], 'int64')]),
  TopK: (b) => several('TopK', [x(b, [1, 6]), b.ints(2)], { axis: -1, largest: true, sorted: true }, 2)(b),
  OneHot: (b) => b.op('OneHot', [x(b, [1, 4], 'int64'), b.ints(3), b.values([2], [0, 1])], { axis: 1 }),
  Trilu: one('Trilu', [1, 4, 4]),
  ReverseSequence: (b) => b.op('ReverseSequence', [x(b, [1, 5]), b.input('lens', 'int64', [1])], { batch_axis: 0, time_axis: 1 }),
  QuantizeLinear: (b) => {
    const parameters = [scale(b), zero(b)];
    return b.op('DequantizeLinear', [b.op('QuantizeLinear', [x(b, [1, 4]), ...parameters]), ...parameters]);
  },
  'DequantizeLinear by channels': (b) =>
    b.op('DequantizeLinear', [bytes(b, [1, 3, 2]), b.weight([3], 0.1, 1), b.values([3], [1, 0, 2], 'uint8')]),
  MatMulInteger: (b) => b.op('MatMulInteger', [bytes(b, [1, 4]), b.values([4, 2], [1, 2, 3, 4, 5, 6, 7, 8], 'uint8')]),
  QLinearMatMul: (b) =>
    b.op('QLinearMatMul', [
      bytes(b, [1, 2]),
      scale(b),
      zero(b),
      b.values([2, 2], [1, 9, 3, 4], 'uint8'),
      scale(b),
      zero(b),
      scale(b),
      zero(b),
    ]),
  QLinearAdd: (b) => {
    const v = bytes(b, [1, 4]);
    return b.op('com.microsoft.QLinearAdd', [
      v,
      scale(b),
      zero(b),
      b.values([4], [1, 2, 3, 4], 'uint8'),
      scale(b),
      zero(b),
      scale(b),
      zero(b),
    ]);
  },
  QLinearConcat: (b) =>
    b.op(
      'com.microsoft.QLinearConcat',
      [scale(b), zero(b), bytes(b, [1, 2]), scale(b), zero(b), b.values([1, 2], [1, 2], 'uint8'), scale(b, 0.2), zero(b)],
      { axis: 1 },
    ),
  'GRU over the second axis': (b) => {
    const steps = b.op('Transpose', [x(b, [1, 5, 3])], { perm: [1, 0, 2] });
    const inputs = [steps, b.weight([1, 12, 3]), b.weight([1, 12, 4]), '', '', b.weight([1, 1, 4])];
    const [all, last] = b.node(
      'GRU',
      inputs,
      { direction: 'forward', hidden_size: 4, layout: 0, linear_before_reset: false },
      2,
    ) as [string, string];
    return [b.op('Transpose', [all], { perm: [2, 0, 1, 3] }), b.op('Transpose', [last], { perm: [1, 0, 2] })];
  },
  Attention: (b) =>
    b.node(
      'Attention',
      [x(b, [1, 2, 3, 4]), b.input('k', 'float32', [1, 2, 5, 4]), b.input('v', 'float32', [1, 2, 5, 4]), b.weight([3, 5])],
      {
        is_causal: false,
        q_num_heads: 0,
        kv_num_heads: 0,
        softcap: 0,
        qk_matmul_output_mode: 0,
        left_window_size: -1,
        right_window_size: -1,
        softmax_precision: 1,
      },
      1,
    ),
  'shape arithmetic': (b) => {
    const v = x(b, [1, 4, 3]);
    const batch = b.op('Gather', [b.op('Shape', [v]), b.ints(0)], { axis: 0 });
    return b.op('Reshape', [v, b.op('Concat', [batch, b.ints(-1)], { axis: 0 })]);
  },
};

const refused: Readonly<Record<string, readonly [Net, string, RegExp]>> = {
  'Softmax over the batch': [one('Softmax', [1, 4], { axis: 0 }), 'Softmax_0', /its axis is the batch/],
  'a Reshape that mixes': [
    (b) => b.op('Reshape', [b.op('Transpose', [x(b, [1, 4, 3])], { perm: [1, 0, 2] }), b.ints(3, 4)]),
    'Reshape_1',
    /mixes the batch with other axes/,
  ],
  'a Transpose at the end': [one('Transpose', [1, 4], { perm: [1, 0] }), 'Transpose_0', /has the batch in axis 1/],
  'ReduceSum over all': [one('ReduceSum', [1, 4]), 'ReduceSum_0', /reduces over the batch/],
  'ReduceMean over the batch': [one('ReduceMean', [1, 4], {}, (b) => [b.ints(0)]), 'ReduceMean_0', /reduces over the batch/],
  'MeanVarianceNormalization over the batch': [
    one('MeanVarianceNormalization', [1, 3, 4, 4]),
    'MeanVarianceNormalization_0',
    /mean is over the batch/,
  ],
  'a Gather from the batch': [one('Gather', [1, 4], { axis: 0 }, (b) => [b.ints(0, 0)]), 'Gather_0', /picks from the batch/],
  'a product with its own transpose': [
    (b) => {
      const v = x(b, [1, 4]);
      return b.op('MatMul', [b.op('Transpose', [v], { perm: [1, 0] }), v]);
    },
    'MatMul_1',
    /sums over the batch/,
  ],
  'all samples beside each other': [
    (b) => {
      const v = x(b, [1, 4]);
      return b.op('MatMul', [v, b.op('Transpose', [v], { perm: [1, 0] })]);
    },
    'MatMul_1',
    /both its inputs differ/,
  ],
  DynamicQuantizeLinear: [
    (b) => b.node('DynamicQuantizeLinear', [x(b, [1, 4])], {}, 3)[0] as string,
    'DynamicQuantizeLinear_0',
    /nothing is known/,
  ],
  'Add of different axes': [
    (b) => b.op('Add', [x(b, [1, 4]), b.op('Transpose', [b.input('y', 'float32', [1, 4])], { perm: [1, 0] })]),
    'Add_1',
    /different axes/,
  ],
  'a constant that does not repeat': [
    one('Add', [1, 4], {}, (b) => [b.weight([2, 4])]),
    'Add_0',
    /does not repeat along the batch/,
  ],
  'Pad of the batch': [one('Pad', [1, 4], {}, (b) => [b.ints(1, 0, 0, 0)]), 'Pad_0', /pads the batch/],
  'Tile of the batch': [one('Tile', [1, 4], {}, (b) => [b.ints(2, 1)]), 'Tile_0', /repeats along the batch/],
  'Expand of the batch': [one('Expand', [1, 4], {}, (b) => [b.ints(2, 4)]), 'Expand_0', /repeats along the batch/],
  'Resize of the batch': [one('Resize', [1, 4, 4], {}, (b) => ['', b.values([3], [2, 1, 1])]), 'Resize_0', /resizes the batch/],
  'Concat along the batch': [
    (b) => {
      const v = x(b, [1, 4]);
      return b.op('Concat', [v, v], { axis: 0 });
    },
    'Concat_0',
    /joins along the batch/,
  ],
  'a convolution with weights of each sample': [
    (b) => b.op('Conv', [x(b, [1, 2, 4, 4]), b.op('Reshape', [b.input('w', 'float32', [1, 8]), b.ints(2, 2, 1, 2)])]),
    'Conv_1',
    /differs from sample to sample/,
  ],
  'an output that is a constant': [
    (b) => [b.op('Relu', [x(b, [1, 4])]), b.op('Exp', [b.weight([2])])],
    '',
    /depends on no sample/,
  ],
};

describe('rebatch', () => {
  it.each(Object.entries(nets))('carries %s', (_, net) => {
    expectBatched(graphOf(net));
  });

  it.each(Object.entries(refused))('refuses %s', (_, [net, node, message]) => {
    const graph = graphOf(net);
    const details = { code: 'unsupported-model', message: expect.stringMatching(message), ...(node && { node }) };
    expect(() => rebatch(graph)).toThrow(expect.objectContaining(details));
  });

  it('keeps the name of a first extent, and takes another where it is used up', () => {
    const named = graphOf((b) => b.op('Relu', [b.input('x', 'float32', ['n', 4])]));
    expect(valueNamed(rebatch(named), 'x').shape).toEqual(['n', 4]);
    const used = graphOf((b) => b.op('Relu', [b.input('x', 'float32', [1, 'batch'])]));
    expect(valueNamed(rebatch(used), 'x').shape).toEqual(['batch_1', 'batch']);
  });

  it('makes a model that is fixed inside take any batch', () => {
    const graph = graphOf((b) => b.op('Reshape', [b.input('x', 'float32', ['n', 4]), b.ints(1, 2, 2)]));
    const bound = bindShapes(rebatch(graph), new Map([['x', [5, 4]]]));
    expect(valueNamed(bound, bound.outputs[0] as string).shape).toEqual([5, 2, 2]);
  });

  it('refuses inputs without a batch of one', () => {
    const of = (shape: readonly number[]): Graph => graphOf((b) => b.op('Relu', [b.input('x', 'float32', shape)]));
    for (const graph of [of([2, 4]), of([])]) expect(() => rebatch(graph)).toThrow(/batch/);
    expect(() => rebatch(of([2, 4]))).toThrow(expect.objectContaining({ code: 'unsupported-model', tensor: 'x' }));
  });
});
