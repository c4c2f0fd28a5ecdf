import { at, fitText, seriesColor, svgChart, svgText, withTip } from './axes.js';

export interface GraphBox {
  readonly id: string;
  readonly title: string;
  /** Up to three lines under the title. */
  readonly lines: readonly string[];
  readonly detail?: string;
  readonly series?: number;
}

export interface GraphOptions {
  readonly title: string;
  /** In topological order. */
  readonly boxes: readonly GraphBox[];
  /** From one box to another behind it, by id. */
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

const [WIDTH, HEIGHT, GAP_X, GAP_Y] = [230, 74, 20, 34];
const TOP = 34;

interface Place {
  readonly rank: number;
  readonly column: number;
}

/** A network from top to bottom: a box stands under all that it takes from, beside what does not depend on it. */
export const graphChart = ({ title, boxes, edges }: GraphOptions): string => {
  const places = placesOf(boxes, edges);
  const columns = Math.max(1, ...[...places.values()].map(({ column }) => column + 1));
  const ranks = Math.max(0, ...[...places.values()].map(({ rank }) => rank + 1));
  const width = Math.max(360, columns * (WIDTH + GAP_X) + 40);
  const counts = new Map<number, number>();
  for (const { rank } of places.values()) counts.set(rank, (counts.get(rank) ?? 0) + 1);
  const left = ({ rank, column }: Place): number => {
    const own = (counts.get(rank) as number) * (WIDTH + GAP_X) - GAP_X;
    return (width - own) / 2 + column * (WIDTH + GAP_X);
  };
  const top = ({ rank }: Place): number => TOP + rank * (HEIGHT + GAP_Y);
  const lines = edges.flatMap(({ from, to }) => {
    const [a, b] = [places.get(from), places.get(to)];
    return a && b ? [edge([left(a) + WIDTH / 2, top(a) + HEIGHT], [left(b) + WIDTH / 2, top(b)], b.rank - a.rank)] : [];
  });
  const drawn = boxes.map((box) => {
    const place = places.get(box.id) as Place;
    return drawBox(box, left(place), top(place));
  });
  // In its own size: a large one is scrolled, a small one is not blown up.
  const style = `width:${at(width)}px;min-width:0;max-width:none;margin:0 auto`;
  return svgChart(title, width, TOP + ranks * (HEIGHT + GAP_Y), [...lines, ...drawn], style);
};

/** The row of a box is the length of the longest way to it; in a row, boxes keep the order of what they take from. */
const placesOf = (boxes: readonly GraphBox[], edges: GraphOptions['edges']): Map<string, Place> => {
  const sources = new Map<string, string[]>();
  for (const { from, to } of edges) sources.set(to, [...(sources.get(to) ?? []), from]);
  const places = new Map<string, Place>();
  const filled: number[] = [];
  for (const { id } of boxes) {
    const before = (sources.get(id) ?? []).flatMap((source) => places.get(source) ?? []);
    const rank = before.reduce((most, place) => Math.max(most, place.rank + 1), 0);
    const column = filled[rank] ?? 0;
    filled[rank] = column + 1;
    places.set(id, { rank, column });
  }
  return places;
};

/** A line downwards; one that passes other rows swings out to the side. */
const edge = ([x1, y1]: readonly [number, number], [x2, y2]: readonly [number, number], rows: number): string => {
  const bend = rows > 1 ? WIDTH * 0.62 : 0;
  const third = rows > 1 ? (y2 - y1) / 3 : GAP_Y / 2;
  const path = `M${at(x1)} ${at(y1)}C${at(x1 + bend)} ${at(y1 + third)} ${at(x2 + bend)} ${at(y2 - third)} ${at(x2)} ${at(y2)}`;
  return `<path d="${path}" fill="none" stroke="currentColor" stroke-opacity="0.45"/><path d="M${at(x2 - 4)} ${at(y2 - 6)}L${at(x2)} ${at(y2)}L${at(x2 + 4)} ${at(y2 - 6)}" fill="none" stroke="currentColor" stroke-opacity="0.6"/>`;
};

const drawBox = ({ title, lines, detail, series = 0 }: GraphBox, x: number, y: number): string => {
  const color = seriesColor(series);
  const mark = [
    `<rect x="${at(x)}" y="${at(y)}" width="${WIDTH}" height="${HEIGHT}" rx="6" fill="${color}" fill-opacity="0.12" stroke="${color}"/>`,
    `<text x="${at(x + 8)}" y="${at(y + 17)}" font-size="12" font-weight="600">${svgTitle(title)}</text>`,
    ...lines
      .slice(0, 3)
      .map((line, i) => svgText(x + 8, y + 34 + 15 * i, fitText(line, WIDTH - 12, 11), { size: 11, quiet: true })),
  ];
  return withTip(mark.join(''), [title, ...lines, detail].filter(Boolean).join('\n'));
};

const svgTitle = (title: string): string => svgText(0, 0, fitText(title, WIDTH - 16)).replace(/^<text[^>]*>|<\/text>$/g, '');
