import { compareReports, reportFrom } from '../changes.js';
import type { BenchReport } from '../results.js';
import { sentence } from './client.js';
import { type Row, toMarkdown } from './columns.js';
import { download, element } from './dom.js';
import type { ResultTable } from './table.js';

/** What can be done with the results: copy, download, compare with saved ones. */
export class Share {
  readonly #table: ResultTable;
  readonly #link: () => string;
  readonly #status = element('share-status');
  #report: BenchReport | undefined;
  #saved: BenchReport | undefined;

  constructor(table: ResultTable, link: () => string) {
    this.#table = table;
    this.#link = link;
    element('copy-markdown').addEventListener('click', () => this.#copy(this.#markdown(), 'Copied as Markdown.'));
    element('copy-link').addEventListener('click', () => this.#copy(this.#link(), 'Copied the link.'));
    element('download-json').addEventListener('click', () => {
      download('tilewise-bench.json', 'application/json', `${JSON.stringify(this.#report, null, 2)}\n`);
      this.#status.textContent = 'Downloaded as tilewise-bench.json.';
    });
    const file = element<HTMLInputElement>('compare');
    file.addEventListener('change', async () => {
      try {
        await this.#compareWith(file.files?.[0]);
      } catch (error) {
        this.#status.textContent = sentence(error);
        file.value = '';
      }
    });
  }

  /** The results so far; a report once there is one. */
  show(results: BenchReport['results'], report?: BenchReport): void {
    this.#report = report;
    for (const id of ['copy-markdown', 'download-json']) element<HTMLButtonElement>(id).disabled = !report;
    this.#table.show(this.#rowsOf(results, report), this.#saved !== undefined);
  }

  #rowsOf(results: BenchReport['results'], report: BenchReport | undefined): Row[] {
    const changes = report && this.#saved ? compareReports(this.#saved, report).changes : [];
    const byName = new Map(changes.map((change) => [change.name, change]));
    return results.map((result) => ({ result, change: byName.get(result.name) }));
  }

  async #compareWith(file: File | undefined): Promise<void> {
    if (!file) this.#saved = undefined;
    else {
      let json: unknown;
      try {
        json = JSON.parse(await file.text());
      } catch (error) {
        throw new Error(`${file.name} is no JSON: ${(error as Error).message}`);
      }
      this.#saved = reportFrom(json, file.name);
    }
    if (this.#report) this.show(this.#report.results, this.#report);
    else this.#table.show([], this.#saved !== undefined);
    this.#status.textContent = this.#comparison();
  }

  #comparison(): string {
    if (!this.#saved) return '';
    if (!this.#report) return 'The next run is compared with the saved results.';
    const { changes, added, removed, warnings } = compareReports(this.#saved, this.#report);
    const moved = changes.filter((change) => change.moved).length;
    const counts = `${moved} of ${changes.length} moved; ${added.length} are new, ${removed.length} were not run.`;
    return [counts, ...warnings.map((warning) => `Note: ${warning}.`)].join(' ');
  }

  /** After a run, what has changed since the saved results. */
  announce(): void {
    if (this.#saved) this.#status.textContent = this.#comparison();
  }

  #markdown(): string {
    const { adapter, date, commit } = this.#report as BenchReport;
    const head = `${adapter.description} (${adapter.kind}), ${date.slice(0, 10)}${commit === null ? '' : `, commit ${commit}`}`;
    return toMarkdown(this.#table.rows, this.#table.columns, head);
  }

  async #copy(text: string, done: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.#status.textContent = done;
    } catch {
      this.#status.textContent = 'This browser lets no page write to the clipboard here.';
    }
  }
}
