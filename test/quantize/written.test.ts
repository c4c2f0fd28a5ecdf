import { describe, expect, it } from 'vitest';
import { InferenceSession, type Tensor } from '#tilewise';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { type Graph, type Node, valueNamed } from '../../src/graph/graph.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { modelProto } from '../../src/importers/onnx/proto.js';
import { readMessage } from '../../src/importers/onnx/wire.js';
import { quantize } from '../../src/quantize/quantize.js';
import type { Sample } from '../../src/quantize/runtime.js';
import { NetBuilder } from '../support/graphs.js';
import { residualNet, samplesOf } from './nets.js';

const IMAGE = [1, 3, 12, 12];
const samples = samplesOf('image', IMAGE, 8);
const given = { runtime: InferenceSession, samples };

const everyValue = (graph: Graph, sample: Sample): ((name: string) => number[]) => {
  const outputs = graph.nodes.flatMap((node) => node.outputs);
  const results = runGraph({ ...graph, outputs }, new Map(Object.entries(sample)));
  return (name) => {
    const { data } = results.get(name) ?? (valueNamed(graph, name).tensor as Tensor);
    return [...(data as Float32Array)];
  };
};

describe('biases in integers', () => {
  it('have the product of two scales as theirs, which is computed when a model loads', async () => {
    const graph = importOnnx((await quantize(residualNet(), given)).model);
    const numbersOf = everyValue(graph, samples[0] as Sample);
    const writers = new Map(graph.nodes.map((node) => [node.outputs[0], node]));
    const layers = graph.nodes.filter(({ op }) => op === 'Conv' || op === 'Gemm');
    expect(layers).toHaveLength(7);
    for (const { inputs } of layers) {
      const [x, weight, bias] = inputs.map((name) => writers.get(name) as Node) as [Node, Node, Node];
      const product = writers.get(bias.inputs[1]) as Node;
      expect([product.op, ...product.inputs]).toEqual(['Mul', x.inputs[1], weight.inputs[1]]);
      const [scale = 0] = numbersOf(x.inputs[1] as string);
      const expected = numbersOf(weight.inputs[1] as string).map((s) => Math.fround(scale * s));
      expect(numbersOf(product.outputs[0] as string)).toEqual(expected);
    }
  });

  it('have stored scales where a node would take more of the file', async () => {
    const b = new NetBuilder();
    b.output(b.op('Conv', [b.input('image', 'float32', IMAGE), b.weight([3, 3, 1, 1]), b.weight([3])]));
    const { nodes } = importOnnx((await quantize(exportOnnx(b.build()), given)).model);
    expect(nodes.map(({ op }) => op)).not.toContain('Mul');
  });
});

describe('nodes that quantization adds', () => {
  it('have no names in the file, and others have theirs', async () => {
    const { model } = await quantize(residualNet(), given);
    const names = readMessage(modelProto, model).graph?.nodes.map(({ name, opType }) => [name ?? '', opType]) ?? [];
    expect(names.filter(([name]) => name === '').map(([, op]) => op)).toContain('DequantizeLinear');
    expect(names.filter(([name]) => name !== '').map(([, op]) => op)).not.toContain('DequantizeLinear');
    expect(names).toContainEqual(['Conv_0', 'Conv']);
  });
});

describe('weights in 4 bits', () => {
  it('are in 8 where rows are short', async () => {
    const b = new NetBuilder(8);
    const first = b.op('Relu', [b.conv(b.input('image', 'float32', IMAGE), 3, 8, 3)]);
    b.output(b.conv(b.op('Relu', [b.conv(first, 8, 8, 3)]), 8, 40, 1));
    const { layers } = await quantize(exportOnnx(b.build()), { weights: 'int4' });
    expect(layers.map(({ columns, type }) => [columns, type])).toEqual([
      [27, 'int8'],
      [72, 'int4'],
      [8, 'int8'],
    ]);
  });
});

describe('without other wishes', () => {
  it.each([
    ['integers of activations', {}, { equalize: true, correctBias: true, ranges: 'mse' } as const],
    ['a percentile', { percentile: 99.9 }, { ranges: 'percentile' } as const],
    ['GPTQ', { weights: 'int4', method: 'gptq' } as const, { equalize: false, correctBias: true } as const],
    ['weights alone', { weights: 'int4' } as const, { equalize: false, correctBias: false } as const],
  ])('%s: what is best is done', async (_, wishes, same) => {
    const [usual, stated] = [
      await quantize(residualNet(), { ...given, ...wishes }),
      await quantize(residualNet(), { ...given, ...wishes, ...same }),
    ];
    expect(usual.model).toEqual(stated.model);
  });
});
