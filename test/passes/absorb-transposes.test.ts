import { describe, expect, it } from 'vitest';
import type { Graph, Value } from '../../src/graph/graph.js';
import { verify } from '../../src/graph/verify.js';
import { inferShapes } from '../../src/ops/infer.js';
import { absorbTransposes } from '../../src/passes/absorb-transposes.js';
import { channelsLast } from '../../src/passes/channels-last.js';
import { fuseEpilogue } from '../../src/passes/fuse-epilogue.js';
import { tolerances } from '../../src/tensor/compare.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const shape = [2, 8, 6, 5];
const feeds = randomFeeds(new Map([['x', shape]]));

/** A net in channels-last regions after the pass, checked against the net as it was built. */
const check = (build: (b: NetBuilder, x: string) => string[]): Graph => {
  const b = new NetBuilder();
  b.output(...build(b, b.input('x', 'float32', shape)));
  const built = inferShapes(b.build());
  const before = channelsLast(fuseEpilogue(built));
  const after = verify(absorbTransposes(before), 'absorb-transposes');
  expectSameResults(after, built, feeds, tolerances.reduction);
  const isGiven = ({ name, tensor }: Value): boolean => tensor !== undefined || after.inputs.includes(name);
  const unknown = [...after.values].map(([name, v]): [string, Value] => [name, isGiven(v) ? v : { ...v, shape: undefined }]);
  const inferred = inferShapes({ ...after, values: new Map(unknown) });
  for (const { outputs } of after.nodes)
    for (const name of outputs) expect(inferred.values.get(name)?.shape, name).toEqual(after.values.get(name)?.shape);
  return after;
};

const ops = ({ nodes }: Graph): string[] => nodes.map(({ op }) => op);
/** Of every convolution: the orders of axes that it reads and writes. */
const orders = ({ nodes }: Graph): string[] =>
  nodes
    .filter(({ op }) => op === 'Conv')
    .map(({ attributes: a }) =>
      [a.channelsLast && !a.readsChannelsFirst, a.channelsLast && !a.writesChannelsFirst]
        .map((last) => (last ? 'last' : 'first'))
        .join(' to '),
    );

