import { describe, expect, it } from 'vitest';
import { filesUnder, type Import, importsOf } from './support/imports.js';

/** What a room may import: rooms whose values it may use, and rooms of which it may only name the types. */
interface Rule {
  readonly values: readonly string[];
  readonly types?: readonly string[];
}

/**
 * The table of ARCHITECTURE.md. A room is a folder (`src/ops`, `kernels-ref`) or a file of src itself (`session`).
 * Every room may import itself and `errors`.
 */
const rooms: Readonly<Record<string, Rule>> = {
  errors: { values: [] },
  shaders: { values: [] },
  registry: { values: [], types: ['ops', 'kernels', 'kernels-ref'] },
  'register-op': { values: ['ops', 'kernels', 'importers', 'registry'], types: ['graph', 'kernels-ref'] },
  tensor: { values: [] },
  graph: { values: ['tensor'] },
  ops: { values: ['tensor', 'graph', 'registry'] },
  'kernels-ref': { values: ['tensor', 'graph', 'ops', 'registry'] },
  importers: { values: ['tensor', 'graph', 'ops'] },
  exporters: { values: ['tensor', 'graph', 'ops', 'importers'] },
  passes: { values: ['tensor', 'graph', 'ops', 'kernels-ref'] },
  kernels: { values: ['tensor', 'shaders', 'registry'], types: ['graph', 'ops'] },
  plan: { values: ['tensor', 'graph', 'ops', 'kernels', 'shaders', 'version'] },
  device: { values: ['tensor', 'platform'], types: ['plan', 'kernels'] },
  platform: { values: [] },
  version: { values: [] },
  feeds: { values: ['tensor', 'graph'], types: ['device'] },
  stages: { values: ['tensor', 'graph', 'ops', 'passes', 'plan', 'device'] },
  session: {
    values: [
      'load-model',
      'stages',
      'tensor',
      'graph',
      'kernels',
      'passes',
      'plan',
      'device',
      'feeds',
      'batch',
      'profile',
      'compare',
      'tuner',
    ],
  },
  tuner: { values: ['load-model', 'tensor', 'graph', 'ops', 'kernels', 'shaders', 'passes', 'plan', 'device', 'platform'] },
  'load-model': { values: ['tensor', 'graph', 'ops', 'kernels', 'importers', 'passes', 'platform'] },
  batch: { values: ['tensor', 'graph', 'passes', 'device'] },
  serve: { values: ['tensor', 'feeds', 'passes'], types: ['graph', 'session'] },
  server: { values: ['tensor', 'session', 'serve', 'version'], types: ['feeds'] },
  preprocessing: { values: ['tensor', 'ops'] },
  'video-frame': { values: ['tensor', 'kernels', 'device'] },
  image: { values: ['tensor', 'graph', 'passes', 'plan', 'device', 'preprocessing', 'video-frame'], types: ['ops'] },
  reparameterize: { values: ['ops', 'importers', 'exporters', 'passes'], types: ['graph'] },
  quantize: { values: ['tensor', 'graph', 'ops', 'importers', 'exporters', 'passes'] },
  preflight: { values: ['tensor', 'graph', 'ops', 'passes', 'plan'], types: ['kernels'] },
  inspect: { values: ['tensor', 'graph', 'ops'], types: ['plan', 'preflight'] },
  compare: { values: ['tensor', 'graph', 'kernels-ref', 'plan', 'device'] },
  report: { values: ['tensor'] },
  profile: { values: ['tensor', 'graph', 'ops', 'kernels', 'shaders', 'plan', 'device', 'inspect', 'report'] },
  coloring: { values: ['tensor', 'preprocessing'] },
  canvas: { values: ['coloring', 'tensor', 'kernels', 'device'] },
  'image-on-demand': { values: ['image', 'canvas'], types: ['tensor'] },
  api: {
    values: ['session', 'image-on-demand', 'tensor', 'register-op', 'serve'],
    types: ['coloring', 'device', 'feeds', 'preprocessing', 'profile', 'compare'],
  },
  index: { values: ['api', 'platform', 'tuner'] },
  node: { values: ['api', 'platform', 'device', 'tuner'] },
};

/** Where a package may be imported; `node:` stands for all of Node. Rooms or single files. */
const packages: Readonly<Record<string, readonly string[]>> = {
  webgpu: ['src/node.ts'],
  pbf: ['importers', 'exporters'],
  'wgpu-matrix': ['preprocessing'],
  fastify: ['server'],
  'prom-client': ['server'],
  bullmq: ['server'],
  ioredis: ['server'],
  'tar-fs': ['src/device/vulkan-adapter.ts'],
  'node:': ['src/node.ts', 'src/device/vulkan-adapter.ts', 'src/tuner/file-store.ts'],
};

