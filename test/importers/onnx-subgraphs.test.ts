import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { type Graph, subgraphsOf } from '../../src/graph/graph.js';
import type { AttributeProto, NodeProto } from '../../src/importers/onnx/proto.js';
import { toNumbers } from '../../src/tensor/convert.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { constant, errorOf, importModel, info, type ModelParts, node, subgraph, withGraphs } from './models.js';

const run = (graph: Graph, feeds: Readonly<Record<string, Tensor>> = { x: vector(1, -2, 3) }): Record<string, number[]> => {
  const values = runGraph(graph, new Map(Object.entries(feeds)));
  return Object.fromEntries(
    graph.outputs.map((name) => {
      const { type, data } = values.get(name) as Tensor;
      // -0 is 0 here.
      return [name, Array.from(toNumbers(type, data), (v) => v + 0)];
    }),
  );
};
const vector = (...numbers: number[]): Tensor => new Tensor('float32', new Float32Array(numbers), [numbers.length]);

const base: ModelParts = { inputs: [info('x', [3])], outputs: [info('y')] };
const flag = (name: string, value: boolean) => constant(name, 'bool', [], [Number(value)]);
const count = (name: string, value: number) => constant(name, 'int64', [], [value]);

describe('If', () => {
  // Both branches name their values alike, and read x from outside.
  const choice = withGraphs(
    node('If', ['c'], ['chosen']),
    subgraph('then_branch', [node('Relu', ['x'], ['t']), node('Neg', ['t'], ['r'])], [], ['r']),
    subgraph('else_branch', [node('Abs', ['x'], ['t'])], [], ['t']),
  );
  const nodes = [choice, node('Mul', ['chosen', 't'], ['y']), node('Neg', ['x'], ['t'])];

  it.each([
    [true, [1, 0, 9]],
    [false, [-1, 4, -9]],
  ])('takes the branch of %s, whose names meet no others', (value, y) => {
    expect(run(importModel({ ...base, nodes, initializers: [flag('c', value)] }))).toEqual({ y });
  });

  it('sees through Constant and Identity', () => {
    const c = node('Constant', [], ['k'], { value: new Tensor('bool', [true], []) });
    expect(run(importModel({ ...base, nodes: [c, node('Identity', ['k'], ['c']), ...nodes] }))).toEqual({ y: [1, 0, 9] });
  });

  it('gives values of outside', () => {
    const through = withGraphs(
      node('If', ['c'], ['y']),
      subgraph('then_branch', [], [], ['x']),
      subgraph('else_branch', [], [], ['x']),
    );
    expect(run(importModel({ ...base, nodes: [through], initializers: [flag('c', true)] }))).toEqual({ y: [1, -2, 3] });
  });

  it('stays where its condition is computed, with graphs that read nothing from outside', () => {
    const inputs = [info('x', [3]), info('c', [], 'bool')];
    const graph = importModel({ ...base, inputs, nodes });
    const kept = graph.nodes.find(({ op }) => op === 'If');
    expect(kept?.inputs).toEqual(['c', 'x', 'x']);
    expect(subgraphsOf(kept!).map((inner) => [inner.inputs, inner.nodes.length])).toEqual([
      [['x'], 2],
      [['x'], 1],
    ]);
    const feeds = { x: vector(1, -2, 3) };
    expect(run(graph, { ...feeds, c: new Tensor('bool', [true], []) })).toEqual({ y: [1, 0, 9] });
    expect(run(graph, { ...feeds, c: new Tensor('bool', [false], []) })).toEqual({ y: [-1, 4, -9] });
    expect(() => exportOnnx(graph)).toThrow(expect.objectContaining({ code: 'unsupported-model' }));
  });

  it('refuses another number of outputs, further graphs and one that is missing', () => {
    const two = { ...choice, outputs: ['chosen', 'more'] };
    const inputs = [info('x', [3]), info('c', [], 'bool')];
    const refused = (one: NodeProto, parts: ModelParts): void =>
      expect(errorOf(() => importModel({ ...base, nodes: [one], ...parts })).code).toBe('invalid-model');
    for (const parts of [{ initializers: [flag('c', true)] }, { inputs }]) refused(two, parts);
    refused({ ...choice, attributes: choice.attributes.slice(0, 1) }, { inputs });
    refused(withGraphs(choice, subgraph('__proto__', [], [], ['x'])), { inputs });
    refused(
      withGraphs(node('If', ['c'], ['y']), subgraph('then_branch', [], ['q'], ['q']), subgraph('else_branch', [], [], ['x'])),
      {
        inputs,
      },
    );
  });

  it('ignores what the branch not taken needs', () => {
    const odd = withGraphs(
      node('If', ['c'], ['y']),
      subgraph('then_branch', [node('Relu', ['x'], ['t'])], [], ['t']),
      subgraph('else_branch', [node('NoSuchOperator', ['x'], ['t'])], [], ['t']),
    );
    expect(run(importModel({ ...base, nodes: [odd], initializers: [flag('c', true)] }))).toEqual({ y: [1, 0, 3] });
    expect(errorOf(() => importModel({ ...base, nodes: [odd], initializers: [flag('c', false)] })).code).toBe(
      'unsupported-model',
    );
  });
});

