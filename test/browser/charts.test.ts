import { expect, it } from 'vitest';
import { barChart } from '../../src/report/charts.js';

/** The boxes of the labels, in the chart's own units, and where the bars begin. */
const drawn = (labels: readonly string[], font: string): { readonly boxes: DOMRect[]; readonly bars: number } => {
  const place = document.createElement('div');
  place.innerHTML = barChart({ title: 'T', bars: labels.map((label, i) => ({ label, value: i + 1 })) });
  document.body.append(place);
  place.querySelector('svg')?.setAttribute('font-family', font);
  const boxes = [...place.querySelectorAll<SVGTextElement>('text[text-anchor=end]')].map((text) => text.getBBox());
  const bars = Number(place.querySelector('rect')?.getAttribute('x'));
  place.remove();
  return { boxes, bars };
};

it.each(['system-ui, sans-serif', 'DejaVu Sans, Verdana, sans-serif', 'serif'])('draws labels whole in %s', (font) => {
  const labels = ['conv1.sums', '/model/encoder/layers.0/MatMul_output_0', 'WWWWWWWWWWWWWWWWWWWWWWWWWWWW', 'iiii', 'GEMM_MMMM'];
  const { boxes, bars } = drawn(labels, font);
  expect(boxes).toHaveLength(labels.length);
  for (const { x, width } of boxes) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x + width).toBeLessThan(bars);
  }
});
