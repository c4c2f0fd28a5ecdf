import type uPlot from 'uplot';
import { plain } from '../../src/report/format.js';
import type { BenchLoad } from '../results.js';
import { element, make } from './dom.js';
import { batchShares, loadCurves } from './load-data.js';
import { legendOf, Plot, type PlotAxes, type PlotContent, plotOptions, seriesColor } from './plots.js';

const AXES: PlotAxes = { x: 'requests a second', y: 'milliseconds', logY: 10 };
const SVG = 'http://www.w3.org/2000/svg';

/** What a queue did with single requests: a chart of the latencies, and a row a rate. */
export class LoadChart {
  readonly #plot = new Plot(element('chart-load'), (width) => this.#content(width));
  readonly #body = element<HTMLTableElement>('loads').tBodies[0] as HTMLTableSectionElement;
  #loads: readonly BenchLoad[] = [];

  constructor() {
    this.show([]);
  }

  show(loads: readonly BenchLoad[]): void {
    this.#loads = loads;
    const empty = make('tr', {}, make('td', { colSpan: 7, className: 'text' }, 'No queue was run yet.'));
    this.#body.replaceChildren(...(loads.length > 0 ? loads.map(rowOf) : [empty]));
    this.#plot.draw();
  }

  #content(width: number): PlotContent {
    const { x, series } = loadCurves(this.#loads);
    element('legend-load').replaceChildren(...legendOf(series.map(({ label }) => label)));
    if (x.length === 0) {
      return { options: plotOptions(width, { ...AXES, xRange: [0, 1000], yRange: [0.1, 100] }, []), data: [[]] };
    }
    const lines = series.map(
      (_, i): uPlot.Series => ({
        stroke: seriesColor(i),
        width: 2,
        points: { show: true, size: 7, fill: seriesColor(i) },
      }),
    );
    const ms = series.flatMap(({ y }) => y).filter((value) => value !== null && value > 0) as number[];
    const yRange = [10 ** Math.floor(Math.log10(Math.min(...ms))), 10 ** Math.ceil(Math.log10(Math.max(...ms) * 1.05))] as const;
    const options = plotOptions(width, { ...AXES, xRange: [0, (x.at(-1) as number) * 1.05], yRange }, lines);
    return { options, data: [[...x], ...series.map(({ y }) => [...y])] };
  }
}

const rowOf = (load: BenchLoad): HTMLTableRowElement => {
  const { offeredPerSecond, answeredPerSecond, rejected, latencyMs, batches } = load;
  const numbers = [offeredPerSecond, answeredPerSecond, rejected, latencyMs.p50, latencyMs.p95, latencyMs.p99];
  const cells = numbers.map((value) => make('td', {}, plain(value)));
  return make('tr', {}, ...cells, make('td', { className: 'bars' }, barsOf(batches)));
};

/** A bar for each size of a batch, as high as the part of the samples that ran so. */
const barsOf = (batches: BenchLoad['batches']): SVGElement => {
  const shares = batchShares(batches);
  const svg = document.createElementNS(SVG, 'svg');
  const text = shares.map(({ upTo, share }) => `${Math.round(100 * share)} % in batches of ${upTo}`).join(', ');
  for (const [name, value] of Object.entries({ viewBox: '0 0 60 20', role: 'img', 'aria-label': text })) {
    svg.setAttribute(name, value);
  }
  const title = document.createElementNS(SVG, 'title');
  title.textContent = text;
  svg.append(title);
  for (const [i, { share }] of shares.entries()) {
    const bar = document.createElementNS(SVG, 'rect');
    const height = Math.max(0.75, 20 * share);
    const places = { x: 10 * i + 1, y: 20 - height, width: 8, height, fill: seriesColor(0) };
    for (const [name, value] of Object.entries(places)) bar.setAttribute(name, String(value));
    svg.append(bar);
  }
  return svg;
};
