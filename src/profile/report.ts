import { barChart, type FlameSpan, flameChart, type Line, type Point, scatterChart } from '../report/charts.js';
import { bytesText, plain, si } from '../report/format.js';
import { escapeHtml, htmlFigure, htmlPage, htmlSection, htmlTable, htmlTiles } from '../report/html.js';
import { shapeText } from '../tensor/shape.js';
import type { NodeProfile, Profile } from './profile.js';
import type { Roofs } from './roofs.js';
import { agreementText, byKernel, byOperator, clockText, shareOf, slowest } from './summary.js';

/** A profile as a page in one file. */
export const profilePage = (profile: Profile): string =>
  htmlPage({ title: `Profile of ${profile.model}`, body: [...head(profile), ...charts(profile), ...tables(profile)].join('\n') });

const head = (profile: Profile): string[] => {
  const { adapter, roofs, host, memory } = profile;
  const software =
    adapter.kind === 'cpu' ? ' It is a software adapter: it computes on the CPU, and its times say nothing about a GPU.' : '';
  return [
    `<p>On ${escapeHtml(adapter.description)}.${software} ${escapeHtml(clockText(profile))}</p>`,
    `<p>${escapeHtml(agreementText(profile))}</p>`,
    htmlTiles([
      ['run on the GPU', `${plain(profile.gpuMs)} ms`],
      ['run, host’s view', `${plain(profile.hostMs)} ms`],
      ['encode', `${plain(host.encodeMs)} ms`],
      ['submit', `${plain(host.submitMs)} ms`],
      ['wait', `${plain(host.waitMs)} ms`],
      ['dispatches', String(profile.commands.length)],
      ['MACs', si(profile.macs)],
      ['parameters', si(profile.params)],
      ['rate', si((2e9 * profile.macs) / 1e6 / Math.max(profile.gpuMs, 1e-9), 'FLOP/s')],
      ['weights', bytesText(memory.weightBytes)],
      ['activations', bytesText(memory.activationBytes)],
      ['live at most', bytesText(memory.liveBytes)],
      ['ALU roof', si(1e9 * roofs.aluGflops, 'FLOP/s')],
      ['memory roof', si(1e9 * roofs.memoryGBs, 'B/s')],
      ['a launch', `${plain(roofs.launchMicroseconds)} µs`],
    ]),
  ];
};

const SERIES_OF_LIMIT = { compute: 0, memory: 2, launch: 3 } as const;

const charts = (profile: Profile): string[] => {
  const operators = byOperator(profile).slice(0, 16);
  return [
    htmlSection(
      'Where the time goes',
      htmlFigure(
        barChart({
          title: 'GPU time by operator',
          bars: operators.map(({ name, count, gpuMs, share }) => ({
            label: name,
            value: gpuMs,
            text: `${plain(gpuMs)} ms, ${plain(share, 2)} %`,
            detail: `${count} nodes`,
          })),
        }),
      ),
      htmlFigure(
        flameChart({ title: 'One run: nodes, and under each its kernels', spans: flameSpans(profile), unit: 'ms' }),
        'In the order in which they run. Colours tell what limits a node: blue arithmetic, green memory, violet the launches of its kernels. Point at a span for its figures.',
      ),
    ),
    htmlSection(
      'How near to what the adapter can do',
      htmlFigure(
        roofline(profile),
        'A point is a node, as large as its share of the time. Under the slope memory traffic limits it, under the flat roof arithmetic; the distance to the roof is what a better kernel could gain. Bytes are those that must be moved at least.',
      ),
    ),
    htmlSection(
      'Memory',
      htmlFigure(
        memoryChart(profile),
        `The plan takes ${bytesText(profile.memory.activationBytes)} for activations and ${bytesText(profile.memory.weightBytes)} for weights.`,
      ),
    ),
  ];
};

const detailOf = (node: NodeProfile, profile: Profile): string =>
  [
    `${node.op} → ${shapeText(node.shape)}`,
    `${plain(node.gpuMs)} ms, ${plain(shareOf(node, profile), 2)} % of the run`,
    `${si(node.macs)} MACs, ${bytesText(node.bytes)}`,
    `${plain(node.gflops)} GFLOP/s, ${plain(node.gbs)} GB/s`,
    `${plain(node.percentOfRoof, 2)} % of the ${node.limit} roof`,
  ].join('\n');

