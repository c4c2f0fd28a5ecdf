import { at, domainOf, fitText, scaleOf, seriesColor, svgChart, svgText, textWidth, withTip, xAxis, yAxis } from './axes.js';
import { plain, si } from './format.js';

export { type FlameOptions, type FlameSpan, flameChart } from './flame-chart.js';

const WIDTH = 720;

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The value in words; three digits of it where absent. */
  readonly text?: string;
  /** More about it, shown where one points. */
  readonly detail?: string;
  /** Which colour; 0 where absent. */
  readonly series?: number;
}

export interface BarOptions {
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** Horizontal bars, one under the other, each with its label before and its value behind it. */
export const barChart = ({ title, bars }: BarOptions): string => {
  const row = 22;
  const texts = bars.map(({ value, text }) => text ?? plain(value));
  const labels = Math.min(260, Math.max(40, ...bars.map(({ label }) => textWidth(label) + 8)));
  const values = Math.max(30, ...texts.map((text) => textWidth(text) + 8));
  const most = Math.max(...bars.map(({ value }) => (Number.isFinite(value) ? value : 0)), 0) || 1;
  const x = scaleOf([0, most], [labels, WIDTH - values]);
  const rows = bars.map(({ label, value, detail, series = 0 }, i) => {
    const top = 30 + i * row;
    const length = Math.max(0, x(Number.isFinite(value) ? value : 0) - labels);
    const bar = [
      svgText(labels - 8, top + 13, fitText(label, labels - 8), { anchor: 'end' }),
      `<rect x="${at(labels)}" y="${at(top + 2)}" width="${at(length)}" height="${row - 8}" rx="2" fill="${seriesColor(series)}"/>`,
      svgText(labels + length + 6, top + 13, texts[i] as string),
    ];
    return withTip(bar.join(''), [label, texts[i], detail].filter(Boolean).join('\n'));
  });
  return svgChart(title, WIDTH, 36 + row * bars.length, rows);
};

export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** What stands under it instead of its bounds. */
  readonly label?: string;
}

export interface HistogramOptions {
  readonly title: string;
  readonly bins: readonly Bin[];
  readonly xLabel: string;
  readonly yLabel?: string;
}

/** Upright bars of equal width, one a bin, in the order given. Every bin has its label, or some where they are many. */
export const histogram = ({ title, bins, xLabel, yLabel = 'count' }: HistogramOptions): string => {
  const [left, right, top, bottom] = [64, WIDTH - 12, 32, 232];
  const y = scaleOf(domainOf(bins.map(({ count }) => count)), [bottom, top]);
  const step = (right - left) / Math.max(1, bins.length);
  const every = Math.ceil(bins.length / 14);
  const bars = bins.map(({ from, to, count, label = plain(from, 2) }, i) => {
    const height = bottom - y(count);
    const bar = `<rect x="${at(left + i * step + 1)}" y="${at(bottom - height)}" width="${at(Math.max(1, step - 2))}" height="${at(height)}" fill="${seriesColor(0)}"/>`;
    const under = svgText(left + (i + 0.5) * step, bottom + 16, label, { anchor: 'middle', size: 11, quiet: true });
    return withTip(i % every === 0 ? bar + under : bar, `${plain(from)} to ${plain(to)}: ${count}`);
  });
  const axis = yAxis(y, left, right, { label: yLabel, format: (value) => si(value) });
  const label = svgText((left + right) / 2, bottom + 36, xLabel, { anchor: 'middle', quiet: true });
  return svgChart(title, WIDTH, bottom + 46, [axis, ...bars, label]);
};

/** Counts of numbers in `count` bins of equal width from the least to the most of them; others than finite are left out. */
export const binsOf = (values: ArrayLike<number>, count = 24): Bin[] => {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (least > most) return [];
  const width = (most - least || 1) / count;
  const counts = new Array<number>(count).fill(0);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(count - 1, Math.floor((value - least) / width));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts.map((n, i) => ({ from: least + i * width, to: least + (i + 1) * width, count: n }));
};

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly label: string;
  readonly detail?: string;
  readonly series?: number;
  /** Radius; 4 where absent. */
  readonly radius?: number;
}

export interface Line {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly label: string;
  readonly series?: number;
  readonly dashed?: boolean;
}

export interface ScatterOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly points: readonly Point[];
  readonly lines?: readonly Line[];
  readonly logX?: boolean;
  readonly logY?: boolean;
  /** How many points carry their label, the first ones first, where there is room; all where absent. */
  readonly labelled?: number;
  readonly height?: number;
}

/**
 * Points, with lines such as a roof or a Pareto front among them. On a log axis points of no logarithm are left out, and
 * the chart says how many.
 */