describe('Loop', () => {
  const body = (condition: readonly NodeProto[], name = 'c2'): AttributeProto =>
    subgraph(
      'body',
      [
        ...condition,
        node('Cast', ['i'], ['f'], { to: 1 }),
        node('Mul', ['f', 'two'], ['d']),
        node('Add', ['s', 'd'], ['s2']),
        node('Neg', ['s2'], ['n']),
      ],
      ['i', 'c', 's'],
      [name, 's2', 'n'],
      [constant('two', 'float32', [], [2])],
    );
  const initializers = [count('m', 3), flag('on', true), flag('off', false), count('many', 257)];
  const loop = (trips: string, condition: string, graph = body([node('Identity', ['c'], ['c2'])])): ModelParts => ({
    ...base,
    outputs: [info('y'), info('all')],
    initializers,
    nodes: [withGraphs(node('Loop', [trips, condition, 'x'], ['y', 'all']), graph)],
  });

  it('is unrolled, with state and collected results', () => {
    const all = [-1, 2, -3, -3, 0, -5, -7, -4, -9];
    expect(run(importModel(loop('m', 'on')))).toEqual({ y: [7, 4, 9], all });
    expect(run(importModel(loop('m', '')))).toEqual({ y: [7, 4, 9], all });
  });

  it('keeps its state where no turn is taken', () => {
    const nodes = [{ ...(loop('m', 'off').nodes?.[0] as NodeProto), outputs: ['y'] }];
    expect(run(importModel({ ...base, initializers, nodes }))).toEqual({ y: [1, -2, 3] });
  });

  it('ends when the condition of its body is false', () => {
    const ends = body([node('Constant', [], ['c2'], { value: new Tensor('bool', [false], []) })]);
    expect(run(importModel(loop('m', 'on', ends)))).toEqual({ y: [1, -2, 3], all: [-1, 2, -3] });
    expect(run(importModel(loop('', 'on', ends)))).toEqual({ y: [1, -2, 3], all: [-1, 2, -3] });
  });

  it('stays where its turns are many, computed or never known', () => {
    const computed = body([node('Cast', ['i'], ['c2'], { to: 9 })]);
    for (const parts of [loop('many', 'on'), loop('', 'on'), loop('m', 'on', computed), loop('m', 'off')]) {
      const kept = importModel(parts).nodes.find(({ op }) => op === 'Loop');
      expect(kept?.attributes.carried).toBe(1);
    }
    // The turn after turn 0 is not taken.
    expect(run(importModel(loop('m', 'on', computed)))).toEqual({ y: [1, -2, 3], all: [-1, 2, -3] });
    expect(run(importModel(loop('many', 'on'))).y).toEqual([1, -2, 3].map((v) => v + 256 * 257));
  });

  it('refuses a body that does not fit', () => {
    const few = subgraph('body', [], ['i', 'c'], ['c']);
    const none = { ...node('Loop', ['many', '', 'x'], ['y', 'all']) };
    for (const one of [withGraphs(none, few), none, withGraphs(none, { ...few, name: 'other' })]) {
      expect(errorOf(() => importModel({ ...loop('m', 'on'), nodes: [one] })).code).toBe('invalid-model');
    }
    const body2 = subgraph('body', [], ['i', 'c', 's'], ['c', 's']);
    expect(errorOf(() => importModel({ ...loop('m', 'on'), nodes: [withGraphs(none, body2)] })).code).toBe('invalid-model');
  });

  it('refuses loops in loops that become too many nodes', () => {
    const nest = (depth: number): NodeProto =>
      withGraphs(
        node('Loop', ['many', '', 'x'], [`y${depth}`]),
        subgraph('body', depth > 0 ? [nest(depth - 1)] : [], ['i', 'c', 's'], ['c', 's']),
      );
    const parts = { ...base, nodes: [nest(6)], initializers: [count('many', 200)], outputs: [info('y6')] };
    expect(errorOf(() => importModel(parts)).message).toMatch(/20000 nodes/);
  });

  it('refuses graphs that nest without end', () => {
    const nest = (depth: number): NodeProto =>
      withGraphs(node('If', ['on'], ['y']), subgraph('then_branch', depth > 0 ? [nest(depth - 1)] : [], [], ['y']));
    expect(errorOf(() => importModel({ ...base, nodes: [nest(30)], initializers })).code).toBe('limit-exceeded');
  });
});

