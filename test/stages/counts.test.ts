import { describe, expect, it } from 'vitest';
import { InferenceSession } from '#tilewise';
import { constant, info, type ModelParts, modelBytes, node } from '../importers/models.js';
import { floats, numbersOf, openModel, tensor } from './support.js';

const ints = (name: string, ...numbers: number[]) => constant(name, 'int64', [numbers.length], numbers);

/** The elements of x above 0, and the places of them. */
const positive: ModelParts = {
  nodes: [
    node('Relu', ['x'], ['r']),
    node('NonZero', ['r'], ['places']),
    node('Transpose', ['places'], ['rows']),
    node('GatherND', ['x', 'rows'], ['kept']),
    node('Exp', ['kept'], ['y']),
    node('Neg', ['x'], ['early']),
  ],
  inputs: [info('x', ['h', 'w'])],
  outputs: [info('y'), info('places', undefined, 'int64'), info('early')],
};

describe('outputs whose size depends on data', () => {
  it('are counted by a run, which goes on with as many', async () => {
    const { session, run } = await openModel(positive);
    const first = await run({ x: tensor('float32', [2, 3], [1, -1, 2, 0, -3, 0.5]) });
    expect(numbersOf(first.places!)).toEqual([0, 0, 1, 0, 2, 2]);
    const none = await run({ x: tensor('float32', [2, 2], [-1, -1, -2, 0]) });
    expect(none.y?.dims).toEqual([0]);
    const all = await run({ x: tensor('float32', [1, 5], [1, 2, 3, 4, 5]) });
    expect(all.y?.dims).toEqual([5]);
    await session.release();
  });

  it('may follow each other', async () => {
    const { run } = await openModel({
      nodes: [
        node('NonZero', ['x'], ['a']),
        node('Squeeze', ['a', 'zero'], ['b']),
        node('Gather', ['x', 'b'], ['c']),
        node('Relu', ['c'], ['d']),
        node('NonZero', ['d'], ['e']),
        node('Cast', ['e'], ['f'], { to: 1 }),
        node('Shape', ['f'], ['s']),
        node('ReduceSum', ['f'], ['y'], { keepdims: 0 }),
      ],
      inputs: [info('x', ['n'])],
      outputs: [info('y'), info('s', undefined, 'int64')],
      initializers: [ints('zero', 0)],
    });
    const { y, s } = await run({ x: floats(0, 3, -1, 0, 2, 4) });
    expect([numbersOf(y!), numbersOf(s!)]).toEqual([[0 + 2 + 3], [1, 3]]);
  });

  it.each([0, 1, undefined])('are what a fed condition compresses along %s', async (axis) => {
    const { run } = await openModel({
      nodes: [node('Compress', ['x', 'c'], ['y'], axis === undefined ? {} : { axis })],
      inputs: [info('x', [3, 4]), info('c', ['n'], 'bool')],
    });
    const x = tensor('float32', [3, 4], [...new Array(12).keys()]);
    const flags = [1, 0, 1];
    const { y } = await run({ x, c: tensor('bool', [3], flags) });
    expect(y?.dims).toEqual(axis === undefined ? [2] : axis === 0 ? [2, 4] : [3, 2]);
    await run({ x, c: tensor('bool', [3], [0, 0, 0]) });
    await expect(run({ x, c: tensor('bool', [13], new Array(13).fill(1)) })).rejects.toMatchObject({ code: 'invalid-model' });
  });

  it('are the boxes that suppression leaves', async () => {
    const { run } = await openModel({
      nodes: [
        node('NonMaxSuppression', ['boxes', 'scores', 'most', 'iou'], ['rows'], {}, { name: 'nms' }),
        node('Gather', ['rows', 'two'], ['picked'], { axis: 1 }),
        node('Squeeze', ['picked', 'axis'], ['index']),
        node('Squeeze', ['boxes', 'zero'], ['flat']),
        node('Gather', ['flat', 'index'], ['y'], { axis: 0 }),
      ],
      inputs: [info('boxes', [1, 'n', 4]), info('scores', [1, 1, 'n'])],
      outputs: [info('y'), info('rows', undefined, 'int64')],
      initializers: [
        constant('most', 'int64', [1], [2 ** 40]),
        constant('iou', 'float32', [1], [0.25]),
        ints('two', 2),
        ints('axis', 1),
        ints('zero', 0),
      ],
    });
    const boxes = tensor('float32', [1, 3, 4], [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 5, 1, 6]);
    const feeds = { boxes, scores: tensor('float32', [1, 1, 3], [0.5, 0.75, 0.25]) };
    expect(numbersOf((await run(feeds)).rows!)).toEqual([0, 0, 1, 0, 0, 2]);
    expect((await run({ boxes, scores: tensor('float32', [1, 1, 3], [0, 0, 0]) })).y?.dims).toEqual([2, 4]);
  });

  it('are left on the device where that is wanted, and fetched one by one', async () => {
    const { session } = await openModel(positive);
    const x = tensor('float32', [2, 2], [4, -1, 0, 2]);
    const results = await session.run({ x }, { outputLocation: 'gpu' });
    const [y, early, places] = [results.y!, results.early!, results.places!];
    expect([y.location, early.location, places.location]).toEqual(['gpu', 'gpu', 'gpu']);
    expect([...((await early.getData()) as Float32Array)].map((v) => v + 0)).toEqual([-4, 1, 0, -2]);
    expect(((await y.getData()) as Float32Array)[1]).toBeCloseTo(Math.exp(2), 4);
    expect(Object.keys(await session.run({ x }, ['early']))).toEqual(['early']);
    // A feed on the device is as good.
    const again = await session.run({ x: early });
    expect(numbersOf(again.places!)).toEqual([0, 1]);
    for (const one of [y, early, places]) one.dispose();
  });

  it('keep runs apart that are under way together', async () => {
    const { run } = await openModel(positive);
    const feeds = Array.from({ length: 24 }, (_, i) =>
      tensor(
        'float32',
        [2, 3],
        Array.from({ length: 6 }, (_, k) => ((i * 7 + k * 5) % 11) - 5),
      ),
    );
    await Promise.all(feeds.map((x) => run({ x })));
  });

  it('are refused as sessions to save, and stop with the signal', async () => {
    const { session } = await openModel(positive);
    const x = tensor('float32', [1, 2], [1, 1]);
    await session.run({ x });
    await expect(session.save()).rejects.toMatchObject({ code: 'unsupported-model' });
    await expect(session.profile({ x })).rejects.toMatchObject({ code: 'unsupported-model' });
    await expect(session.run({ x }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    await session.release();
    await expect(session.run({ x })).rejects.toMatchObject({ code: 'disposed' });
  });
});

describe('shapes that a run computes', () => {
  const base: ModelParts = { inputs: [info('x', [6])], initializers: [ints('zero', 0), ints('one', 1), ints('six', 6)] };
  /** n = the largest of x, as int64 [1]. */
  const largest = [node('ReduceMax', ['x', 'zero'], ['m'], { keepdims: 1 }), node('Cast', ['m'], ['n'], { to: 7 })];
  const x = floats(1, -1, 3, 0, 2, 0.5);

  it.each<[string, ReturnType<typeof node>[], number[]]>([
    [
      'Reshape',
      [node('Div', ['six', 'n'], ['q']), node('Concat', ['n', 'q'], ['s'], { axis: 0 }), node('Reshape', ['x', 's'], ['y'])],
      [3, 2],
    ],
    ['Slice', [node('Slice', ['x', 'one', 'n'], ['y'])], [2]],
    ['Expand', [node('Concat', ['n', 'six'], ['s'], { axis: 0 }), node('Expand', ['x', 's'], ['y'])], [3, 6]],
    ['Tile', [node('Tile', ['x', 'n'], ['y'])], [18]],
    ['TopK', [node('TopK', ['x', 'n'], ['y', 'where'])], [3]],
    ['Pad', [node('Concat', ['n', 'one'], ['p'], { axis: 0 }), node('Pad', ['x', 'p'], ['y'])], [10]],
    ['ConstantOfShape', [node('ConstantOfShape', ['n'], ['c']), node('Add', ['c', 'm'], ['y'])], [3]],
    [
      'Range',
      [
        node('Squeeze', ['n'], ['l']),
        node('Squeeze', ['one'], ['d']),
        node('Squeeze', ['zero'], ['f']),
        node('Range', ['f', 'l', 'd'], ['r']),
        node('Cast', ['r'], ['y'], { to: 1 }),
      ],
      [3],
    ],
  ])('%s', async (_, nodes, dims) => {
    const { run } = await openModel({ ...base, nodes: [...largest, ...nodes] });
    expect((await run({ x })).y?.dims).toEqual(dims);
    expect((await run({ x })).y?.dims).toEqual(dims);
  });

  it('that do not fit are typed errors at the run', async () => {
    const parts = { ...base, nodes: [...largest, node('Slice', ['x', 'zero', 'n', 'n'], ['y'], {}, { name: 'cut' })] };
    const session = await InferenceSession.create(modelBytes(parts));
    await expect(session.run({ x })).rejects.toMatchObject({ code: 'invalid-model', node: 'cut' });
    const huge = { ...base, nodes: [...largest, node('Tile', ['x', 'n'], ['y'], {}, { name: 'bomb' })] };
    const bomb = await InferenceSession.create(modelBytes(huge), { maxBytes: 2 ** 20 });
    await expect(bomb.run({ x: floats(2 ** 30, 0, 0, 0, 0, 0) })).rejects.toMatchObject({ code: 'limit-exceeded', node: 'bomb' });
    expect((await bomb.run({ x })).y?.dims).toEqual([18]);
  });

  it('may need what is fed with more than one dimension', async () => {
    const { run } = await openModel({
      nodes: [node('Reshape', ['s', 'one'], ['t']), node('Reshape', ['x', 't'], ['y'])],
      inputs: [info('x', [1, 1, 6]), info('s', [1, 1], 'int64')],
      initializers: [ints('one', 1)],
    });
    expect((await run({ x: tensor('float32', [1, 1, 6], [1, 2, 3, 4, 5, 6]), s: tensor('int64', [1, 1], [6]) })).y?.dims).toEqual(
      [6],
    );
  });
});
