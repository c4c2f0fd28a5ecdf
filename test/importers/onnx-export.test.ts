import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Attributes, Graph } from '../../src/graph/graph.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { modelProto } from '../../src/importers/onnx/proto.js';
import { readMessage } from '../../src/importers/onnx/wire.js';
import { withDefaults } from '../../src/ops/attributes.js';
import { operators } from '../../src/ops/index.js';
import { inferShapes } from '../../src/ops/infer.js';
import { fromNumbers } from '../../src/tensor/convert.js';
import { type DType, dtypes } from '../../src/tensor/dtype.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { errorOf, plainGraph } from './models.js';

const attributesOf = (op: string, given: Attributes): Attributes => withDefaults(operators.get(op)?.attributes ?? {}, given);

class Net extends GraphBuilder {
  op(op: string, inputs: readonly string[], given: Attributes = {}): string {
    return this.node(op, inputs, attributesOf(op, given))[0] as string;
  }

  values(name: string, dtype: DType, dims: readonly number[], numbers: readonly number[]): string {
    return this.constant(name, new Tensor(dtype, fromNumbers(dtype, numbers), dims));
  }
}

/** One graph with every kind of attribute. */
const sample = (): Graph => {
  const net = new Net('sample');
  const x = net.input('x', 'float32', ['batch', 3, 8, 8]);
  const w = net.values('w', 'float32', [3, 1, 1], [1, -2, 0.5]);
  const clipped = net.op('Clip', [net.op('Add', [x, w])], { min: -1, max: 6 });
  const leaky = net.op('LeakyRelu', [net.op('Clip', [clipped], { max: 2 })], { alpha: 1 });
  const turned = net.op('Transpose', [leaky], { perm: [0, 2, 3, 1] });
  const resized = net.op('Resize', [turned, '', net.values('scales', 'float32', [4], [1, 2, 2, 1])], { mode: 'linear' });
  const whole = net.op('Cast', [resized], { to: 'int32' });
  const value = new Tensor('float32', [2.5], [1]);
  const filled = net.op('ConstantOfShape', [net.values('two', 'int64', [1], [2])], { value });
  const mean = net.op('ReduceMean', [resized, net.values('axes', 'int64', [2], [1, 2])], { keepdims: false });
  net.output(whole, filled, mean);
  return net.build();
};

/** The graph with names of constants that Clip had on the way left out: they are no part of it. */
const comparable = (graph: Graph): unknown => {
  const used = new Set([
    ...graph.nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]),
    ...graph.inputs,
    ...graph.outputs,
  ]);
  const values = new Map([...inferShapes(graph).values].filter(([name]) => used.has(name)).sort(([a], [b]) => (a < b ? -1 : 1)));
  return plainGraph({ ...graph, values });
};

describe('an exported graph', () => {
  it('comes back as it was', () => {
    const back = importOnnx(exportOnnx(sample()));
    expect(comparable(back)).toEqual(comparable(sample()));
    expect(exportOnnx(back)).toEqual(exportOnnx(sample()));
  });

  it('says who wrote it, with its version', () => {
    const model = readMessage(modelProto, exportOnnx(sample(), { producer: 'me' }));
    expect(model).toMatchObject({ irVersion: 10, producerName: 'me', opsets: [{ version: 21 }] });
  });

  it('states floats as floats, flags as integers and bounds as inputs', () => {
    const { graph } = readMessage(modelProto, exportOnnx(sample()));
    const attribute = (op: string, name: string) =>
      graph?.nodes.find(({ opType }) => opType === op)?.attributes.find((a) => a.name === name);
    expect(attribute('LeakyRelu', 'alpha')).toMatchObject({ type: 1, f: 1 });
    expect(attribute('ReduceMean', 'keepdims')).toMatchObject({ type: 2, i: 0 });
    expect(attribute('Cast', 'to')).toMatchObject({ type: 2, i: 6 });
    expect(attribute('Transpose', 'perm')).toMatchObject({ type: 7, ints: [0, 2, 3, 1] });
    const clips = graph?.nodes
      .filter(({ opType }) => opType === 'Clip')
      .map(({ inputs, attributes }) => [inputs.length, attributes]);
    expect(clips).toEqual([
      [3, []],
      [3, []],
    ]);
  });

  it.each(dtypes)('keeps weights of %s', (dtype) => {
    const net = new Net();
    const numbers = dtype === 'bool' ? [0, 1, 1] : [0, 1, 5];
    net.output(net.values('w', dtype, [3], numbers));
    const tensor = importOnnx(exportOnnx(net.build())).values.get('w')?.tensor;
    expect(tensor?.type).toBe(dtype);
    expect(tensor?.data).toEqual(fromNumbers(dtype, numbers));
  });

  it('bounds an integer Clip by integers', () => {
    const net = new Net();
    net.output(net.op('Clip', [net.input('x', 'int32', [2])], { min: 0, max: 5 }));
    const { graph } = readMessage(modelProto, exportOnnx(net.build()));
    expect(graph?.initializers.map(({ dataType }) => dataType)).toEqual([6, 6]);
  });

  it('has no fused activation', () => {
    const net = new Net();
    const x = net.input('x', 'float32', [2]);
    net.output(net.op('Add', [x, x], { epilogue: [{ op: 'Relu', attributes: {} }] }));
    const error = errorOf(() => exportOnnx(net.build()));
    expect(error.code).toBe('unsupported-model');
    expect(error.message).toMatch(/Add 'Add_0': attribute 'epilogue'/);
  });

  it('has an old Softmax only over the last axis', () => {
    const softmax = (axis: number): Graph => {
      const net = new Net();
      net.output(net.op('Softmax', [net.input('x', 'float32', [2, 3])], { axis, toEnd: true }));
      return net.build();
    };
    expect(importOnnx(exportOnnx(softmax(1))).nodes[0]?.attributes).toMatchObject({ axis: 1, toEnd: false });
    expect(errorOf(() => exportOnnx(softmax(0))).message).toMatch(/toEnd/);
  });
});