describe('absorb-transposes', () => {
  it('leaves one convolution as the file has it', () => {
    const after = check((b, x) => [b.conv(x, 8, 4, 3)]);
    expect(ops(after)).toEqual(['Conv']);
    expect(after.nodes[0]?.attributes).toMatchObject({
      channelsLast: false,
      readsChannelsFirst: false,
      writesChannelsFirst: false,
    });
  });

  it('goes channels-last inside a chain alone', () => {
    const after = check((b, x) => [b.conv(b.conv(b.conv(x, 8, 16, 3), 16, 16, 1), 16, 4, 3)]);
    expect(ops(after)).toEqual(['Conv', 'Conv', 'Conv']);
    expect(orders(after)).toEqual(['first to last', 'last to last', 'last to first']);
  });

  it('pools channels-first where the model goes on so', () => {
    const after = check((b, x) => {
      const features = b.op('MaxPool', [b.op('Relu', [b.conv(b.conv(x, 8, 8, 1), 8, 8, 3)])], {
        kernel_shape: [2, 2],
        strides: [2, 2],
      });
      return [b.op('Flatten', [features])];
    });
    expect(ops(after)).toEqual(['Conv', 'Conv', 'MaxPool', 'Flatten']);
    expect(orders(after)).toEqual(['first to last', 'last to first']);
    expect(after.nodes[2]?.attributes.channelsLast).toBe(false);
  });

  it('pools channels-last what something else reads, or what an addition ends', () => {
    const pooled = (b: NetBuilder, y: string) => b.op('AveragePool', [y], { kernel_shape: [2, 2] });
    const shared = check((b, x) => {
      const y = b.conv(b.conv(x, 8, 8, 1), 8, 8, 3);
      return [b.op('Flatten', [pooled(b, y)]), b.conv(y, 8, 4, 1)];
    });
    expect(ops(shared)).toContain('Transpose');
    const added = check((b, x) => {
      const y = b.conv(x, 8, 8, 1);
      return [b.op('Flatten', [pooled(b, b.op('Add', [b.conv(y, 8, 8, 3), y]))])];
    });
    expect(added.nodes.find(({ op }) => op === 'AveragePool')?.attributes.channelsLast).toBe(true);
  });

  it('keeps groups and windows of one channel', () => {
    const after = check((b, x) => [b.conv(b.conv(x, 8, 8, 3, { group: 8 }), 8, 8, 1)]);
    expect(ops(after)).toEqual(['Conv', 'Conv']);
  });

  it('takes the operands of the epilogue along: fed, constant, per channel, and of one pixel', () => {
    const after = check((b, x) => {
      const residual = b.op('Relu', [b.op('Add', [b.conv(x, 8, 8, 3), x])]);
      const constant = b.op('Add', [b.conv(x, 8, 8, 1), b.weight(shape)]);
      const slopes = b.op('PRelu', [b.conv(x, 8, 8, 1), b.weight([8, 1, 1])]);
      return [residual, constant, slopes];
    });
    expect(ops(after)).toEqual(['Conv', 'Conv', 'Conv']);
    expect(orders(after)).toEqual(['first to first', 'first to first', 'first to first']);
  });

  it('reads channels-first for all that read the input', () => {
    const after = check((b, x) => [b.conv(b.op('Add', [b.conv(x, 8, 8, 3), b.conv(x, 8, 8, 1)]), 8, 4, 1)]);
    expect(ops(after)).toEqual(['Conv', 'Conv', 'Conv']);
    expect(orders(after)).toEqual(['first to last', 'first to last', 'last to first']);
  });

  it('keeps the Transpose of an input that is pooled or added too', () => {
    const after = check((b, x) => {
      const y = b.conv(x, 8, 8, 3);
      return [b.conv(b.op('Add', [y, x]), 8, 4, 1)];
    });
    expect(ops(after)).toEqual(['Transpose', 'Conv', 'Conv']);
  });

  it('keeps the Transpose of a result that the region reads on, or that an operand inside of it adds to', () => {
    const twice = check((b, x) => {
      const y = b.conv(x, 8, 8, 3);
      return [y, b.conv(y, 8, 8, 1)];
    });
    expect(ops(twice)).toEqual(['Conv', 'Transpose', 'Conv']);
    expect(orders(twice)).toEqual(['first to last', 'last to first']);
    const residual = check((b, x) => {
      const y = b.conv(x, 8, 8, 3);
      return [b.op('Add', [b.conv(y, 8, 8, 3), y])];
    });
    expect(ops(residual)).toEqual(['Conv', 'Conv', 'Transpose']);
    expect(orders(residual)).toEqual(['first to last', 'last to last']);
  });

  it('keeps Transposes beside what is no convolution', () => {
    const twice = check((b, x) => [
      b.op('AveragePool', [b.op('MaxPool', [b.conv(x, 8, 8, 1)], { kernel_shape: [2, 2] })], { kernel_shape: [2, 2] }),
    ]);
    expect(ops(twice)).toEqual(['Conv', 'MaxPool', 'AveragePool', 'Transpose']);
    expect(ops(check((b, x) => [b.op('Transpose', [b.conv(x, 8, 8, 1)], { perm: [0, 2, 1, 3] })]))).toEqual([
      'Conv',
      'Transpose',
    ]);
  });

  it('serves a model that arrives channels-last as it stands', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [1, 6, 5, 8]);
    const first = b.op('Transpose', [x], { perm: [0, 3, 1, 2] });
    b.output(b.op('Transpose', [b.conv(first, 8, 8, 3)], { perm: [0, 2, 3, 1] }));
    const built = inferShapes(b.build());
    const after = verify(absorbTransposes(channelsLast(built)), 'absorb-transposes');
    expect(ops(after).filter((op) => op === 'Transpose')).toEqual([]);
    expect(orders(after)).toEqual(['last to last']);
    expectSameResults(after, built, randomFeeds(new Map([['x', [1, 6, 5, 8]]])), tolerances.reduction);
  });
});