const roomOf = (file: string): string => {
  const parts = file.replace(/^src\//, '').split('/');
  return (parts[0] as string).replace(/(\.d)?\.ts$/, '');
};

/** cli, bench and test import anything; nothing imports them. */
const free = ['cli', 'bench', 'test', 'env'];
const files = ['src', 'kernels-ref', 'shaders'].flatMap((folder) => filesUnder(folder, '.ts'));
const guarded = files.filter((file) => !free.includes(roomOf(file)));
const packageKey = (specifier: string): string => (specifier.startsWith('node:') ? 'node:' : specifier);

const complaint = ({ from, to, isPackage, typeOnly }: Import): string | undefined => {
  const room = roomOf(from);
  if (isPackage) {
    const allowed = packages[packageKey(to)];
    if (allowed?.includes(room) || allowed?.includes(from)) return undefined;
    return `${from} imports the package '${to}', which ${allowed ? `only ${allowed.join(', ')} may` : 'no room may'}`;
  }
  const target = roomOf(to);
  const rule = rooms[room];
  if (!rule) return `${from}: the room '${room}' has no line in the table of test/layers.test.ts`;
  if (target === room || target === 'errors' || rule.values.includes(target)) return undefined;
  if (typeOnly && rule.types?.includes(target)) return undefined;
  return `${from} imports ${to}: '${room}' may not use ${typeOnly ? 'types' : 'values'} of '${target}'`;
};

/** Every file and package that a file reaches through values. */
const reach = (entry: string): string[] => {
  const seen = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const { to, isPackage, typeOnly } of file.endsWith('.ts') ? importsOf(file) : []) {
      if (typeOnly || seen.has(to)) continue;
      seen.add(to);
      if (!isPackage) waiting.push(to);
    }
  }
  return [...seen];
};

describe('layers', () => {
  it('reads every kind of import', () => {
    const source = [
      "import { a } from './graph/graph.js';",
      "import type { B } from './graph/graph.js';",
      "import { type C, type D } from './graph/graph.js';",
      "import { type E, f } from './graph/graph.js';",
      "export * from './api.js';",
      "import './api.js';",
      "import {\n  g,\n  type H,\n} from 'pbf';",
      "const w = await import('webgpu');",
      "let x: typeof import('webgpu');",
      "import text from '../shaders/unary.wgsl?raw';",
    ].join('\n');
    const found = importsOf('src/x.ts', source).map(({ to, typeOnly }) => `${typeOnly ? 'type ' : ''}${to}`);
    expect(found).toEqual([
      'src/graph/graph.ts',
      'type src/graph/graph.ts',
      'type src/graph/graph.ts',
      'src/graph/graph.ts',
      'src/api.ts',
      'src/api.ts',
      'pbf',
      'webgpu',
      'type webgpu',
      'shaders/unary.wgsl',
    ]);
  });

  it('refuses what the table does not allow', () => {
    const at = (from: string, to: string, typeOnly = false, isPackage = false) => complaint({ from, to, typeOnly, isPackage });
    expect(at('src/tensor/x.ts', 'src/ops/index.ts')).toContain("may not use values of 'ops'");
    expect(at('src/kernels/x.ts', 'src/graph/graph.ts')).toContain('may not');
    expect(at('src/kernels/x.ts', 'src/graph/graph.ts', true)).toBeUndefined();
    expect(at('src/session.ts', 'src/cli/main.ts')).toContain('may not');
    expect(at('src/device/x.ts', 'webgpu', false, true)).toContain('only src/node.ts may');
    expect(at('src/ops/x.ts', 'left-pad', false, true)).toContain('no room may');
  });

  it.each(guarded)('%s', (file) => {
    expect(rooms, `the room '${roomOf(file)}' has no line in the table of test/layers.test.ts`).toHaveProperty(roomOf(file));
    expect(importsOf(file).map(complaint).filter(Boolean)).toEqual([]);
  });

  it('keeps Node out of the browser entry', () => {
    const reached = reach('src/index.ts');
    expect(reached).toContain('src/session.ts');
    expect(reached.filter((to) => /^(node:|webgpu|tar-fs|sharp)|\/(node|vulkan-adapter)\.ts$|^src\/cli\//.test(to))).toEqual([]);
  });

  it('keeps code of the tests out of the command line and the page', () => {
    // The headless bundle is made of the operators' tests.
    const shipped = [...filesUnder('src/cli', '.ts'), ...filesUnder('bench', '.ts')].filter(
      (file) => !/^bench\/headless\//.test(file),
    );
    expect(shipped).toContain('bench/worker.ts');
    expect(shipped.flatMap((file) => importsOf(file)).filter(({ to }) => to.startsWith('test/'))).toEqual([]);
  });

  it('has no cycle among rooms', () => {
    const edges = new Map<string, Set<string>>();
    for (const file of guarded) {
      const room = roomOf(file);
      const targets = edges.get(room) ?? new Set<string>();
      for (const { to, isPackage, typeOnly } of importsOf(file))
        if (!isPackage && !typeOnly && roomOf(to) !== room) targets.add(roomOf(to));
      edges.set(room, targets);
    }
    const walk = (room: string, path: readonly string[]): string[] | undefined => {
      if (path.includes(room)) return [...path, room];
      for (const next of edges.get(room) ?? []) {
        const cycle = walk(next, [...path, room]);
        if (cycle) return cycle;
      }
      return undefined;
    };
    for (const room of edges.keys()) expect(walk(room, [])?.join(' -> '), 'a cycle').toBeUndefined();
  });
});
