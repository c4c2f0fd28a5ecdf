import uPlot from 'uplot';
import { plain, si } from '../../src/report/format.js';
import { make } from './dom.js';

export const HEIGHT = 280;

/** A colour of the style sheet, as a canvas wants it. */
export const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
export const seriesColor = (i: number): string => color(`series-${i % 6}`);

const SVG = 'http://www.w3.org/2000/svg';

/** A dot in the colour of a curve; attributes of SVG need no inline style. */
const dot = (fill: string): SVGElement => {
  const svg = document.createElementNS(SVG, 'svg');
  const circle = document.createElementNS(SVG, 'circle');
  svg.setAttribute('viewBox', '0 0 2 2');
  svg.setAttribute('aria-hidden', 'true');
  for (const [name, value] of Object.entries({ cx: '1', cy: '1', r: '1', fill })) circle.setAttribute(name, value);
  svg.append(circle);
  return svg;
};

export const legendOf = (labels: readonly string[]): HTMLElement[] =>
  labels.map((label, i) => {
    const item = make('li', {}, label);
    item.prepend(dot(seriesColor(i)));
    return item;
  });

const axis = (label: string, values: (value: number) => string): uPlot.Axis => ({
  label,
  labelSize: 20,
  labelFont: '12px system-ui, sans-serif',
  font: '12px system-ui, sans-serif',
  stroke: color('quiet'),
  grid: { stroke: color('line'), width: 1 },
  ticks: { stroke: color('line'), width: 1 },
  values: (_, splits) => splits.map((split) => (split === null ? '' : values(split))),
});

export interface PlotAxes {
  readonly x: string;
  readonly y: string;
  /** Base of a logarithmic axis. */
  readonly logX?: 2 | 10;
  readonly logY?: 10;
  /** The ends of the axes; from the data where absent. */
  readonly xRange?: readonly [number, number];
  readonly yRange?: readonly [number, number];
  /** True for counts: no marks between whole numbers. */
  readonly wholeY?: boolean;
  /** Where marks stand on the x axis. */
  readonly xMarks?: readonly number[];
}

const logarithmic = (base: 2 | 10): uPlot.Scale => ({ distr: 3, log: base });

/** Options that all charts share: axes in words, the colours of the page, no legend and no zoom. */
export const plotOptions = (width: number, axes: PlotAxes, series: readonly uPlot.Series[]): uPlot.Options => {
  const { x, y, logX, logY, xRange, yRange, xMarks, wholeY } = axes;
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: {
      x: { time: false, ...(logX && logarithmic(logX)), ...(xRange && { range: [...xRange] as uPlot.Range.MinMax }) },
      y: { ...(logY && logarithmic(logY)), ...(yRange && { range: [...yRange] as uPlot.Range.MinMax }) },
    },
    axes: [
      {
        ...axis(x, (value) => (xMarks ? plain(value) : si(value))),
        size: 36,
        ...(xMarks && { splits: () => [...xMarks], filter: (_: uPlot, splits: number[]) => splits }),
      },
      { ...axis(y, (value) => si(value)), size: 52, ...(wholeY && { incrs: [1, 2, 5, 10, 20, 50, 100, 200] }) },
    ],
    series: [{}, ...series],
  };
};

export interface PlotContent {
  readonly options: uPlot.Options;
  readonly data: uPlot.AlignedData;
}

/** A place on the page with a chart that is drawn anew when its data, its width or the colours change. */
export class Plot {
  readonly #place: HTMLElement;
  readonly #content: (width: number) => PlotContent;
  #plot: uPlot | undefined;
  #waiting = false;

  constructor(place: HTMLElement, content: (width: number) => PlotContent) {
    this.#place = place;
    this.#content = content;
    new ResizeObserver(() => this.draw()).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  get plot(): uPlot | undefined {
    return this.#plot;
  }

  /** Before the next frame, once for however many changes. */
  draw(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      const width = this.#place.clientWidth;
      if (width === 0) return;
      this.#plot?.destroy();
      const { options, data } = this.#content(width);
      this.#plot = new uPlot(options, data, this.#place);
    });
  }
}