export const scatterChart = (options: ScatterOptions): string => {
  const { title, xLabel, yLabel, lines = [], logX = false, logY = false, height = 400 } = options;
  const visible = ({ x, y }: { x: number; y: number }): boolean =>
    Number.isFinite(x) && Number.isFinite(y) && (!logX || x > 0) && (!logY || y > 0);
  const points = options.points.filter(visible);
  const ends = lines.flatMap((line) => line.points.map(([x, y]) => ({ x, y }))).filter(visible);
  const [left, right, top, bottom] = [68, WIDTH - 16, 34, height - 46];
  const all = [...points, ...ends];
  const xScale = scaleOf(
    domainOf(
      all.map(({ x }) => x),
      logX,
    ),
    [left, right],
    logX,
  );
  const yScale = scaleOf(
    domainOf(
      all.map(({ y }) => y),
      logY,
    ),
    [bottom, top],
    logY,
  );
  const place = (x: number, y: number): [number, number] => [xScale(x), yScale(y)];
  const labels = new Labels(left, right, top);
  const drawnLines = lines.map((line) => drawLine(line, place, labels));
  for (const { x, y } of points) labels.block(...place(x, y));
  const circles = points.map((point) => drawPoint(point, place));
  const names = points.slice(0, options.labelled ?? points.length).map(({ x, y, label }) => labels.near(...place(x, y), label));
  const hidden = options.points.length - points.length;
  const note = hidden > 0 ? [svgText(right, 16, `${hidden} without a place on these axes`, { anchor: 'end', quiet: true })] : [];
  return svgChart(title, WIDTH, height, [
    xAxis(xScale, top, bottom, { label: xLabel, format: (value) => si(value) }),
    yAxis(yScale, left, right, { label: yLabel, format: (value) => si(value) }),
    ...drawnLines,
    ...circles,
    ...names,
    ...note,
  ]);
};

type Place = (x: number, y: number) => [number, number];

const drawPoint = ({ x, y, label, detail, series = 0, radius = 4 }: Point, place: Place): string => {
  const [cx, cy] = place(x, y);
  const color = seriesColor(series);
  const circle = `<circle cx="${at(cx)}" cy="${at(cy)}" r="${at(radius)}" fill="${color}" fill-opacity="0.7" stroke="${color}"/>`;
  return withTip(circle, [label, detail].filter(Boolean).join('\n'));
};

const drawLine = ({ points, label, series = 1, dashed = false }: Line, place: Place, labels: Labels): string => {
  const path = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${place(x, y).map(at).join(' ')}`).join('');
  const dash = dashed ? ' stroke-dasharray="5 4"' : '';
  const line = `<path d="${path}" fill="none" stroke="${seriesColor(series)}" stroke-width="2"${dash}/>`;
  const [x, y] = middleOf(points.map((point) => place(...point)));
  return withTip(line + (points.length > 0 ? labels.near(x, y, label, true) : ''), label);
};

/** The middle of three points or more, or between two. */
const middleOf = (points: readonly (readonly [number, number])[]): readonly [number, number] => {
  const [a = [0, 0], b = a] = points;
  return points.length <= 2 ? [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] : (points[Math.floor((points.length - 1) / 2)] ?? a);
};

type Box = readonly [left: number, right: number, top: number, bottom: number];

/** Finds places for text where it covers neither points nor other text. */
class Labels {
  readonly #taken: Box[] = [];
  readonly #left: number;
  readonly #right: number;
  readonly #top: number;

  constructor(left: number, right: number, top: number) {
    this.#left = left;
    this.#right = right;
    this.#top = top;
  }

  block(x: number, y: number): void {
    this.#taken.push([x - 3, x + 3, y - 3, y + 3]);
  }

  /** The text beside a point: right, left, above or below it, or above it first; nothing where no place is free. */
  near(x: number, y: number, label: string, above = false): string {
    const text = fitText(label, 200, 11);
    const width = textWidth(text, 11);
    const places: (readonly [number, number])[] = [
      [x + 8, y + 4],
      [x - 8 - width, y + 4],
      [x - width / 2, y - 9],
      [x - width / 2, y + 18],
    ];
    if (above) places.unshift([x - width - 6, y - 8], [x + 6, y - 8]);
    for (const [start, base] of places) {
      const box: Box = [start, start + width, base - 10, base + 2];
      if (box[0] < this.#left || box[1] > this.#right || box[2] < this.#top || this.#taken.some((other) => overlap(box, other)))
        continue;
      this.#taken.push(box);
      return svgText(start, base, text, { size: 11 });
    }
    return '';
  }
}

const overlap = (a: Box, b: Box): boolean => a[0] < b[1] && b[0] < a[1] && a[2] < b[3] && b[2] < a[3];
