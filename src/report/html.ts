const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as HTML or SVG content, or as a quoted attribute. Control characters, which XML forbids, become U+FFFD. */
export const escapeHtml = (text: string | number): string =>
  String(text)
    .replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g, '\ufffd');

export interface HtmlPage {
  readonly title: string;
  /** HTML; whatever comes from a model must have gone through `escapeHtml`. */
  readonly body: string;
  /** JavaScript of this library's own, run at the end of the page. */
  readonly script?: string;
}

/**
 * A page in one file: nothing is fetched, light or dark as the reader's system is, readable on a phone and by a screen
 * reader. Its classes: `tiles` (of `htmlTiles`), `chart` (a figure that scrolls sideways where it must), `quiet`, `bad`.
 */
export const htmlPage = ({ title, body, script }: HtmlPage): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:${script ? "; script-src 'unsafe-inline'" : ''}">
<title>${escapeHtml(title)}</title>
<style>
${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
${script ? `<script>\n${script.replaceAll('</', '<\\/')}\n</script>\n` : ''}</body>
</html>
`;

/** A heading with what follows it. */
export const htmlSection = (heading: string, ...content: readonly string[]): string =>
  `<section>\n<h2>${escapeHtml(heading)}</h2>\n${content.join('\n')}\n</section>`;

/** Figures with what each says: [label, figure] pairs. */
export const htmlTiles = (tiles: readonly (readonly [label: string, figure: string])[]): string => {
  const items = tiles.map(([label, figure]) => `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(figure)}</dd></div>`);
  return `<dl class="tiles">\n${items.join('\n')}\n</dl>`;
};

/** A chart of `charts.ts` on its page. */
export const htmlFigure = (svg: string, caption = ''): string =>
  `<figure class="chart"><div tabindex="0" role="group" aria-label="chart">${svg}</div>${caption ? `<figcaption>${escapeHtml(caption)}</figcaption>` : ''}</figure>`;

/**
 * A table that scrolls sideways inside the page where it must. A column whose name ends in '>' holds numbers. The first
 * column heads its row.
 */
export const htmlTable = (
  caption: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  isBad: (row: number) => boolean = () => false,
): string => {
  const isNumber = head.map((name) => name.endsWith('>'));
  const attribute = (column: number): string => (isNumber[column] ? ' class="number"' : '');
  const heads = head.map((name, i) => `<th scope="col"${attribute(i)}>${escapeHtml(name.replace(/>$/, ''))}</th>`);
  const cell = (value: string | number, i: number): string => {
    const tag = i === 0 ? 'th' : 'td';
    // A long name is cut short; pointing at it shows all of it.
    const whole = i === 0 && String(value).length > 40 ? ` title="${escapeHtml(value)}"` : '';
    return `<${tag}${i === 0 ? ' scope="row"' : ''}${attribute(i)}${whole}>${escapeHtml(value)}</${tag}>`;
  };
  const lines = rows.map((row, i) => `<tr${isBad(i) ? ' class="bad"' : ''}>${row.map(cell).join('')}</tr>`);
  return [
    `<div class="table" tabindex="0" role="group" aria-label="${escapeHtml(caption)}"><table>`,
    `<caption>${escapeHtml(caption)}</caption>`,
    `<thead><tr>${heads.join('')}</tr></thead>`,
    `<tbody>\n${lines.join('\n')}\n</tbody></table></div>`,
  ].join('\n');
};

const STYLE = `:root {
  color-scheme: light dark;
  --page: #f6f7f9; --panel: #ffffff; --text: #1a1d21; --quiet: #5a626c; --line: #d5dae0; --track: #e7ebf0; --danger: #b3261e;
  --series-0: #1f6feb; --series-1: #b35900; --series-2: #1a7f37; --series-3: #8250df; --series-4: #bf3989; --series-5: #0e7490; --series-6: #9a3412; --series-7: #57606a;
  font: 16px/1.5 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --panel: #1d2126; --text: #e8eaed; --quiet: #a3abb5; --line: #383f47; --track: #2b3138; --danger: #ffb4ab;
    --series-0: #6ea8fe; --series-1: #f0a04b; --series-2: #5bc47a; --series-3: #c3a1ff; --series-4: #f58fc7; --series-5: #5cc8dc; --series-6: #ff9d7a; --series-7: #a3abb5;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { margin: 0 0 0.5rem; font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.2rem; overflow-wrap: anywhere; }
h3 { margin: 1.5rem 0 0.5rem; font-size: 1rem; overflow-wrap: anywhere; }
p { max-width: 46rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
.bad, .bad th { color: var(--danger); font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 0.5rem; margin: 1rem 0; }
.tiles div { background: var(--panel); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.5rem 0.75rem; }
.tiles dt { color: var(--quiet); font-size: 0.8rem; }
.tiles dd { margin: 0; font-size: 1.05rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.chart { margin: 1rem 0; background: var(--panel); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem; }
.chart > div { overflow-x: auto; }
.chart svg { display: block; width: 100%; min-width: 34rem; height: auto; }
.chart figcaption { color: var(--quiet); font-size: 0.85rem; margin-top: 0.5rem; }
.table { overflow-x: auto; margin: 1rem 0; background: var(--panel); border: 1px solid var(--line); border-radius: 0.5rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.85rem; }
caption { text-align: left; padding: 0.5rem 0.75rem; color: var(--quiet); }
th, td { padding: 0.25rem 0.75rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); white-space: nowrap; }
thead th { color: var(--quiet); font-weight: 600; }
tbody th { font-weight: 500; max-width: 20rem; overflow: hidden; text-overflow: ellipsis; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
details { margin: 0.5rem 0; }
summary { cursor: pointer; }
:focus-visible { outline: 2px solid var(--series-0); outline-offset: 2px; }
@media print { main { max-width: none; } .chart, .table { break-inside: avoid; } }
`;
