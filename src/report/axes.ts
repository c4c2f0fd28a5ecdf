import { escapeHtml } from './html.js';

/** Text takes the colour of the page around it; marks have colours that a page may set, fit for light and dark. */
const SERIES = ['#3b82f6', '#d97706', '#22a05a', '#8b5cf6', '#d9468f', '#0891b2', '#c2562d', '#7c8591'];
export const seriesColor = (series: number): string => {
  const i = ((series % SERIES.length) + SERIES.length) % SERIES.length;
  return `var(--series-${i}, ${SERIES[i]})`;
};

/** Widths of characters over the size of their font, as wide as in any usual sans-serif: SVG text does not tell. */
const WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/[MW@%mw…]/, 1.05],
  [/[A-Z_+=<>~#]/, 0.84],
  [/[fijlrt.,:;|!'`()[\]/\- ]/, 0.45],
  [/[\u1100-\uffff]/, 1],
];
const OTHER_WIDTH = 0.66;

const characterWidth = (character: string): number => WIDTHS.find(([pattern]) => pattern.test(character))?.[1] ?? OTHER_WIDTH;

/** No less than what the text takes. */
export const textWidth = (text: string, size = 12): number =>
  Array.from(text).reduce((sum, character) => sum + size * characterWidth(character), 0);

/** The text, cut in the middle where it is wider than `width`: both ends of a node's name tell something. */
export const fitText = (text: string, width: number, size = 12): string => {
  if (textWidth(text, size) <= width) return text;
  const characters = Array.from(text);
  const isTight = width < 5 * OTHER_WIDTH * size;
  let room = isTight ? width : width - textWidth('…', size);
  let [head, tail] = [0, 0];
  // From both ends in turn, as long as there is room.
  for (let taken = 0; taken < characters.length; taken++) {
    const isHead = isTight || taken % 2 === 0;
    const next = isHead ? characters[head] : characters[characters.length - 1 - tail];
    room -= textWidth(next as string, size);
    if (room < 0) break;
    if (isHead) head++;
    else tail++;
  }
  const first = characters.slice(0, Math.max(1, head)).join('');
  return isTight ? first : `${first}…${characters.slice(characters.length - tail).join('')}`;
};

/** A coordinate with at most two decimals: SVG has no use for more. */
export const at = (value: number): string => String(Number(value.toFixed(2)));

export interface TextOptions {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly quiet?: boolean;
  readonly transform?: string;
}

export const svgText = (x: number, y: number, text: string, options: TextOptions = {}): string => {
  const { anchor = 'start', size = 12, quiet = false, transform } = options;
  const opacity = quiet ? ' opacity="0.75"' : '';
  const turned = transform ? ` transform="${transform}"` : '';
  return `<text x="${at(x)}" y="${at(y)}" font-size="${size}" text-anchor="${anchor}"${opacity}${turned}>${escapeHtml(text)}</text>`;
};

/** A mark with the text that pointing at it shows. */
export const withTip = (mark: string, tip: string): string => `<g><title>${escapeHtml(tip)}</title>${mark}</g>`;

/** A whole chart: its title on top, and the same title for those who cannot see it. */
export const svgChart = (title: string, width: number, height: number, content: readonly string[], style = ''): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${at(width)} ${at(height)}" role="img" aria-label="${escapeHtml(title)}"${style && ` style="${style}"`} font-family="system-ui, sans-serif" fill="currentColor">`,
    `<text x="0" y="16" font-size="14" font-weight="600">${escapeHtml(title)}</text>`,
    ...content,
    '</svg>',
  ].join('\n');

/** From numbers of a domain to coordinates. */
export interface Scale {
  readonly log: boolean;
  readonly domain: readonly [number, number];
  readonly range: readonly [number, number];
  (value: number): number;
}

export const scaleOf = (domain: readonly [number, number], range: readonly [number, number], log = false): Scale => {
  const unit = log ? Math.log10 : (value: number): number => value;
  const [from, to] = domain.map(unit) as [number, number];
  const map = (value: number): number => range[0] + ((unit(value) - from) / (to - from || 1)) * (range[1] - range[0]);
  return Object.assign(map, { log, domain, range });
};

/** From the least to the most of some finite numbers, a little wider; for a log axis only the positive ones count. */
export const domainOf = (values: readonly number[], log = false): [number, number] => {
  const usable = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  if (usable.length === 0) return log ? [1, 10] : [0, 1];
  let least = usable.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = usable.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (log) return [least / 1.5, most * 1.5];
  least = Math.min(0, least);
  return [least, most === least ? least + 1 : most + 0.04 * (most - least)];
};

/** Round numbers across a domain, some `count` of them; powers of ten on a log axis, with 2 and 5 where it is short. */
export const ticksOf = ({ domain, log }: Scale, count = 6): number[] => {
  const [from, to] = domain;
  return log ? logTicks(from, to, count) : linearTicks(from, to, count);
};

const linearTicks = (from: number, to: number, count: number): number[] => {
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough) as number);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
};

const logTicks = (from: number, to: number, count: number): number[] => {
  const first = Math.floor(Math.log10(from));
  const last = Math.ceil(Math.log10(to));
  const skip = Math.max(1, Math.ceil((last - first) / (2 * count)));
  const factors = to / from <= 1000 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = first; power <= last; power += skip) {
    for (const factor of factors) ticks.push(Number((factor * 10 ** power).toPrecision(1)));
  }
  return ticks.filter((tick) => tick >= from && tick <= to);
};

export interface AxisOptions {
  readonly label: string;
  readonly format: (value: number) => string;
}

/** The horizontal axis under the plot from `top` to `bottom`, with grid lines. */
export const xAxis = (scale: Scale, top: number, bottom: number, { label, format }: AxisOptions): string => {
  const ticks = ticksOf(scale).map((tick) => {
    const x = scale(tick);
    const text = format(tick);
    // At the chart's own edge there is room on one side only.
    const anchor = x < textWidth(text, 11) / 2 ? 'start' : 'middle';
    return `${gridLine(x, top, x, bottom)}${svgText(x, bottom + 16, text, { anchor, size: 11, quiet: true })}`;
  });
  const middle = (scale.range[0] + scale.range[1]) / 2;
  return [...ticks, svgText(middle, bottom + 34, label, { anchor: 'middle', quiet: true })].join('\n');
};

/** The vertical axis left of the plot from `left` to `right`, with grid lines. */
export const yAxis = (scale: Scale, left: number, right: number, { label, format }: AxisOptions): string => {
  const ticks = ticksOf(scale).map((tick) => {
    const y = scale(tick);
    return `${gridLine(left, y, right, y)}${svgText(left - 6, y + 4, format(tick), { anchor: 'end', size: 11, quiet: true })}`;
  });
  const middle = (scale.range[0] + scale.range[1]) / 2;
  const turned = { anchor: 'middle', quiet: true, transform: `rotate(-90 12 ${at(middle)})` } as const;
  return [...ticks, svgText(12, middle, label, turned)].join('\n');
};

const gridLine = (x1: number, y1: number, x2: number, y2: number): string =>
  `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" stroke="currentColor" stroke-opacity="0.15"/>`;