describe('Scan', () => {
  const scan = (attributes: Record<string, number | readonly number[]>): ModelParts => ({
    inputs: [info('x', [3]), info('rows', [2, 3])],
    outputs: [info('last'), info('sums')],
    nodes: [
      withGraphs(
        node('Scan', ['x', 'rows'], ['last', 'sums'], { num_scan_inputs: 1, ...attributes }),
        subgraph('body', [node('Add', ['s', 'row'], ['s2']), node('Identity', ['s2'], ['out'])], ['s', 'row'], ['s2', 'out']),
      ),
    ],
  });
  const feeds = { x: vector(0, 0, 0), rows: new Tensor('float32', new Float32Array([1, 2, 3, 10, 20, 30]), [2, 3]) };

  it.each([
    [{}, [1, 2, 3, 11, 22, 33]],
    [{ scan_input_directions: [1] }, [10, 20, 30, 11, 22, 33]],
    [{ scan_output_directions: [1] }, [11, 22, 33, 1, 2, 3]],
    [{ scan_output_axes: [1] }, [1, 11, 2, 22, 3, 33]],
    [{ scan_output_axes: [-1] }, [1, 11, 2, 22, 3, 33]],
  ])('is unrolled: %o', (attributes, sums) => {
    expect(run(importModel(scan(attributes)), feeds)).toEqual({ last: [11, 22, 33], sums });
  });

  it.each([
    [{}, [1, 2, 3, 11, 22, 33]],
    [{ scan_input_directions: [1] }, [10, 20, 30, 11, 22, 33]],
    [{ scan_output_directions: [1] }, [11, 22, 33, 1, 2, 3]],
  ])('of an unknown length is a loop: %o', (attributes, sums) => {
    const parts = { ...scan(attributes), inputs: [info('x', [3]), info('rows', ['n', 3])] };
    const graph = importModel(parts);
    expect(graph.nodes.map(({ op }) => op)).toContain('Loop');
    expect(run(graph, feeds)).toEqual({ last: [11, 22, 33], sums });
  });

  it('of an unknown length puts its turns along another axis where the rank is declared', () => {
    const parts = { ...scan({ scan_output_axes: [-1] }), inputs: [info('x', [3]), info('rows', ['n', 3])] };
    expect(errorOf(() => importModel(parts)).code).toBe('unsupported-model');
    const [{ attributes, ...proto }] = parts.nodes as [NodeProto];
    const ranked = attributes.map((one) =>
      one.g ? { ...one, g: { ...one.g, outputs: [info('s2', [3]), info('out', [3])] } } : one,
    );
    const graph = importModel({ ...parts, nodes: [{ ...proto, attributes: ranked }] });
    expect(run(graph, feeds)).toEqual({ last: [11, 22, 33], sums: [1, 11, 2, 22, 3, 33] });
  });

  it('refuses inputs of different lengths', () => {
    const two = withGraphs(
      node('Scan', ['x', 'rows'], ['sums'], { num_scan_inputs: 2 }),
      subgraph('body', [node('Add', ['a', 'row'], ['out'])], ['a', 'row'], ['out']),
    );
    expect(errorOf(() => importModel({ ...scan({}), outputs: [info('sums')], nodes: [two] })).code).toBe('invalid-model');
  });
});