const flameSpans = (profile: Profile): FlameSpan[] => {
  const nodes = new Map(profile.nodes.map((node) => [node.name, node]));
  const spans: FlameSpan[] = [{ name: profile.model, start: 0, end: profile.kernelSumMs, depth: 0, series: 7 }];
  let at = 0;
  let open: { name: string; start: number } | undefined;
  const close = (): void => {
    if (!open) return;
    const node = nodes.get(open.name);
    const more = node ? { detail: detailOf(node, profile), series: SERIES_OF_LIMIT[node.limit] } : {};
    spans.push({ name: open.name, start: open.start, end: at, depth: 1, ...more });
  };
  for (const { node, kernel, gpuMs, workgroups } of profile.commands) {
    if (open?.name !== node) {
      close();
      open = { name: node, start: at };
    }
    spans.push({ name: kernel, start: at, end: at + gpuMs, depth: 2, detail: `workgroups ${workgroups.join(' × ')}`, series: 7 });
    at += gpuMs;
  }
  close();
  return spans;
};

/** Rates over arithmetic intensity, under the two roofs of the adapter. */
export const roofline = (profile: Profile): string => {
  const nodes = slowest(profile).filter(({ macs }) => macs > 0);
  const points = nodes.map(
    (node): Point => ({
      x: node.intensity,
      y: node.gflops,
      label: node.name,
      detail: detailOf(node, profile),
      series: SERIES_OF_LIMIT[node.limit],
      radius: 3 + Math.sqrt(shareOf(node, profile)),
    }),
  );
  return scatterChart({
    title: 'Roofline',
    xLabel: 'arithmetic intensity, FLOP a byte',
    yLabel: 'GFLOP/s',
    points,
    lines: [
      roofLine(
        profile.roofs,
        nodes.map(({ intensity }) => intensity),
      ),
    ],
    logX: true,
    logY: true,
    labelled: 8,
  });
};

/** The slope of the memory roof up to the ridge, then the flat roof of arithmetic. */
const roofLine = ({ aluGflops, memoryGBs }: Roofs, intensities: readonly number[]): Line => {
  const ridge = aluGflops / memoryGBs;
  const from = Math.min(ridge / 10, ...intensities);
  const to = Math.max(ridge * 4, ...intensities);
  const points = [
    [from, from * memoryGBs],
    [ridge, aluGflops],
    [to, aluGflops],
  ] as const;
  return { points, label: `${si(1e9 * memoryGBs, 'B/s')} and ${si(1e9 * aluGflops, 'FLOP/s')}`, series: 1 };
};

const memoryChart = ({ memory, commands }: Profile): string => {
  const steps = memory.timeline.flatMap(({ bytes }, i) => [[i, bytes / MiB] as const, [i + 1, bytes / MiB] as const]);
  const allocated = memory.activationBytes / MiB;
  return scatterChart({
    title: 'Activations that are needed while each command runs',
    xLabel: 'command',
    yLabel: 'MiB',
    points: [],
    lines: [
      { points: steps, label: 'needed', series: 0 },
      {
        points: [
          [0, allocated],
          [Math.max(1, commands.length), allocated],
        ],
        label: 'allocated',
        series: 1,
        dashed: true,
      },
    ],
    height: 260,
  });
};

const MiB = 2 ** 20;

const tables = (profile: Profile): string[] => {
  const rows = slowest(profile).map((node) => [
    node.name,
    node.op,
    node.kernel,
    shapeText(node.shape),
    plain(node.gpuMs),
    plain(shareOf(node, profile), 2),
    si(node.macs),
    bytesText(node.bytes),
    plain(node.intensity),
    plain(node.gflops),
    plain(node.gbs),
    plain(node.percentOfRoof, 2),
    node.limit,
  ]);
  const heads = [
    'node',
    'op',
    'kernels',
    'output',
    'ms>',
    '% of time>',
    'MACs>',
    'bytes>',
    'FLOP/B>',
    'GFLOP/s>',
    'GB/s>',
    '% of roof>',
    'limit',
  ];
  const kernels = byKernel(profile).map(({ name, count, gpuMs, share }) => [name, count, plain(gpuMs), plain(share, 2)]);
  return [
    htmlSection('Nodes', htmlTable('Every node of the optimised graph that runs something, the slowest first', heads, rows)),
    htmlSection('Kernels', htmlTable('By kernel', ['kernel', 'dispatches>', 'ms>', '% of time>'], kernels)),
  ];
};
