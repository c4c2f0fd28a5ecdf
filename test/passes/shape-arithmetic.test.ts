import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Attributes, Graph } from '../../src/graph/graph.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { withDefaults } from '../../src/ops/attributes.js';
import { operators } from '../../src/ops/index.js';
import { inferShapes } from '../../src/ops/infer.js';
import { bindShapes } from '../../src/passes/bind-shapes.js';
import { optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Shape } from '../../src/tensor/shape.js';
import { Tensor } from '../../src/tensor/tensor.js';

class ShapeArithmetic {
  readonly builder = new GraphBuilder();
  readonly x = this.builder.input('x', 'float32', ['N', 3, 'H', 4]);

  int64(name: string, values: readonly bigint[], dims?: readonly number[]): string {
    return this.builder.constant(name, new Tensor('int64', BigInt64Array.from(values), dims ?? [values.length]));
  }

  node(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.builder.node(op, inputs, withDefaults(operators.get(op)!.attributes, attributes))[0] as string;
  }

  /** The extent of x along an axis, as a vector of one element. */
  extent(axis: bigint): string {
    const at = this.int64(`axis${axis}`, [axis], []);
    const extent = this.node('Gather', [this.node('Shape', [this.x]), at]);
    return this.node('Unsqueeze', [extent, this.int64(`front${axis}`, [0n])]);
  }

  reshapeTo(...parts: readonly string[]): Graph {
    const target = this.node('Concat', parts, { axis: 0 });
    this.builder.output(this.node('Reshape', [this.x, target]));
    return this.builder.build();
  }
}

const bound = (graph: Graph): Graph => bindShapes(optimize(graph), new Map([['x', [2, 3, 5, 4]]]));
const shapeOfOutput = (graph: Graph): unknown => graph.values.get(graph.outputs[0] as string)?.shape;
const opsOf = (graph: Graph): string[] => graph.nodes.map((node) => node.op);