describe('sequences', () => {
  const initializers = [
    count('zero', 0),
    count('last', -1),
    count('one', 1),
    count('far', 5),
    constant('parts', 'int64', [2], [1, 2]),
  ];
  const parts = (nodes: readonly NodeProto[], opset = 21): ModelParts => ({ ...base, nodes, initializers, opset });
  const made = [node('Neg', ['x'], ['n']), node('SequenceConstruct', ['x', 'n'], ['s'])];

  it.each<[string, NodeProto[], number[]]>([
    ['SequenceAt', [...made, node('SequenceAt', ['s', 'last'], ['y'])], [-1, 2, -3]],
    [
      'SequenceInsert',
      [...made, node('SequenceInsert', ['s', 'n', 'zero'], ['s2']), node('SequenceAt', ['s2', 'zero'], ['y'])],
      [-1, 2, -3],
    ],
    [
      'SequenceErase',
      [...made, node('SequenceErase', ['s', 'zero'], ['s2']), node('SequenceAt', ['s2', 'zero'], ['y'])],
      [-1, 2, -3],
    ],
    [
      'SequenceEmpty',
      [node('SequenceEmpty', [], ['s']), node('SequenceInsert', ['s', 'x'], ['s2']), node('SequenceAt', ['s2', 'zero'], ['y'])],
      [1, -2, 3],
    ],
    ['SequenceLength', [...made, node('Identity', ['s'], ['same']), node('SequenceLength', ['same'], ['y'])], [2]],
    ['ConcatFromSequence', [...made, node('ConcatFromSequence', ['s'], ['y'], { axis: 0 })], [1, -2, 3, -1, 2, -3]],
    [
      'ConcatFromSequence new_axis',
      [...made, node('ConcatFromSequence', ['s'], ['y'], { axis: 1, new_axis: 1 })],
      [1, -1, -2, 2, 3, -3],
    ],
    ['SplitToSequence', [node('SplitToSequence', ['x', 'parts'], ['s']), node('SequenceAt', ['s', 'one'], ['y'])], [-2, 3]],
    [
      'SplitToSequence of one size',
      [node('SplitToSequence', ['x', 'one'], ['s']), node('SequenceAt', ['s', 'one'], ['y'])],
      [-2],
    ],
    [
      'SplitToSequence keepdims',
      [node('SplitToSequence', ['x'], ['s'], { keepdims: 0 }), node('SequenceAt', ['s', 'last'], ['y'])],
      [3],
    ],
    [
      'SequenceMap',
      [
        ...made,
        withGraphs(node('SequenceMap', ['s', 'x'], ['m']), subgraph('body', [node('Mul', ['a', 'b'], ['p'])], ['a', 'b'], ['p'])),
        node('SequenceAt', ['m', 'last'], ['y']),
      ],
      [-1, -4, -9],
    ],
  ])('%s', (_, nodes, y) => {
    expect(run(importModel(parts(nodes)))).toEqual({ y });
    expect(run(importModel(parts(nodes, 12)))).toEqual({ y });
  });

  it.each<[string, NodeProto[], string]>([
    ['a position that is not there', [...made, node('SequenceAt', ['s', 'far'], ['y'])], 'invalid-model'],
    ['a tensor where a sequence belongs', [node('SequenceAt', ['x', 'zero'], ['y'])], 'unsupported-model'],
    ['a sequence where a tensor belongs', [...made, node('Relu', ['s'], ['y'])], 'unsupported-model'],
    ['a sequence as an output', [node('SequenceConstruct', ['x'], ['y'])], 'unsupported-model'],
    ['no elements', [node('SequenceEmpty', [], ['s']), node('ConcatFromSequence', ['s'], ['y'], { axis: 0 })], 'invalid-model'],
  ])('refuses %s', (_, nodes, code) => {
    expect(errorOf(() => importModel(parts(nodes))).code).toBe(code);
  });
});

describe('com.microsoft.MultiHeadAttention', () => {
  const attention = (inputs: readonly string[], attributes: Record<string, number | { float: number }> = {}): ModelParts => ({
    inputs: ['q', 'k', 'v'].map((name) => info(name, [1, 2, 4])),
    outputs: [info('y')],
    initializers: [
      constant('b', 'float32', [12], [1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8]),
      constant('mask', 'int32', [1, 2], [1, 1]),
    ],
    nodes: [node('MultiHeadAttention', inputs, ['y'], { num_heads: 2, ...attributes }, { domain: 'com.microsoft' })],
    more: {
      opsets: [
        { domain: '', version: 17 },
        { domain: 'com.microsoft', version: 1 },
      ],
    },
  });
  const ops = (parts: ModelParts): string[] => importModel(parts).nodes.map(({ op }) => op);

  it('becomes Attention', () => {
    const [only] = importModel(attention(['q', 'k', 'v'], { unidirectional: 1, scale: { float: 0.5 } })).nodes;
    expect(only).toMatchObject({ op: 'Attention', attributes: { q_num_heads: 2, kv_num_heads: 2, is_causal: true, scale: 0.5 } });
    expect(ops(attention(['q', 'k', 'v', 'b']))).toEqual(['Add', 'Add', 'Add', 'Attention']);
  });

  it('adds its parts of the bias', () => {
    const zeros = new Tensor('float32', new Float32Array(8), [1, 2, 4]);
    expect(run(importModel(attention(['q', 'k', 'v', 'b'])), { q: zeros, k: zeros, v: zeros })).toEqual({
      y: [5, 6, 7, 8, 5, 6, 7, 8],
    });
  });

  it('refuses what it lacks', () => {
    expect(errorOf(() => importModel(attention(['q', 'k', 'v', '', 'mask']))).code).toBe('unsupported-model');
    expect(errorOf(() => importModel(attention(['q']))).code).toBe('unsupported-model');
  });
});
