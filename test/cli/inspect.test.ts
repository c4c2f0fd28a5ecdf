import { describe, expect, it } from 'vitest';
import { constant, info, modelBytes, node, subgraph, withGraphs } from '../importers/models.js';
import { smallNet, temporaryFolder, tilewise, writeModel } from './support.js';

/** Conv over 4 x 4 positions: 2 x 9 products each; Conv over one: 3 x 32. */
const nodes = [
  { op: 'Conv', macs: 288, params: 20 },
  { op: 'Relu', macs: 0, params: 0 },
  { op: 'Conv', macs: 96, params: 96 },
  { op: 'Sigmoid', macs: 0, params: 0 },
];

const inspect = async (batch: number | string, ...flags: string[]) => {
  const model = await writeModel(temporaryFolder(), smallNet(batch));
  return await tilewise(['inspect', model, ...flags]);
};

describe('inspect', () => {
  it('counts parameters and multiply-accumulates of the nodes in the file', async () => {
    const { code, out, err } = await inspect(1, '--json');
    const json = JSON.parse(out);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(Object.keys(json)).toEqual(['inputs', 'outputs', 'nodes', 'totals']);
    expect(json.inputs).toEqual([{ name: 'image', dtype: 'float32', shape: [1, 1, 6, 6] }]);
    expect(json.nodes.map(({ name: _, kernel: __, ...rest }: { name: string; kernel: string }) => rest)).toEqual(nodes);
    for (const node of json.nodes) expect(Object.keys(node)).toEqual(['name', 'op', 'macs', 'params', 'kernel']);
    expect(json.totals).toEqual({ macs: 384, params: 116 });
  });

  it('takes symbolic extents as 1 and says so, or as told', async () => {
    const assumed = await inspect('batch', '--json');
    expect(assumed.err).toBe('note: batch = 1 (change it with --dims)');
    expect(JSON.parse(assumed.out).inputs[0].shape).toEqual(['batch', 1, 6, 6]);
    expect(JSON.parse(assumed.out).totals).toEqual({ macs: 384, params: 116 });
    const told = await inspect('batch', '--json', '--dims', 'batch=3');
    expect(told.err).toBe('');
    expect(JSON.parse(told.out).totals).toEqual({ macs: 3 * 384, params: 116 });
  });

  it('prints the plan without weights, as JSON', async () => {
    const { plan, ...rest } = JSON.parse((await inspect(1, '--json', '--plan')).out);
    expect(Object.keys(rest)).toEqual(['inputs', 'outputs', 'nodes', 'totals']);
    expect(Object.keys(plan)).toEqual(['dispatches', 'buffers', 'commands', 'memory']);
    expect(plan.dispatches).toBe(plan.commands.filter(({ kind }: { kind: string }) => kind === 'dispatch').length);
    const forGpus = JSON.parse((await inspect(1, '--json', '--plan', '--for', 'gpu')).out).plan;
    expect(forGpus.commands.map(({ kernel }: { kernel: string }) => kernel)).toContain('conv-tiled');
    expect(plan.memory.totalBytes).toBe(plan.memory.weightBytes + plan.memory.activationBytes);
    expect(plan.memory.timeline).toHaveLength(plan.commands.length);
    expect(plan.buffers.some((buffer: { role: string }) => buffer.role === 'weight')).toBe(true);
    for (const buffer of plan.buffers) expect(buffer).not.toHaveProperty('words');
    const dispatches = plan.commands.filter(({ kind }: { kind: string }) => kind === 'dispatch');
    expect(dispatches.length).toBeGreaterThan(1);
    for (const { kernel, node, params } of dispatches) {
      expect([typeof kernel, typeof node]).toEqual(['string', 'string']);
      expect(params.every((byte: unknown) => Number.isInteger(byte))).toBe(true);
    }
  });

  it('shows what each pass did', async () => {
    const { passes } = JSON.parse((await inspect(1, '--json', '--passes')).out);
    expect(passes[0]).toMatchObject({ pass: 'import', nodes: 4 });
    expect(passes.find(({ pass }: { pass: string }) => pass === 'fuse-epilogue').nodes).toBe(2);
    const fused = passes.find(({ pass }: { pass: string }) => pass === 'fuse-epilogue');
    expect(fused.removed).toHaveLength(4);
    expect(fused.added).toContain("Conv + Relu 'Conv_0'");
    const { out } = await inspect(1, '--passes');
    expect(out).toMatch(/^fuse-epilogue +2 +-2$/m);
    expect(out).toContain("\n  + Conv + Relu 'Conv_0'\n");
  });

  it('prints tables for people', async () => {
    const { out } = await inspect('batch', '--plan', '--dims', 'batch=2');
    expect(out).toContain('input   image  float32 [batch, 1, 6, 6], here [2, 1, 6, 6]');
    expect(out).toMatch(/^Conv_0 +Conv +576 +20 +conv\S*$/m);
    expect(out).toMatch(/^4 nodes +768 +116$/m);
    expect(out).toMatch(/^0 +dispatch +Conv_0/m);
    expect(out).toMatch(
      /^weights [\d,]+ bytes, activations [\d,]+\nneeded at once [\d,]+: the activations take [\d.]+ times that$/m,
    );
  });

  it('tells for every node what runs it, or why nothing does', async () => {
    const bytes = modelBytes({
      nodes: [
        node('Shape', ['x'], ['s']),
        node('Reshape', ['x', 's'], ['r']),
        node('Relu', ['r'], ['a'], {}, { name: 'relu' }),
        node('Frobnicate', ['a'], ['f'], {}, { name: 'frob', domain: 'my.domain' }),
        node('Conv', ['a', 'w'], ['c'], { group: 3 }, { name: 'conv' }),
        node('Sigmoid', ['f'], ['y'], {}, { name: 'behind' }),
        node('Exp', ['g'], ['e'], {}, { name: 'beside' }),
        node('Softmax', ['r'], ['b'], { nonsense: 1 }, { name: 'odd' }),
      ],
      inputs: [info('x', ['n', 4, 8, 8]), info('g', [2])],
      outputs: [info('y'), info('c'), info('e'), info('b')],
      initializers: [constant('w', 'float32', [4, 4, 1, 1], new Array(16).fill(1))],
    });
    const model = await writeModel(temporaryFolder(), bytes);
    const { code, out } = await tilewise(['inspect', model, '--json']);
    expect(code).toBe(0);
    const fates = new Map(JSON.parse(out).nodes.map((one: Record<string, string>) => [one.name, one.kernel ?? one.reason]));
    expect(fates.get('s')).toBe('shape arithmetic on the host');
    expect(fates.get('r')).toBe('alias');
    expect(fates.get('relu')).toBe('unary');
    expect(fates.get('frob')).toContain("operator 'my.domain.Frobnicate' is not supported");
    expect(fates.get('conv')).toContain('group');
    expect(fates.get('behind')).toBe("the shape of an input is not known: my.domain.Frobnicate 'frob' cannot run");
    expect(fates.get('beside')).toBe('unary');
    expect(fates.get('odd')).toContain("attribute 'nonsense'");
    const text = await tilewise(['inspect', model]);
    expect(text.code).toBe(0);
    expect(text.out).toMatch(/^frob +my\.domain\.Frobnicate +0 +0 +cannot run: .*not supported$/m);
  });

  it('tells of a model that runs in stages what waits for what, and what cannot run', async () => {
    const branch = (name: string, op: string) => subgraph(name, [node(op, ['x'], ['b'])], [], ['b']);
    const parts = (op: string) => ({
      nodes: [
        node('Relu', ['x'], ['r']),
        node('NonZero', ['r'], ['places']),
        node('Transpose', ['places'], ['rows']),
        node('GatherND', ['x', 'rows'], ['kept']),
        node('ReduceSum', ['x'], ['s'], { keepdims: 0 }),
        node('Cast', ['s'], ['c'], { to: 9 }),
        withGraphs(node('If', ['c'], ['chosen']), branch('then_branch', 'Neg'), branch('else_branch', op)),
        withGraphs(
          node('Loop', ['', 'on', 'x'], ['looped']),
          subgraph('body', [node('Neg', ['v'], ['w']), node('Cast', ['s'], ['d'], { to: 9 })], ['i', 'e', 'v'], ['d', 'w']),
        ),
        withGraphs(node('If', ['on'], ['known']), branch('then_branch', 'Neg'), branch('else_branch', 'Frobnicate')),
        node('Exp', ['looped'], ['y']),
      ],
      inputs: [info('x', ['h', 2])],
      outputs: ['y', 'kept', 'chosen', 'known'].map((name) => info(name)),
      initializers: [constant('on', 'bool', [], [1])],
    });
    const fatesOf = async (op: string) => {
      const { out } = await tilewise(['inspect', await writeModel(temporaryFolder(), modelBytes(parts(op))), '--json']);
      return new Map(JSON.parse(out).nodes.map((one: Record<string, string>) => [one.name, one.kernel ?? one.reason]));
    };
    expect(Object.fromEntries(await fatesOf('Abs'))).toEqual({
      r: 'unary',
      places: 'non-zero-count + non-zero',
      rows: "chosen when NonZero 'places' has run",
      kept: "chosen when NonZero 'places' has run",
      s: 'reduce',
      c: 'cast',
      chosen: "chosen when 'c' is read back",
      looped: 'its graph runs as a stage of its own',
      'known/b': 'unary',
      known: 'copy',
      y: "chosen when Loop 'looped' has run",
    });
    expect((await fatesOf('Frobnicate')).get('chosen')).toContain('Frobnicate');
    const model = await writeModel(temporaryFolder(), modelBytes(parts('Abs')));
    const { code, out, err } = await tilewise(['inspect', model, '--plan']);
    expect([code, err]).toEqual([0, expect.stringContaining('first stage')]);
    expect(out).toMatch(/dispatch +places +NonZero +non-zero-count/);
  });

  it('tells what a feed decides, and what is too large', async () => {
    const decided = modelBytes({
      nodes: [node('Reshape', ['x', 's'], ['y'], {}, { name: 'r' })],
      inputs: [info('x', [6]), info('s', [2], 'int64')],
    });
    const model = await writeModel(temporaryFolder(), decided);
    expect(JSON.parse((await tilewise(['inspect', model, '--json'])).out).nodes[0].kernel).toBe("chosen when 's' is given");
    const huge = modelBytes({
      nodes: [node('Expand', ['x', 's'], ['y'], {}, { name: 'big' })],
      inputs: [info('x', [1])],
      initializers: [constant('s', 'int64', [2], [60000, 60000])],
    });
    const { nodes } = JSON.parse((await tilewise(['inspect', await writeModel(temporaryFolder(), huge), '--json'])).out);
    expect(nodes[0].reason).toContain('14400000000 bytes');
  });

  it('ends with an error only for a file that is no model', async () => {
    const model = await writeModel(temporaryFolder(), new Uint8Array([1, 2, 3]));
    expect((await tilewise(['inspect', model])).code).toBe(1);
  });
});