describe('shape arithmetic', () => {
  it('Shape, Gather, Unsqueeze, Concat: only the Reshape is left once shapes are bound', () => {
    const model = new ShapeArithmetic();
    const graph = model.reshapeTo(model.extent(0n), model.int64('rest', [-1n]));
    expect(opsOf(optimize(graph))).toContain('Shape');
    expect(opsOf(bound(graph))).toEqual(['Reshape']);
    expect(shapeOfOutput(bound(graph))).toEqual([2, 60]);
    expect(buildPlan(bound(graph), defaultFacts).pipelines).toEqual([]);
  });

  it('Slice to INT64_MAX, Mul, Add, Cast', () => {
    const model = new ShapeArithmetic();
    const { x } = model;
    const tail = model.node('Slice', [
      model.node('Shape', [x]),
      model.int64('starts', [-2n]),
      model.int64('ends', [2n ** 63n - 1n]),
      model.int64('axes', [0n]),
    ]);
    const doubled = model.node('Mul', [tail, model.int64('two', [2n])]);
    const floats = model.node('Cast', [doubled], { to: 'float32' });
    const ints = model.node('Cast', [floats], { to: 'int64' });
    const halved = model.node('Div', [ints, model.int64('half', [2n])]);
    const graph = model.reshapeTo(model.int64('all', [-1n]), model.node('Add', [halved, model.int64('zero', [0n])]));
    expect(opsOf(bound(graph))).toEqual(['Reshape']);
    expect(shapeOfOutput(bound(graph))).toEqual([6, 5, 4]);
  });

  it('a vector in reverse by INT64_MIN, and pieces of a Split', () => {
    const model = new ShapeArithmetic();
    const reversed = model.node('Slice', [
      model.node('Shape', [model.x]),
      model.int64('starts', [-1n]),
      model.int64('ends', [-(2n ** 63n)]),
      model.int64('axes', [0n]),
      model.int64('steps', [-1n]),
    ]);
    const [first = '', second = ''] = model.builder.node('Split', [reversed], { axis: 0, num_outputs: 2 }, 2);
    expect(shapeOfOutput(bound(model.reshapeTo(first, second)))).toEqual([4, 5, 3, 2]);
  });

  it('ConstantOfShape and Expand of bound shapes are constants', () => {
    const model = new ShapeArithmetic();
    const ones = model.node('ConstantOfShape', [model.node('Shape', [model.x])], { value: new Tensor('float32', [1]) });
    model.builder.output(model.node('Expand', [ones, model.int64('more', [3n, 1n, 1n, 1n, 1n])]));
    const graph = bound(model.builder.build());
    expect(graph.nodes).toEqual([]);
    expect(shapeOfOutput(graph)).toEqual([3, 2, 3, 5, 4]);
  });

  it('names the value whose shape depends on data', () => {
    const model = new ShapeArithmetic();
    const shape = model.builder.input('shape', 'int64', [2]);
    model.builder.output(model.node('Reshape', [model.x, shape]));
    const graph = bindShapes(
      optimize(model.builder.build()),
      new Map([
        ['x', [2, 3, 5, 4]],
        ['shape', [2]],
      ]),
    );
    expect(() => buildPlan(graph, defaultFacts)).toThrow(/Reshape 'Reshape_0': '.*' decides shapes, but it depends on data/);
  });

  const sizes = (values: readonly number[]): Tensor => new Tensor('int64', values.map(BigInt));
  const symbolic: [string, readonly (Tensor | Shape | '')[], Attributes, (Shape | undefined)[]][] = [
    [
      'Concat',
      [
        ['N', 2],
        ['M', 2],
      ],
      { axis: 0 },
      [['N+M', 2]],
    ],
    [
      'Concat',
      [
        ['N', 2],
        ['M', 3],
      ],
      { axis: 1 },
      [['N', 5]],
    ],
    [
      'Concat',
      [
        ['N', 2],
        [4, 3],
      ],
      { axis: 1 },
      [[4, 5]],
    ],
    [
      'Split',
      [['N', 6]],
      { axis: 1 },
      [
        ['N', 3],
        ['N', 3],
      ],
    ],
    [
      'Split',
      [['N', 6], sizes([1, 2])],
      { axis: 0 },
      [
        [1, 6],
        [2, 6],
      ],
    ],
    ['Split', [['N']], { axis: 0 }, [['part2(N)'], ['last2(N)']]],
    ['Split', [[4], [2]], { axis: 0 }, [undefined, undefined]],
    ['Transpose', [['N', 'C', 3]], { perm: [2, 0, 1] }, [[3, 'N', 'C']]],
    ['Expand', [['N', 1], sizes([1, 5])], {}, [['N', 5]]],
    ['Expand', [['N', 1], [2]], {}, [undefined]],
    [
      'Gather',
      [
        ['N', 'C'],
        [3, 'K'],
      ],
      { axis: 1 },
      [['N', 3, 'K']],
    ],
    ['Pad', [['N', 'W'], sizes([0, 1, 0, 2])], {}, [['N', 'W+3']]],
    ['Resize', [['N', 'W'], '', new Tensor('float32', [1, 2])], {}, [['N', 'resize 2 (W)']]],
    ['Resize', [['N', 'W'], '', '', sizes([7])], { axes: [1] }, [['N', 7]]],
    ['Cast', [['N', 3]], { to: 'bool' }, [['N', 3]]],
    ['Shape', [['N', 3]], {}, [[2]]],
  ];
  it.each(symbolic)('%s of symbolic extents, case %#', (op, inputs, attributes, expected) => {
    const builder = new GraphBuilder();
    const names = inputs.map((given, i) => {
      if (given instanceof Tensor) return builder.constant(`in${i}`, given);
      return typeof given === 'string' ? given : builder.input(`in${i}`, op === 'Gather' && i === 1 ? 'int64' : 'float32', given);
    });
    const outputs = builder.node(op, names, withDefaults(operators.get(op)!.attributes, attributes), expected.length);
    const { values } = inferShapes(builder.build());
    expect(outputs.map((name) => values.get(name)?.shape)).toEqual(expected);
  });
});
