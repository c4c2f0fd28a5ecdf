import { consumersOf, type Graph } from '../graph/graph.js';
import { barChart, type Line, type Point, scatterChart } from '../report/charts.js';
import { bytesText, plain, si } from '../report/format.js';
import { type GraphBox, graphChart } from '../report/graph-chart.js';
import { escapeHtml, htmlFigure, htmlPage, htmlSection, htmlTable, htmlTiles } from '../report/html.js';
import { shapeText } from '../tensor/shape.js';
import type { CardModel } from './card-model.js';

/** Cards of one or several models as a page in one file; `adapter` is what kernels were chosen for. */
export const cardPage = (models: readonly CardModel[], adapter: string): string => {
  const title = models.length === 1 ? `Model card of ${models[0]?.name}` : `Model cards of ${models.length} models`;
  const subject = models.some(({ ms }) => ms !== undefined) ? 'Kernels, memory and times' : 'Kernels and memory';
  const note = `<p class="quiet">${subject} are for ${escapeHtml(adapter)}.</p>`;
  const overview = models.length > 1 ? [paretoSection(models)] : [];
  return htmlPage({
    title,
    body: [note, ...overview, ...models.map((model) => modelSections(model, models.length > 1))].join('\n'),
  });
};

const modelSections = (model: CardModel, named: boolean): string => {
  const heading = named ? `<h2>${escapeHtml(model.name)}</h2>` : '';
  const values = [...model.inputs.map((text) => `input ${text}`), ...model.outputs.map((text) => `output ${text}`)];
  return [
    heading,
    ...values.map((text) => `<p>${escapeHtml(text)}</p>`),
    htmlTiles(tilesOf(model)),
    htmlFigure(
      graphChart({ title: `${model.name}, layer by layer`, ...drawingOf(model) }),
      'What runs, after the passes: a box is a node with its output, its work and its kernels. Blue nodes compute, green ones move data, gray ones need no kernel.',
    ),
    costs(model),
    details('Passes', passTable(model)),
    details('Nodes that run', workTable(model)),
    details('Nodes of the file', fileTable(model)),
  ].join('\n');
};

const details = (summary: string, content: string): string =>
  `<details><summary>${escapeHtml(summary)}</summary>\n${content}\n</details>`;

const tilesOf = (model: CardModel): [string, string][] => [
  ['MACs', si(model.macs)],
  ['MACs as ptflops counts', si(model.ptflops)],
  ['parameters', si(model.params)],
  ['file', bytesText(model.fileBytes)],
  ['weights on the GPU', bytesText(model.memory.weightBytes)],
  ['activations', bytesText(model.memory.activationBytes)],
  ['needed at once', bytesText(model.memory.liveBytes)],
  ['read and written', bytesText(model.trafficBytes)],
  ['MACs a byte', plain(model.macs / Math.max(1, model.trafficBytes))],
  ['nodes in the file', String(model.fileNodes.length)],
  ['GPU commands', String(model.dispatches)],
  ...(model.ms === undefined ? [] : [['a run', `${plain(model.ms)} ms`] as [string, string]]),
  ...(model.accuracy === undefined ? [] : [['accuracy', percent(model.accuracy)] as [string, string]]),
];

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const drawingOf = ({ graph, work }: CardModel): { boxes: GraphBox[]; edges: { from: string; to: string }[] } => {
  const nodes = work.map(
    ({ name, op, shape, macs, params, bytes, kernels }): GraphBox => ({
      id: `node ${name}`,
      title: op,
      lines: [
        [shapeText(shape), params > 0 ? `${si(params)} params` : ''].filter(Boolean).join(', '),
        [macs > 0 ? `${si(macs)} MACs` : '', bytesText(bytes)].filter(Boolean).join(', '),
        kernels.length > 0 ? [...new Set(kernels)].join(' + ') : 'no kernel',
      ],
      detail: name,
      series: kernels.length === 0 ? 7 : macs > 0 ? 0 : 2,
    }),
  );
  const border = (name: string, kind: 'input' | 'output'): GraphBox => ({
    id: `${kind} ${name}`,
    title: name,
    lines: [kind, shapeText(graph.values.get(name)?.shape ?? [])],
    series: 1,
  });
  return {
    boxes: [
      ...graph.inputs.map((name) => border(name, 'input')),
      ...nodes,
      ...graph.outputs.map((name) => border(name, 'output')),
    ],
    edges: edgesOf(graph),
  };
};

