import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import type { Graph } from '../../src/graph/graph.js';
import type { AttributeProto, GraphProto, NodeProto } from '../../src/importers/onnx/proto.js';
import { toNumbers } from '../../src/tensor/convert.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { constant, errorOf, importModel, info, type ModelParts, node } from './models.js';

const subgraph = (
  name: string,
  nodes: readonly NodeProto[],
  inputs: readonly string[],
  outputs: readonly string[],
  initializers: GraphProto['initializers'] = [],
): AttributeProto => ({
  floats: [],
  ints: [],
  strings: [],
  tensors: [],
  graphs: [],
  name,
  type: 5,
  g: {
    name,
    nodes,
    initializers,
    inputs: inputs.map((input) => ({ name: input })),
    outputs: outputs.map((output) => ({ name: output })),
    valueInfo: [],
    sparseInitializers: [],
  },
});

const withGraphs = (proto: NodeProto, ...graphs: readonly AttributeProto[]): NodeProto => ({
  ...proto,
  attributes: [...proto.attributes, ...graphs],
});

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

  it('refuses a computed condition and another number of outputs', () => {
    const inputs = [info('x', [3]), info('c', [], 'bool')];
    expect(errorOf(() => importModel({ ...base, inputs, nodes }))).toMatchObject({
      code: 'unsupported-model',
      message: /condition/,
    });
    const two = { ...choice, outputs: ['chosen', 'more'] };
    expect(errorOf(() => importModel({ ...base, nodes: [two], initializers: [flag('c', true)] })).code).toBe('invalid-model');
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

  it('refuses what cannot be unrolled', () => {
    const computed = body([node('Cast', ['i'], ['c2'], { to: 9 })]);
    const messages = [loop('many', 'on'), loop('', 'on'), loop('m', 'on', computed), loop('m', 'off')].map((parts) => {
      const { code, message } = errorOf(() => importModel(parts));
      expect(code).toBe('unsupported-model');
      return message;
    });
    expect(messages.map((message) => /turns|condition|no turn/.exec(message)?.[0])).toEqual([
      'turns',
      'turns',
      'condition',
      'no turn',
    ]);
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

  it('refuses an unknown length', () => {
    const parts = { ...scan({}), inputs: [info('x', [3]), info('rows', ['n', 3])] };
    expect(errorOf(() => importModel(parts))).toMatchObject({ code: 'unsupported-model' });
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
