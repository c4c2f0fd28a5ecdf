import { describe, expect, it } from 'vitest';
import { InferenceSession } from '#tilewise';
import { exportOnnx } from '../../src/exporters/onnx.js';
import type { Graph } from '../../src/graph/graph.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { bindingsKey, bindingsOf, hostInputs } from '../../src/passes/host-inputs.js';
import { bind, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import { fromNumbers } from '../../src/tensor/convert.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { NetBuilder } from '../support/graphs.js';

const ints = (...numbers: number[]): Tensor => new Tensor('int64', fromNumbers('int64', numbers));
const floats = (dims: number[]): Tensor => {
  const size = dims.reduce((a, b) => a * b, 1);
  return new Tensor(
    'float32',
    Float32Array.from({ length: size }, (_, i) => i),
    dims,
  );
};

/** y = Relu(Reshape(x, target)) where target is an input of two extents. */
const reshaping = (): Graph => {
  const b = new NetBuilder();
  const x = b.input('x', 'float32', ['N', 6]);
  b.output(b.op('Relu', [b.op('Reshape', [x, b.input('target', 'int64', [2])])]));
  return b.build();
};

describe('hostInputs', () => {
  it('finds inputs that decide shapes, and no others', () => {
    expect(hostInputs(reshaping())).toEqual(new Set(['target']));
    const b = new NetBuilder();
    b.output(b.op('Add', [b.input('x', 'float32', [2]), b.input('y', 'float32', [])]));
    expect(hostInputs(b.build())).toEqual(new Set());
  });

  it('follows arithmetic that can be folded back to the inputs', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', ['N', 6]);
    const rows = b.op('Gather', [b.op('Shape', [x]), b.ints(0)]);
    const columns = b.op('Mul', [b.input('half', 'int64', [1]), b.ints(2)]);
    b.output(b.op('Reshape', [x, b.op('Concat', [rows, columns], { axis: 0 })]));
    expect(hostInputs(optimize(b.build()))).toEqual(new Set(['half']));
  });

  it('leaves out what is computed from data', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [2, 6]);
    const largest = b.op('Cast', [b.op('ReduceMax', [x], { keepdims: false })], { to: 'int64' });
    b.output(
      b.op('Reshape', [x, b.op('Concat', [b.op('Unsqueeze', [largest, b.ints(0)]), b.input('n', 'int64', [1])], { axis: 0 })]),
    );
    const graph = optimize(b.build());
    expect(hostInputs(graph)).toEqual(new Set());
    const bound = bind(
      graph,
      new Map([
        ['x', [2, 6]],
        ['n', [1]],
      ]),
    );
    expect(() => buildPlan(bound, defaultFacts)).toThrow(/depends on data/);
  });
});

describe('bindings', () => {
  it('turn inputs into constants', () => {
    const feeds = new Map([
      ['x', floats([4, 6])],
      ['target', ints(3, -1)],
    ]);
    const graph = optimize(reshaping());
    const bound = bind(graph, bindingsOf(hostInputs(graph), feeds));
    expect(bound.inputs).toEqual(['x']);
    expect(bound.values.get(bound.outputs[0] as string)?.shape).toEqual([3, 8]);
  });

  it('have keys that tell values and shapes apart', () => {
    const key = (...numbers: number[]): string => bindingsKey(new Map([['a', new Tensor('float32', numbers)]]));
    const keys = [key(1, 2), key(2, 1), key(0), key(-0), key(Number.POSITIVE_INFINITY), bindingsKey(new Map([['a', [1]]]))];
    expect(new Set(keys).size).toBe(keys.length);
    expect(key(1, 2)).toBe(key(1, 2));
  });
});

describe('sessions', () => {
  it('plan for each value that decides shapes', async () => {
    const session = await InferenceSession.create(exportOnnx(reshaping()));
    const run = async (rows: number, target: Tensor): Promise<Tensor> => {
      const outputs = await session.run({ x: floats([rows, 6]), target });
      return outputs[session.outputNames[0] as string] as Tensor;
    };
    for (const target of [
      [2, 6],
      [3, 4],
      [-1, 2],
      [3, 4],
    ]) {
      const y = await run(2, ints(...target));
      expect(y.dims).toEqual(target[0] === -1 ? [6, 2] : target);
      expect([...y.data]).toEqual(Array.from({ length: 12 }, (_, i) => i));
    }
    await expect(run(2, ints(5, 5))).rejects.toMatchObject({ code: 'invalid-model' });
    expect((await run(4, ints(3, -1))).dims).toEqual([3, 8]);
  });

  it('keep a copy of the values', async () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [4]);
    b.output(b.op('Slice', [x, b.input('start', 'int64', [1]), b.ints(4)]));
    const session = await InferenceSession.create(exportOnnx(b.build()));
    const run = async (start: Tensor): Promise<number[]> =>
      Object.values(await session.run({ x: floats([4]), start })).flatMap(({ data }) => [...(data as Float32Array)]);
    const start = ints(1);
    expect(await run(start)).toEqual([1, 2, 3]);
    start.data[0] = 3n;
    expect(await run(start)).toEqual([3]);
    expect(await run(ints(1))).toEqual([1, 2, 3]);
  });

  it('take values that decide shapes from the host alone', async () => {
    const b = new NetBuilder();
    b.output(b.op('Abs', [b.input('x', 'int64', [2])]));
    const source = await InferenceSession.create(exportOnnx(b.build()));
    const [target] = Object.values(await source.run({ x: ints(3, 2) }, { outputLocation: 'gpu' }));
    const session = await InferenceSession.create(exportOnnx(reshaping()));
    const run = session.run({ x: floats([1, 6]), target: target as Tensor });
    await expect(run).rejects.toMatchObject({ code: 'invalid-feed', tensor: 'target' });
  });
});