const edgesOf = (graph: Graph): { from: string; to: string }[] => {
  const consumers = consumersOf(graph);
  const from = (id: string, name: string): { from: string; to: string }[] => [
    ...(consumers.get(name) ?? []).map((node) => ({ from: id, to: `node ${node.name}` })),
    ...(graph.outputs.includes(name) ? [{ from: id, to: `output ${name}` }] : []),
  ];
  return [
    ...graph.inputs.flatMap((name) => from(`input ${name}`, name)),
    ...graph.nodes.flatMap((node) => node.outputs.flatMap((name) => (name ? from(`node ${node.name}`, name) : []))),
  ];
};

const MOST_BARS = 24;

/** The nodes that cost most, by work and by traffic. */
const costs = ({ work }: CardModel): string => {
  const bars = (of: 'macs' | 'bytes', text: (value: number) => string) =>
    work
      .filter((node) => node[of] > 0)
      .sort((a, b) => b[of] - a[of])
      .slice(0, MOST_BARS)
      .map((node) => ({ label: node.name, value: node[of], text: text(node[of]), detail: node.op }));
  return [
    htmlFigure(barChart({ title: 'Most multiply-accumulates', bars: bars('macs', (value) => si(value)) })),
    htmlFigure(barChart({ title: 'Most bytes read and written', bars: bars('bytes', bytesText) })),
  ].join('\n');
};

const passTable = ({ passes }: CardModel): string =>
  htmlTable(
    'The passes in their order, and the nodes that each took (−) and gave (+)',
    ['pass', 'nodes>', 'change'],
    passes.map(({ pass, nodes, removed, added }) => [
      pass,
      nodes,
      [...removed.slice(0, 4).map((text) => `− ${text}`), ...added.slice(0, 4).map((text) => `+ ${text}`)].join(' ') +
        (removed.length > 4 || added.length > 4 ? ' …' : ''),
    ]),
  );

const workTable = ({ work }: CardModel): string =>
  htmlTable(
    'After the passes',
    ['node', 'op', 'output', 'kernels', 'MACs>', 'parameters>', 'bytes>'],
    work.map(({ name, op, shape, kernels, macs, params, bytes }) => [
      name,
      op,
      shapeText(shape),
      kernels.join(' + ') || '–',
      si(macs),
      si(params),
      bytesText(bytes),
    ]),
  );

const fileTable = ({ fileNodes }: CardModel): string =>
  htmlTable(
    'As the file states them, with the kernels that run them',
    ['node', 'op', 'MACs>', 'parameters>', 'kernel'],
    fileNodes.map(({ name, op, macs, params, kernel, reason }) => [
      name,
      op,
      si(macs),
      si(params),
      kernel ?? `cannot run: ${reason}`,
    ]),
    (row) => fileNodes[row]?.reason !== undefined,
  );

/** What is least along x and most (or least) along y: the points that no other betters in both. */
export const paretoFront = <T>(items: readonly T[], x: (item: T) => number, y: (item: T) => number, most: boolean): T[] => {
  const better = (a: number, b: number): boolean => (most ? a > b : a < b);
  const sorted = [...items].sort((a, b) => x(a) - x(b) || (most ? y(b) - y(a) : y(a) - y(b)));
  const front: T[] = [];
  for (const item of sorted) {
    const last = front.at(-1);
    if (!last || better(y(item), y(last))) front.push(item);
  }
  return front;
};

