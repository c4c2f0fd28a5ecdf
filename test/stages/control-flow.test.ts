import { describe, expect, it } from 'vitest';
import { InferenceSession } from '#tilewise';
import type { AttributeProto, NodeProto } from '../../src/importers/onnx/proto.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { constant, info, type ModelParts, modelBytes, node, subgraph, withGraphs } from '../importers/models.js';
import { testDevice } from '../support/device.js';
import { floats, numbersOf, openModel, tensor } from './support.js';

const flag = (value: boolean): Tensor => new Tensor('bool', [value], []);
const count = (name: string, value: number) => constant(name, 'int64', [], [value]);
const ints = (name: string, ...numbers: number[]) => constant(name, 'int64', [numbers.length], numbers);

describe('If', () => {
  const choice = (condition: string): NodeProto =>
    withGraphs(
      node('If', [condition], ['y'], {}, { name: 'choice' }),
      subgraph('then_branch', [node('Conv', ['x', 'w'], ['c']), node('Relu', ['c'], ['t'])], [], ['t']),
      subgraph('else_branch', [node('Neg', ['x'], ['n']), node('Slice', ['n', 'zero', 'one', 'three'], ['e'])], [], ['e']),
    );
  const parts: ModelParts = {
    inputs: [info('x', ['n', 2, 4, 4]), info('c', [], 'bool')],
    initializers: [
      constant('w', 'float32', [3, 2, 1, 1], [1, -1, 2, 0.5, -2, 1]),
      ints('zero', 0),
      ints('one', 1),
      ints('three', 3),
    ],
  };
  const x = tensor(
    'float32',
    [1, 2, 4, 4],
    [...new Array(32).keys()].map((i) => Math.sin(i) + 0.5),
  );

  it('takes the branch that a feed chooses', async () => {
    const { session, run } = await openModel({ ...parts, nodes: [choice('c')] });
    expect((await run({ x, c: flag(true) })).y?.dims).toEqual([1, 3, 4, 4]);
    expect((await run({ x, c: flag(false) })).y?.dims).toEqual([1, 2, 4, 1]);
    expect((await session.save()).length).toBeGreaterThan(0);
  });

  it('takes the branch that a run chooses, inside of which another may choose', async () => {
    const sum = [node('ReduceSum', ['x'], ['s'], { keepdims: 0 }), node('Greater', ['s', 'limit'], ['g'])];
    const initializers = [
      ...(parts.initializers ?? []),
      constant('limit', 'float32', [], [0]),
      constant('far', 'float32', [], [100]),
    ];
    const inputs = [info('x', ['n', 2, 4, 4])];
    const { session, run } = await openModel({ ...parts, inputs, initializers, nodes: [...sum, choice('g')] });
    expect((await run({ x })).y?.dims).toEqual([1, 3, 4, 4]);
    const negative = tensor('float32', [1, 2, 4, 4], new Array(32).fill(-1));
    expect((await run({ x: negative })).y?.dims).toEqual([1, 2, 4, 1]);
    await expect(session.save()).rejects.toMatchObject({ code: 'unsupported-model' });
    const inner = withGraphs(
      node('If', ['g'], ['y']),
      subgraph('then_branch', [node('Greater', ['s', 'far'], ['h']), choice('h')], [], ['y']),
      subgraph('else_branch', [], [], ['x']),
    );
    const nested = await openModel({ ...parts, inputs, initializers, nodes: [...sum, inner] });
    for (const [v, dims] of [
      [-1, [1, 2, 4, 4]],
      [1, [1, 2, 4, 1]],
      [10, [1, 3, 4, 4]],
    ] as const) {
      expect((await nested.run({ x: tensor('float32', [1, 2, 4, 4], new Array(32).fill(v)) })).y?.dims).toEqual(dims);
    }
  });

  it('is part of one plan where shapes choose', async () => {
    const rows = [node('Shape', ['x'], ['s']), node('Gather', ['s', 'zero'], ['r']), node('Equal', ['r', 'one'], ['c'])];
    const squeezes = withGraphs(
      node('If', ['c'], ['z']),
      // Impossible for more than one row.
      subgraph('then_branch', [node('Squeeze', ['x', 'zero'], ['q'])], [], ['q']),
      subgraph('else_branch', [node('Identity', ['x'], ['i'])], [], ['i']),
    );
    const nodes = [...rows, squeezes, node('Neg', ['z'], ['y'])];
    const { session, run } = await openModel({
      nodes,
      inputs: [info('x', ['n', 3])],
      initializers: [ints('zero', 0), ints('one', 1)],
    });
    expect((await run({ x: tensor('float32', [1, 3], [1, 2, 3]) })).y?.dims).toEqual([3]);
    expect((await run({ x: tensor('float32', [2, 3], [1, 2, 3, 4, 5, 6]) })).y?.dims).toEqual([2, 3]);
    expect((await session.save()).length).toBeGreaterThan(0);
  });

  it('fails at the run where the branch taken cannot run, at load where neither can', async () => {
    const bad = (name: string, op: string): AttributeProto =>
      subgraph(name, [node(op, ['x'], ['b'], op === 'Transpose' ? { perm: [0, 0] } : {}, { name: 'bad' })], [], ['b']);
    const good = subgraph('then_branch', [node('Abs', ['x'], ['a'])], [], ['a']);
    const model = (...graphs: AttributeProto[]): Uint8Array =>
      modelBytes({
        nodes: [withGraphs(node('If', ['c'], ['y'], {}, { name: 'if' }), ...graphs)],
        inputs: [info('x', [2, 2]), info('c', [], 'bool')],
      });
    const session = await InferenceSession.create(model(good, bad('else_branch', 'Transpose')));
    const square = tensor('float32', [2, 2], [1, -1, 2, 0]);
    expect(numbersOf((await session.run({ x: square, c: flag(true) })).y!)).toEqual([1, 1, 2, 0]);
    await expect(session.run({ x: square, c: flag(false) })).rejects.toMatchObject({ code: 'invalid-model' });
    const none = model(bad('then_branch', 'Transpose'), bad('else_branch', 'Transpose'));
    await expect(InferenceSession.create(none)).rejects.toMatchObject({ code: 'invalid-model' });
    const unknown = model(good, bad('else_branch', 'Frobnicate'));
    await expect(InferenceSession.create(unknown)).rejects.toMatchObject({ code: 'unsupported-model' });
  });
});

