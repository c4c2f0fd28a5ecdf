import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { Executable } from '../../src/device/executable.js';
import type { Graph } from '../../src/graph/graph.js';
import { inferShapes } from '../../src/ops/infer.js';
import { bind, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import { toNumbers } from '../../src/tensor/convert.js';
import { packBytes, unpackBytes } from '../../src/tensor/layout.js';
import { testDevice } from '../support/device.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const image = [2, 5, 6, 7];

/** The nodes of a net whose one output is quantized by one scale, and what of their values is packed. */
const bound = (build: (b: NetBuilder, x: string) => readonly string[], shape: readonly number[] = image): Graph => {
  const b = new NetBuilder();
  b.output(...build(b, b.input('x', 'float32', shape)));
  return bind(optimize(inferShapes(b.build())), new Map([['x', shape]]));
};

const scale = (b: NetBuilder, v = 0.02): string => b.values([], [v]);
const zero = (b: NetBuilder, v = 120): string => b.values([], [v], 'uint8');
const quantized = (b: NetBuilder, x: string): string => b.op('QuantizeLinear', [x, scale(b), zero(b)]);
const weights = (b: NetBuilder, shape: readonly number[]): string => {
  const size = shape.reduce((a, d) => a * d, 1);
  return b.values(
    shape,
    Array.from({ length: size }, (_, i) => ((i * 37) % 255) - 127),
    'int8',
  );
};
const conv = (b: NetBuilder, x: string, shape: readonly number[], attributes = {}): string =>
  b.op(
    'QLinearConv',
    [x, scale(b), zero(b), weights(b, shape), scale(b, 0.003), b.values([], [0], 'int8'), scale(b, 0.1), zero(b)],
    {
      kernel_shape: shape.slice(2),
      ...attributes,
    },
  );

const opsOf = ({ nodes }: Graph): string[] => nodes.map(({ op }) => op);

/** The device computes what the reference does, and hands it out in the same form. */
const expectRight = async (graph: Graph, shape: readonly number[] = image): Promise<void> => {
  const feeds = randomFeeds(new Map([['x', shape]]));
  const expected = runGraph(graph, feeds);
  const device = await testDevice();
  const executable = await Executable.load(buildPlan(graph, device.facts), device);
  const actual = await executable.run(feeds, graph.outputs);
  executable.dispose();
  for (const name of graph.outputs) {
    const [a, e] = [actual.get(name)!, expected.get(name)!];
    expect({ type: a.type, dims: a.dims }).toEqual({ type: e.type, dims: e.dims });
    expect([...toNumbers(a.type, a.data)]).toEqual([...toNumbers(e.type, e.data)]);
  }
};

describe('pack-bytes', () => {
  it('hands packed bytes from one kernel to the next', async () => {
    const graph = bound((b, x) => {
      const y = conv(b, conv(b, quantized(b, x), [8, 5, 3, 3]), [6, 8, 1, 1]);
      return [b.op('DequantizeLinear', [y, scale(b), zero(b)])];
    });
    expect(opsOf(graph)).toEqual(['QuantizeLinear', 'QLinearConv', 'QLinearConv', 'DequantizeLinear']);
    expect(graph.nodes.slice(0, -1).map(({ outputs }) => graph.values.get(outputs[0] as string)?.packed)).toEqual([
      true,
      true,
      true,
    ]);
    await expectRight(graph);
  });

  it('unpacks what is a result of the model, or read by an operator that knows no packed bytes', async () => {
    const graph = bound((b, x) => {
      const y = conv(b, quantized(b, x), [8, 5, 1, 1]);
      return [y, b.op('Cast', [conv(b, y, [3, 8, 1, 1])], { to: 'float32' })];
    });
    expect(opsOf(graph).filter((op) => op === 'tilewise.Repack')).toHaveLength(2);
    expect(graph.outputs.map((name) => graph.values.get(name)?.packed)).toEqual([undefined, undefined]);
    await expectRight(graph);
  });

  it('leaves a convolution alone whose groups have no packed kernel', async () => {
    const graph = bound((b, x) => [conv(b, quantized(b, x), [4, 3, 3, 3], { group: 2 })], [1, 6, 5, 5]);
    expect([...graph.values.values()].filter(({ packed }) => packed)).toEqual([]);
    await expectRight(graph, [1, 6, 5, 5]);
  });

  it('packs what is quantized by what a run finds', async () => {
    const graph = bound(
      (b, x) => {
        const [y, step, start] = b.node('DynamicQuantizeLinear', [x], {}, 3) as [string, string, string];
        const product = b.op('MatMulInteger', [y, weights(b, [9, 7]), start]);
        return [b.op('Mul', [b.op('Cast', [product], { to: 'float32' }), step])];
      },
      [3, 9],
    );
    expect(graph.nodes.flatMap(({ outputs }) => outputs).filter((name) => graph.values.get(name)?.packed)).toHaveLength(1);
    await expectRight(graph, [3, 9]);
  });

  it('packs and unpacks on the host', () => {
    const shape = [2, 1, 5];
    const bytes = Int8Array.from([-128, 127, -1, 0, 5, 6, 7, -8, 9, 10]);
    const words = packBytes(bytes, shape);
    expect([...words].map((word) => word.toString(16))).toEqual(['ff7f80', '5', '9f80706', 'a']);
    expect(unpackBytes('int8', words.buffer as ArrayBuffer, shape)).toEqual(bytes);
  });
});