const paretoSection = (models: readonly CardModel[]): string => {
  const timed = models.filter(({ ms }) => ms !== undefined);
  const judged = timed.filter(({ accuracy }) => accuracy !== undefined);
  const figures = [
    ...(judged.length > 1 ? [htmlFigure(accuracyChart(judged), 'The line joins the models that no other betters in both.')] : []),
    ...(timed.length > 1
      ? [
          htmlFigure(
            timeChart(timed, 'macs'),
            'Were time a matter of multiply-accumulates alone, all models would lie on the dashed line, which has the rate of the fastest. Those above it spend their time otherwise: on moving data (few MACs a byte), or on many small commands.',
          ),
          htmlFigure(timeChart(timed, 'trafficBytes'), 'The same over the bytes that nodes read and write at least.'),
        ]
      : [htmlFigure(workChart(models), 'Work against memory traffic: the higher, the more a model waits for memory.')]),
  ];
  return htmlSection('Side by side', ...figures, comparisonTable(models));
};

const labelled = (model: CardModel, x: number, y: number): Point => ({
  x,
  y,
  label: model.name,
  detail: `${si(model.macs)} MACs, ${bytesText(model.trafficBytes)}, ${model.dispatches} commands${model.ms === undefined ? '' : `, ${plain(model.ms)} ms`}`,
  radius: 6,
});

const accuracyChart = (models: readonly CardModel[]): string => {
  const [ms, accuracy] = [(model: CardModel) => model.ms as number, (model: CardModel) => 100 * (model.accuracy as number)];
  const front = paretoFront(models, ms, accuracy, true).map((model) => [ms(model), accuracy(model)] as const);
  return scatterChart({
    title: 'Accuracy over time',
    xLabel: 'ms a run',
    yLabel: 'accuracy, %',
    points: models.map((model) => labelled(model, ms(model), accuracy(model))),
    lines: [{ points: front, label: 'Pareto front', series: 2 }],
    logX: true,
  });
};

const timeChart = (models: readonly CardModel[], of: 'macs' | 'trafficBytes'): string => {
  const amounts = models.map((model) => model[of]);
  const rate = Math.max(...models.map((model) => model[of] / (model.ms as number)));
  const ends = [Math.min(...amounts), Math.max(...amounts)].map((amount) => [amount, amount / rate] as const);
  const line: Line = { points: ends, label: `${si(1000 * rate, of === 'macs' ? 'MAC/s' : 'B/s')}`, dashed: true };
  return scatterChart({
    title: of === 'macs' ? 'Time over multiply-accumulates' : 'Time over memory traffic',
    xLabel: of === 'macs' ? 'MACs' : 'bytes',
    yLabel: 'ms a run',
    points: models.map((model) => labelled(model, model[of], model.ms as number)),
    lines: [line],
    logX: true,
    logY: true,
  });
};

const workChart = (models: readonly CardModel[]): string =>
  scatterChart({
    title: 'Memory traffic over multiply-accumulates',
    xLabel: 'MACs',
    yLabel: 'bytes',
    points: models.map((model) => labelled(model, model.macs, model.trafficBytes)),
    logX: true,
    logY: true,
  });

const comparisonTable = (models: readonly CardModel[]): string =>
  htmlTable(
    'The fewest multiply-accumulates first',
    ['model', 'ms>', 'MACs>', 'GMAC/s>', 'bytes>', 'MACs a byte>', 'commands>', 'parameters>', 'accuracy>'],
    [...models]
      .sort((a, b) => a.macs - b.macs)
      .map(({ name, ms, macs, trafficBytes, dispatches, params, accuracy }) => [
        name,
        ms === undefined ? '–' : plain(ms),
        si(macs),
        ms === undefined ? '–' : plain(macs / ms / 1e6),
        bytesText(trafficBytes),
        plain(macs / Math.max(1, trafficBytes)),
        dispatches,
        si(params),
        accuracy === undefined ? '–' : percent(accuracy),
      ]),
  );
