import { at, fitText, scaleOf, seriesColor, svgChart, svgText, textWidth, withTip, xAxis } from './axes.js';
import { plain } from './format.js';

export interface FlameSpan {
  readonly name: string;
  /** In the unit of the axis. */
  readonly start: number;
  readonly end: number;
  /** Row, from 0 at the top: a span lies under those that it is part of. */
  readonly depth: number;
  readonly detail?: string;
  readonly series?: number;
}

export interface FlameOptions {
  readonly title: string;
  readonly spans: readonly FlameSpan[];
  /** What the horizontal axis counts, e.g. "ms". */
  readonly unit: string;
}

const WIDTH = 960;
const ROW = 24;

/** Spans of time along one axis, what is part of another under it; names stand in those that are wide enough. */
export const flameChart = ({ title, spans, unit }: FlameOptions): string => {
  const most = spans.reduce((end, span) => Math.max(end, span.end), 0) || 1;
  const depth = spans.reduce((deepest, span) => Math.max(deepest, span.depth), 0);
  const x = scaleOf([0, most], [1, WIDTH - 1]);
  const top = 30;
  const bottom = top + (depth + 1) * ROW;
  const drawn = spans.map((span) => drawSpan(span, x(span.start), x(span.end), top + span.depth * ROW, unit));
  return svgChart(title, WIDTH, bottom + 44, [xAxis(x, top, bottom, { label: unit, format: (value) => plain(value) }), ...drawn]);
};

const drawSpan = (
  { name, start, end, detail, series = 0 }: FlameSpan,
  from: number,
  to: number,
  y: number,
  unit: string,
): string => {
  const width = Math.max(0.5, to - from);
  const color = seriesColor(series);
  const rect = `<rect x="${at(from)}" y="${at(y + 1)}" width="${at(width)}" height="${ROW - 2}" fill="${color}" fill-opacity="0.3" stroke="${color}" stroke-width="0.5"/>`;
  const text = width > textWidth('abcd', 11) ? svgText(from + 4, y + 16, fitText(name, width - 8, 11), { size: 11 }) : '';
  return withTip(rect + text, [name, `${plain(end - start)} ${unit}`, detail].filter(Boolean).join('\n'));
};
