import { describe, expect, it } from 'vitest';
import { domainOf, fitText, scaleOf, textWidth, ticksOf } from '../../src/report/axes.js';
import { barChart, binsOf, flameChart, histogram, scatterChart } from '../../src/report/charts.js';
import { graphChart } from '../../src/report/graph-chart.js';

const HOSTILE = '"><script>alert(1)</script>';
const attributes = (svg: string, element: string, name: string): number[] =>
  [...svg.matchAll(new RegExp(`<${element}[^>]*\\s${name}="([-\\d.]+)"`, 'g'))].map((m) => Number(m[1]));

/** Elements that are opened are closed, and every number is one. */
const expectSound = (svg: string): void => {
  const open: string[] = [];
  for (const [, close, name, rest] of svg.matchAll(/<(\/?)(\w+)([^<>]*)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else if (!(rest as string).endsWith('/')) open.push(name as string);
  }
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/NaN|Infinity|undefined|<script/);
  expect(svg).toMatch(/^<svg [^>]*role="img" aria-label="[^"]+"/);
  expect(svg).toContain('fill="currentColor"');
};

describe('barChart', () => {
  it('draws lengths in proportion', () => {
    const svg = barChart({
      title: 'T',
      bars: [
        { label: 'a', value: 1 },
        { label: 'b', value: 4, text: '4 ms' },
        { label: HOSTILE, value: 0 },
      ],
    });
    expectSound(svg);
    const [a, b, c] = attributes(svg, 'rect', 'width') as [number, number, number];
    expect(b / a).toBeCloseTo(4, 1);
    expect(c).toBe(0);
    expect(svg).toContain('>4 ms</text>');
  });

  it.each([
    [[]],
    [[{ label: 'x', value: 0 }]],
    [
      [
        { label: 'x', value: Number.NaN },
        { label: 'y', value: -1 },
      ],
    ],
  ])('takes %j', (bars) => expectSound(barChart({ title: 'T', bars }).replace('>NaN<', '><').replace('\nNaN<', '<')));
});

describe('histogram', () => {
  it('draws every bin and its count', () => {
    const bins = binsOf([0, 0, 1, 2, 10, Number.NaN, Number.POSITIVE_INFINITY], 5);
    expect(bins.map(({ count }) => count)).toEqual([3, 1, 0, 0, 1]);
    expect(bins[0]).toMatchObject({ from: 0, to: 2 });
    const svg = histogram({ title: 'T', bins, xLabel: HOSTILE });
    expectSound(svg);
    const heights = attributes(svg, 'rect', 'height');
    expect(heights).toHaveLength(5);
    expect((heights[0] as number) / (heights[1] as number)).toBeCloseTo(3, 1);
  });

  it('takes nothing, and one number', () => {
    expect(binsOf([])).toEqual([]);
    expect(binsOf([Number.NaN])).toEqual([]);
    expectSound(histogram({ title: 'T', bins: [], xLabel: 'x' }));
    const one = binsOf([7], 3);
    expect(one.map(({ count }) => count)).toEqual([1, 0, 0]);
    expectSound(histogram({ title: 'T', bins: one, xLabel: 'x' }));
  });
});

describe('scatterChart', () => {
  const points = [1, 10, 100, 1000].map((x) => ({ x, y: x * x, label: `p${x}`, detail: HOSTILE }));

  it('spaces decades evenly on log axes', () => {
    const svg = scatterChart({ title: 'T', xLabel: 'x', yLabel: 'y', points, logX: true, logY: true });
    expectSound(svg);
    const xs = attributes(svg, 'circle', 'cx');
    expect(xs).toHaveLength(4);
    const steps = xs.slice(1).map((x, i) => x - (xs[i] as number));
    for (const step of steps) expect(step).toBeCloseTo(steps[0] as number, 1);
    for (const { label } of points) expect(svg).toContain(`>${label}</text>`);
  });

  it('leaves out what a log axis has no place for, and says so', () => {
    const svg = scatterChart({
      title: 'T',
      xLabel: 'x',
      yLabel: 'y',
      points: [...points, { x: 0, y: 1, label: 'zero' }],
      logX: true,
    });
    expect(attributes(svg, 'circle', 'cx')).toHaveLength(4);
    expect(svg).toContain('1 without a place on these axes');
  });

  it('labels as many points as it is told, none over another', () => {
    const crowd = Array.from({ length: 60 }, (_, i) => ({ x: 1 + i / 1000, y: 1, label: `name-${i}` }));
    const labelled = (count: number) =>
      scatterChart({ title: 'T', xLabel: 'x', yLabel: 'y', points: crowd, labelled: count }).match(/>name-\d+<\/text>/g) ?? [];
    expect(labelled(0)).toHaveLength(0);
    expect(labelled(60).length).toBeLessThan(10);
  });

  it('draws lines, and an empty chart', () => {
    const line = {
      label: 'roof',
      points: [
        [1, 1],
        [10, 10],
        [100, 10],
      ] as const,
      dashed: true,
    };
    const svg = scatterChart({ title: 'T', xLabel: 'x', yLabel: 'y', points: [], lines: [line], logX: true, logY: true });
    expectSound(svg);
    expect(svg.match(/<path d="M[\d. ]+L[\d. ]+L[\d. ]+"/g)).toHaveLength(1);
    expect(svg).toContain('>roof</text>');
    expectSound(scatterChart({ title: 'T', xLabel: 'x', yLabel: 'y', points: [] }));
  });
});

