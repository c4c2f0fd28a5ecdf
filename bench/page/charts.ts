import uPlot from 'uplot';
import { plain } from '../../src/report/format.js';
import type { BenchResult, BenchRoofs } from '../results.js';
import {
  batchCurves,
  type Curves,
  histogramOf,
  ladderCurves,
  type RooflinePoint,
  roofAt,
  roofCorners,
  rooflinePoints,
} from './chart-data.js';
import { element, make } from './dom.js';
import { color, legendOf, Plot, type PlotAxes, type PlotContent, plotOptions, seriesColor } from './plots.js';

const NO_DATA: uPlot.AlignedData = [[], []];

/** The four charts of the page, from what was measured so far. */
export class Charts {
  #results: readonly BenchResult[] = [];
  #roofs: BenchRoofs | undefined;
  readonly #samples = new Map<string, readonly number[]>();
  readonly #latencyOf = element<HTMLSelectElement>('latency-of');
  readonly #plots: readonly Plot[];
  readonly #latency: Plot;

  constructor() {
    const place = (id: string, content: (width: number) => PlotContent): Plot => new Plot(element(`chart-${id}`), content);
    this.#latency = place('latency', (width) => this.#latencyContent(width));
    this.#plots = [
      place('ladder', (width) => this.#curves(width, 'ladder', ladderCurves(this.#results), LADDER_AXES)),
      place('roofline', (width) => this.#roofline(width)),
      place('batch', (width) => this.#curves(width, 'batch', batchCurves(this.#results), BATCH_AXES)),
    ];
    this.#latencyOf.addEventListener('change', () => this.#latency.draw());
  }

  clear(): void {
    this.#samples.clear();
    this.#latencyOf.replaceChildren(make('option', {}, 'what was run'));
    this.#latencyOf.disabled = true;
    this.#latency.draw();
    this.show([]);
  }

  show(results: readonly BenchResult[], roofs = this.#roofs): void {
    this.#results = results;
    this.#roofs = roofs;
    for (const plot of this.#plots) plot.draw();
  }

  /** The newest is shown until someone chooses. */
  addSamples(name: string, ms: readonly number[]): void {
    const wasNewest = this.#samples.size === 0 || this.#latencyOf.selectedIndex === this.#latencyOf.options.length - 1;
    if (this.#samples.size === 0) this.#latencyOf.replaceChildren();
    this.#samples.set(name, ms);
    this.#latencyOf.append(make('option', {}, name));
    this.#latencyOf.disabled = false;
    if (wasNewest) this.#latencyOf.selectedIndex = this.#latencyOf.options.length - 1;
    this.#latency.draw();
  }

  #curves(width: number, id: string, { x, series }: Curves, axes: PlotAxes): PlotContent {
    element(`legend-${id}`).replaceChildren(...legendOf(series.map(({ label }) => label)));
    const [first = 1, last = 1024] = [x[0], x.at(-1)];
    const lines = series.map(
      (_, i): uPlot.Series => ({
        stroke: seriesColor(i),
        width: 2,
        spanGaps: true,
        points: { show: true, size: 7, fill: seriesColor(i) },
      }),
    );
    const most = Math.max(0, ...series.flatMap(({ y }) => y.map((value) => value ?? 0)));
    const range: Partial<PlotAxes> =
      x.length > 0
        ? { xRange: [first / 1.25, last * 1.25], yRange: [0, most * 1.08], xMarks: x }
        : { xRange: [1, 32], yRange: [0, 1] };
    const options = plotOptions(width, { ...axes, ...range }, lines);
    return { options, data: x.length > 0 ? [[...x], ...series.map(({ y }) => [...y])] : NO_DATA };
  }

  #roofline(width: number): PlotContent {
    const points = rooflinePoints(this.#results);
    const corners = this.#roofs ? roofCorners(this.#roofs, points) : [];
    const x = [...new Set([...corners, ...points.map(({ intensity }) => intensity)])].sort((a, b) => a - b);
    if (x.length === 0) {
      const empty = { xRange: [0.1, 100] as const, yRange: [0.1, 100] as const };
      return { options: plotOptions(width, { ...ROOFLINE_AXES, ...empty }, []), data: [[]] };
    }
    const roof = x.map((intensity) => (this.#roofs ? roofAt(this.#roofs, intensity) : null));
    const gflops = [...points.map((point) => point.gflops), ...roof.filter((value) => value !== null)];
    const axes = {
      ...ROOFLINE_AXES,
      xRange: decades(x),
      yRange: decades(gflops),
    };
    const line: uPlot.Series = { stroke: color('series-1'), width: 2, points: { show: false } };
    const options = plotOptions(width, axes, [line]);
    options.hooks = { draw: [(plot) => drawPoints(plot, points)], setCursor: [(plot) => namePoint(plot, points)] };
    options.cursor = { ...options.cursor, x: false, points: { show: false } };
    return { options, data: [x, roof] };
  }

  #latencyContent(width: number): PlotContent {
    const ms = this.#samples.get(this.#latencyOf.value) ?? [];
    const { x, counts } = histogramOf(ms);
    const text = element('latency-text');
    if (x.length === 0) {
      text.textContent = 'Samples by milliseconds.';
      return { options: plotOptions(width, { ...LATENCY_AXES, xRange: [0, 1], yRange: [0, 1] }, []), data: [[]] };
    }
    text.textContent = `${ms.length} samples from ${plain(Math.min(...ms))} to ${plain(Math.max(...ms))} ms.`;
    const step = (x[1] as number) - (x[0] as number);
    const bars = uPlot.paths.bars?.({ size: [0.9] });
    const series: uPlot.Series = { fill: color('series-0'), width: 0, points: { show: false }, ...(bars && { paths: bars }) };
    const range = [(x[0] as number) - step, (x.at(-1) as number) + step] as const;
    const yRange = [0, Math.max(...counts) * 1.1] as const;
    return { options: plotOptions(width, { ...LATENCY_AXES, xRange: range, yRange }, [series]), data: [[...x], [...counts]] };
  }
}

const LADDER_AXES: PlotAxes = { x: 'rows and columns', y: 'GFLOP/s', logX: 2 };
const BATCH_AXES: PlotAxes = { x: 'images a run', y: 'images/s', logX: 2 };
const ROOFLINE_AXES: PlotAxes = { x: 'FLOP per byte', y: 'GFLOP/s', logX: 10, logY: 10 };
const LATENCY_AXES: PlotAxes = { x: 'milliseconds', y: 'samples', wholeY: true };

/** The powers of ten around positive numbers, some room at both ends. */
const decades = (values: readonly number[]): [number, number] => [
  10 ** Math.floor(Math.log10(Math.min(...values) / 1.2)),
  10 ** Math.ceil(Math.log10(Math.max(...values) * 1.2)),
];

const placeOf = (plot: uPlot, { intensity, gflops }: RooflinePoint, onCanvas: boolean): [x: number, y: number] => [
  plot.valToPos(intensity, 'x', onCanvas),
  plot.valToPos(gflops, 'y', onCanvas),
];

const drawPoints = (plot: uPlot, points: readonly RooflinePoint[]): void => {
  const { ctx } = plot;
  ctx.save();
  ctx.fillStyle = color('series-0');
  ctx.globalAlpha = 0.75;
  for (const point of points) {
    const [x, y] = placeOf(plot, point, true);
    ctx.beginPath();
    ctx.arc(x, y, 4 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.restore();
};

/** Pixels within which a pointer means a point. */
const NEAR = 24;

const namePoint = (plot: uPlot, points: readonly RooflinePoint[]): void => {
  const { left = -1, top = -1 } = plot.cursor;
  const far = ([x, y]: [number, number]): number => Math.hypot(x - left, y - top);
  const [nearest] = [...points].sort((a, b) => far(placeOf(plot, a, false)) - far(placeOf(plot, b, false)));
  if (!nearest || left < 0 || far(placeOf(plot, nearest, false)) > NEAR) return;
  const { name, intensity, gflops } = nearest;
  element('roofline-point').textContent = `${name}: ${plain(gflops)} GFLOP/s at ${plain(intensity)} FLOP per byte`;
};
