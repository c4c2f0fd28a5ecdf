import { describe, expect, it } from 'vitest';
import { bytesText, plain, si } from '../../src/report/format.js';
import { escapeHtml, htmlFigure, htmlPage, htmlSection, htmlTable, htmlTiles } from '../../src/report/html.js';

const HOSTILE = `</title></script><script>alert("x")</script>' onload='&\u0000\ufffe`;

describe('escapeHtml', () => {
  it('leaves nothing that ends a text, an attribute or a file', () => {
    expect(escapeHtml(`<a b="c" d='e'>&`)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;');
    expect(escapeHtml('a\u0000b\u001fc\n\té')).toBe('a\ufffdb\ufffdc\n\té');
    expect(escapeHtml(12)).toBe('12');
  });
});

describe('htmlPage', () => {
  const body = [
    htmlSection(HOSTILE, htmlTiles([[HOSTILE, HOSTILE]])),
    htmlTable(HOSTILE, [HOSTILE, 'n>'], [[HOSTILE, 1]], () => true),
    htmlFigure('<svg></svg>', HOSTILE),
  ].join('');
  const page = htmlPage({ title: HOSTILE, body });

  it('fetches nothing, and takes no markup from names', () => {
    expect(page).not.toMatch(/<script|https?:|\ssrc=|<link|url\(/);
    expect(page).toContain("default-src 'none'");
    expect(page.match(/<h1>/g)).toHaveLength(1);
    expect(page.match(/<h2>/g)).toHaveLength(1);
  });

  it('is made for phones, dark rooms and screen readers', () => {
    expect(page).toContain('<html lang="en">');
    expect(page).toContain('width=device-width');
    expect(page).toContain('prefers-color-scheme: dark');
    expect(page).toContain('color-scheme: light dark');
    expect(page).toContain('<th scope="col" class="number">n</th>');
    expect(page).toMatch(/<tr class="bad"><th scope="row"/);
  });

  it('has a script where one is given, which cannot end early', () => {
    const scripted = htmlPage({ title: 't', body: '', script: `const s = '</script>';` });
    expect(scripted).toContain(`<script>\nconst s = '<\\/script>';\n</script>`);
    expect(scripted).toContain("script-src 'unsafe-inline'");
  });
});

describe('numbers as text', () => {
  it.each([
    [0, '0'],
    [1, '1'],
    [12.345, '12.3'],
    [999.6, '1000'],
    [1234.5, '1235'],
    [0.00123, '0.00123'],
    [0.0000123, '1.23e-5'],
    [1.5e7, '1.50e+7'],
    [-2.5, '-2.5'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ])('plain %d', (value, text) => expect(plain(value)).toBe(text));

  it.each([
    [0, '0'],
    [42, '42'],
    [999.6, '1 k'],
    [1.826e9, '1.83 G'],
    [11.69e6, '11.7 M'],
    [-3000, '-3 k'],
  ])('si %d', (value, text) => expect(si(value)).toBe(text));

  it.each([
    [0, '0 B'],
    [512, '512 B'],
    [1023.7, '1 KiB'],
    [1536, '1.5 KiB'],
    [3 * 2 ** 20, '3 MiB'],
    [2 ** 60, '1.05e+6 TiB'],
  ])('bytes %d', (value, text) => expect(bytesText(value)).toBe(text));
});