describe('flameChart', () => {
  it('puts spans where they were', () => {
    const spans = [
      { name: 'all', start: 0, end: 10, depth: 0 },
      { name: HOSTILE, start: 5, end: 10, depth: 1 },
    ];
    const svg = flameChart({ title: 'T', spans, unit: 'ms' });
    expectSound(svg);
    const [all, half] = attributes(svg, 'rect', 'width') as [number, number];
    expect(all / half).toBeCloseTo(2, 1);
    const [top, below] = attributes(svg, 'rect', 'y') as [number, number];
    expect(below).toBeGreaterThan(top);
    expectSound(flameChart({ title: 'T', spans: [], unit: 'ms' }));
  });
});

describe('axes', () => {
  it.each([
    [[0, 10], false, [0, 2, 4, 6, 8, 10]],
    [[0, 0.07], false, [0, 0.02, 0.04, 0.06]],
    [[-3, 3], false, [-3, -2, -1, 0, 1, 2, 3]],
    [[0.5, 200], true, [0.5, 1, 2, 5, 10, 20, 50, 100, 200]],
    [[1, 1e6], true, [1, 10, 100, 1000, 1e4, 1e5, 1e6]],
  ] as const)('has round ticks in %j', (domain, log, expected) => {
    expect(ticksOf(scaleOf(domain, [0, 100], log))).toEqual(expected);
  });

  it('has a domain for everything', () => {
    expect(domainOf([])).toEqual([0, 1]);
    expect(domainOf([], true)).toEqual([1, 10]);
    expect(domainOf([0, -1], true)).toEqual([1, 10]);
    expect(domainOf([0])).toEqual([0, 1]);
    expect(domainOf([2, 4], true)).toEqual([2 / 1.5, 6]);
  });

  it('cuts names in the middle', () => {
    expect(fitText('short', 100)).toBe('short');
    const cut = fitText('layer1.0.conv1.weight', 80);
    expect(cut).toMatch(/^laye?r?1?…i?ght$/);
    expect(textWidth(cut)).toBeLessThanOrEqual(80);
    expect(fitText('abcdef', 16)).toBe('ab');
    expect(fitText('abcdef', 15, 24)).toBe('a');
    expect(textWidth('mmmm')).toBeGreaterThan(2 * textWidth('iiii'));
  });
});

describe('graphChart', () => {
  const boxes = ['a', 'b', 'c', 'd'].map((id) => ({ id, title: id, lines: ['1', '2', '3', '4'] }));
  const edges = [
    { from: 'a', to: 'b' },
    { from: 'a', to: 'c' },
    { from: 'b', to: 'd' },
    { from: 'c', to: 'd' },
    { from: 'a', to: 'd' },
  ];

  it('puts a box under all that it takes from, beside what it does not depend on', () => {
    const svg = graphChart({ title: 'T', boxes, edges });
    expectSound(svg);
    const [a, b, c, d] = attributes(svg, 'rect', 'y') as [number, number, number, number];
    expect(b).toBe(c);
    expect(a < b && c < d).toBe(true);
    const [, bx, cx] = attributes(svg, 'rect', 'x') as [number, number, number];
    expect(cx - bx).toBeGreaterThan(200);
    expect(svg.match(/fill="none" stroke="currentColor" stroke-opacity="0.45"/g)).toHaveLength(5);
  });

  it('takes no boxes, edges to nowhere, and names that are markup', () => {
    expectSound(graphChart({ title: 'T', boxes: [], edges: [] }));
    expectSound(
      graphChart({ title: HOSTILE, boxes: [{ id: 'a', title: HOSTILE, lines: [HOSTILE] }], edges: [{ from: 'a', to: 'x' }] }),
    );
  });
});