describe('Loop', () => {
  /** s doubles until its sum passes a limit; every turn gives s. */
  const doubling: ModelParts = {
    nodes: [
      withGraphs(
        node('Loop', ['', 'on', 'x'], ['y', 'all'], {}, { name: 'double' }),
        subgraph(
          'body',
          [
            node('Mul', ['s', 'two'], ['s2']),
            node('ReduceSum', ['s2'], ['sum'], { keepdims: 0 }),
            node('Less', ['sum', 'limit'], ['on2']),
          ],
          ['i', 'c', 's'],
          ['on2', 's2', 's'],
          [constant('two', 'float32', [], [2])],
        ),
      ),
    ],
    inputs: [info('x', ['n']), info('limit', [])],
    outputs: [info('y'), info('all')],
    initializers: [constant('on', 'bool', [], [1])],
  };
  const limit = (v: number): Tensor => tensor('float32', [], [v]);

  it('runs as long as its body says, on one plan', async () => {
    const { session, run } = await openModel(doubling);
    expect((await run({ x: floats(1, 2), limit: limit(100) })).all?.dims).toEqual([6, 2]);
    const { gpu } = await testDevice();
    const own = await InferenceSession.create(modelBytes(doubling), { device: gpu });
    const original = gpu.createBindGroup;
    let made = 0;
    gpu.createBindGroup = ((descriptor: GPUBindGroupDescriptor) => {
      made++;
      return original.call(gpu, descriptor);
    }) as typeof gpu.createBindGroup;
    try {
      expect((await own.run({ x: floats(1, 2), limit: limit(7) })).all?.dims).toEqual([2, 2]);
      const once = made;
      expect(once).toBeGreaterThan(0);
      expect((await own.run({ x: floats(1, 2), limit: limit(1000) })).all?.dims).toEqual([9, 2]);
      expect(made).toBe(once);
    } finally {
      gpu.createBindGroup = original;
      await own.release();
      await session.release();
    }
  });

  it('takes as many turns as a feed or a run says, or none', async () => {
    const body = subgraph(
      'body',
      [node('Add', ['s', 'x'], ['s2']), node('Cast', ['i'], ['f'], { to: 1 }), node('Identity', ['c'], ['c2'])],
      ['i', 'c', 's'],
      ['c2', 's2', 'f'],
    );
    const parts = (trips: string): ModelParts => ({
      nodes: [node('Cast', ['m'], ['k'], { to: 7 }), withGraphs(node('Loop', [trips, '', 'x'], ['y', 'turns']), body)],
      inputs: [info('x', ['n']), info('m', [], 'float32'), info('t', [], 'int64')],
      outputs: [info('y'), info('turns')],
    });
    for (const trips of ['t', 'k']) {
      const { run } = await openModel(parts(trips));
      const feeds = (n: number) => ({ x: floats(1, 2), m: tensor('float32', [], [n]), t: tensor('int64', [], [n]) });
      expect(numbersOf((await run(feeds(3))).turns!)).toEqual([0, 1, 2]);
      expect(numbersOf((await run(feeds(300))).y!)).toEqual([301, 602]);
      const session = await InferenceSession.create(modelBytes(parts(trips)));
      const none = await session.run(feeds(0));
      expect([none.turns?.dims, numbersOf(none.y!)]).toEqual([[0], [1, 2]]);
      expect((await session.run(feeds(-1))).turns?.dims).toEqual([0]);
    }
  });

  it('may carry what grows, in loops in loops', async () => {
    const inner = subgraph(
      'body',
      [
        node('Add', ['a', 'one'], ['a2']),
        node('Less', ['a2', 'x'], ['less']),
        node('Cast', ['less'], ['l'], { to: 1 }),
        node('ReduceMax', ['l'], ['p'], { keepdims: 0 }),
        node('Cast', ['p'], ['ic2'], { to: 9 }),
      ],
      ['ii', 'ic', 'a'],
      ['ic2', 'a2'],
    );
    const outer = subgraph(
      'body',
      [
        node('Concat', ['s', 'x'], ['grown'], { axis: 0 }),
        withGraphs(node('Loop', ['', 'on', 'zero'], ['most']), inner),
        node('Add', ['grown', 'most'], ['s2']),
        node('ReduceMax', ['s2'], ['peak'], { keepdims: 0 }),
        node('Less', ['peak', 'limit'], ['c2']),
      ],
      ['i', 'c', 's'],
      ['c2', 's2', 'peak'],
    );
    const { run } = await openModel({
      nodes: [withGraphs(node('Loop', ['many', 'on', 'x'], ['y', 'peaks']), outer)],
      inputs: [info('x', ['n'])],
      outputs: [info('y'), info('peaks')],
      initializers: [
        constant('on', 'bool', [], [1]),
        constant('zero', 'float32', [1], [0]),
        constant('one', 'float32', [], [1]),
        constant('limit', 'float32', [], [13]),
        count('many', 2 ** 60),
      ],
    });
    const { y, peaks } = await run({ x: floats(1, 3) });
    expect([y?.dims, peaks?.dims]).toEqual([[10], [4]]);
  });

  it('ends with a typed error after too many turns', async () => {
    const session = await InferenceSession.create(modelBytes(doubling), { maxTripCount: 20 });
    const run = session.run({ x: floats(0, 0), limit: limit(1) });
    await expect(run).rejects.toMatchObject({
      code: 'limit-exceeded',
      node: 'double',
      hint: expect.stringContaining('maxTripCount'),
    });
    expect((await session.run({ x: floats(1, 1), limit: limit(1) })).all?.dims).toEqual([1, 2]);
    await expect(InferenceSession.create(modelBytes(doubling), { maxTripCount: 0 })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });

  const forever = (
    trips: number,
    body = subgraph('body', [node('Neg', ['s'], ['s2'])], ['i', 'c', 's'], ['c', 's2']),
  ): ModelParts => ({
    nodes: [withGraphs(node('Loop', ['m', '', 'x'], ['y'], {}, { name: 'forever' }), body)],
    inputs: [info('x', [2])],
    initializers: [count('m', trips)],
  });

  it('is refused at load where it has more turns than may be', async () => {
    const bytes = modelBytes(forever(2 ** 62));
    await expect(InferenceSession.create(bytes)).rejects.toMatchObject({ code: 'limit-exceeded', node: 'forever' });
    const { run } = await openModel(forever(1001));
    expect(numbersOf((await run({ x: floats(1, 2) })).y!)).toEqual([-1, -2]);
  });

  it('counts the turns of loops in loops together', async () => {
    const inner = withGraphs(
      node('Loop', ['m', '', 's'], ['s2'], {}, { name: 'inner' }),
      subgraph('body', [node('Neg', ['t'], ['t2'])], ['j', 'd', 't'], ['d', 't2']),
    );
    const parts = forever(300, subgraph('body', [inner], ['i', 'c', 's'], ['c', 's2']));
    const session = await InferenceSession.create(modelBytes(parts), { maxTripCount: 1000 });
    await expect(session.run({ x: floats(1, 2) })).rejects.toMatchObject({ code: 'limit-exceeded' });
  });

  it('that doubles without end is stopped by the byte budget', async () => {
    const body = subgraph(
      'body',
      [node('Concat', ['s', 's'], ['s2'], { axis: 0 }), node('Cast', ['sum'], ['c2'], { to: 9 })],
      ['i', 'c', 's'],
      ['c2', 's2'],
    );
    const parts: ModelParts = {
      ...forever(2 ** 62, body),
      nodes: [node('ReduceSum', ['x'], ['sum'], { keepdims: 0 }), ...(forever(2 ** 62, body).nodes ?? [])],
    };
    const session = await InferenceSession.create(modelBytes(parts), { maxBytes: 2 ** 20 });
    await expect(session.run({ x: floats(1, 2) })).rejects.toMatchObject({ code: 'limit-exceeded' });
  });

  it('gives back what it has on the device', async () => {
    const { gpu } = await testDevice();
    const [create, live] = [gpu.createBuffer, new Set<GPUBuffer>()];
    gpu.createBuffer = ((descriptor: GPUBufferDescriptor) => {
      const buffer = create.call(gpu, descriptor);
      const destroy = buffer.destroy.bind(buffer);
      live.add(buffer);
      buffer.destroy = () => {
        live.delete(buffer);
        return destroy();
      };
      return buffer;
    }) as typeof gpu.createBuffer;
    try {
      const session = await InferenceSession.create(modelBytes(doubling), { device: gpu });
      await session.run({ x: floats(1, 2), limit: limit(100) });
      const after = live.size;
      for (let i = 0; i < 5; i++) await session.run({ x: floats(1, 2), limit: limit(100) });
      expect(live.size).toBe(after);
      await session.release();
      expect(live.size).toBe(0);
    } finally {
      gpu.createBuffer = create;
    }
  });
});

describe('Scan', () => {
  const scan = (attributes: Record<string, number | readonly number[]>): ModelParts => ({
    nodes: [
      withGraphs(
        node('Scan', ['x', 'rows'], ['last', 'sums'], { num_scan_inputs: 1, ...attributes }),
        subgraph('body', [node('Add', ['s', 'row'], ['s2']), node('Identity', ['s2'], ['out'])], ['s', 'row'], ['s2', 'out']),
      ),
    ],
    inputs: [info('x', [2]), info('rows', ['n', 2])],
    outputs: [info('last'), info('sums')],
  });

  it.each([{}, { scan_input_directions: [1] }, { scan_output_directions: [1] }])(
    'of a length that is fed: %o',
    async (attributes) => {
      const { run } = await openModel(scan(attributes));
      for (const n of [1, 3, 300]) {
        const rows = tensor('float32', [n, 2], [...new Array(2 * n).keys()]);
        expect((await run({ x: floats(0, 1), rows })).sums?.dims).toEqual([n, 2]);
      }
    },
  );
});
