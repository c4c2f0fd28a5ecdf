import { plain } from '../../src/report/format.js';
import type { BenchLoad, BenchReport, BenchResult } from '../results.js';
import { MAX_SUBMIT_MS } from '../submits.js';
import { showRoofs } from './adapter.js';
import type { Charts } from './charts.js';
import { sentence, type WorkerClient } from './client.js';
import { breakable, element, make } from './dom.js';
import type { LoadChart } from './load-chart.js';
import type { RunEvent, RunRequest } from './protocol.js';
import type { Share } from './share.js';

const minutes = (ms: number): string =>
  ms < 90_000 ? `${Math.max(1, Math.round(ms / 1000))} s` : `${Math.round(ms / 60_000)} min`;

/** Which results have a dispatch that takes longer than a submit should. */
const showLongSubmits = (results: readonly BenchResult[]): void => {
  const lines = results.flatMap(({ name, longestSubmitMs = 0 }) =>
    longestSubmitMs > MAX_SUBMIT_MS
      ? [
          `${name}: its longest submit took ${plain(longestSubmitMs)} ms, for one dispatch cannot be cut; the page may stutter then.`,
        ]
      : [],
  );
  element('long-submits').replaceChildren(...lines.map((line) => make('li', {}, ...breakable(line))));
  element('long-submits').hidden = lines.length === 0;
};

/** Starts and stops a run, and shows how it goes. */
export class Runner {
  readonly #client: WorkerClient;
  readonly #charts: Charts;
  readonly #loadChart: LoadChart;
  readonly #share: Share;
  readonly #progress = element<HTMLProgressElement>('progress');
  readonly #status = element('status');
  #results: BenchResult[] = [];
  #loads: BenchLoad[] = [];
  #begin = 0;
  #at = '';

  constructor(client: WorkerClient, charts: Charts, loadChart: LoadChart, share: Share) {
    this.#client = client;
    this.#charts = charts;
    this.#loadChart = loadChart;
    this.#share = share;
  }

  async run(request: RunRequest): Promise<void> {
    this.#results = [];
    this.#loads = [];
    this.#begin = performance.now();
    this.#at = 'Measuring the roofs of the adapter …';
    this.#charts.clear();
    this.#loadChart.show([]);
    this.#share.show([]);
    showLongSubmits([]);
    this.#showFailures([]);
    this.#progress.value = 0;
    this.#status.textContent = this.#at;
    try {
      const { report, stopped } = await this.#client.call('run', request);
      this.#finish(report, stopped);
    } catch (error) {
      this.#status.textContent = `The run broke off. ${sentence(error)}`;
    }
  }

  #finish(report: BenchReport, stopped: boolean): void {
    this.#results = [...report.results];
    this.#share.show(report.results, report);
    this.#share.announce();
    this.#charts.show(report.results, report.roofs ?? undefined);
    this.#showFailures(report.failures.map(({ name, error }) => `${name}: ${error}`));
    const failed = report.failures.length > 0 ? `, ${report.failures.length} failed` : '';
    const took = minutes(performance.now() - this.#begin);
    this.#status.textContent = `${stopped ? 'Stopped' : 'Done'}: ${report.results.length} results${failed}, in ${took}.`;
    if (!stopped) this.#progress.value = 1;
  }

  onEvent(event: RunEvent): void {
    if (event.kind === 'roofs') {
      showRoofs(event.roofs);
      this.#charts.show(this.#results, event.roofs);
    } else if (event.kind === 'case') {
      const { index, count, name } = event;
      this.#progress.value = index / count;
      this.#at = `${index + 1} of ${count}${this.#left(index / count)}: ${name}`;
      this.#status.textContent = this.#at;
    } else if (event.kind === 'step') this.#status.textContent = `${this.#at}, ${event.step}`;
    else if (event.kind === 'samples') this.#charts.addSamples(event.name, event.ms);
    else if (event.kind === 'result') {
      this.#results.push(event.result);
      this.#share.show(this.#results);
      this.#charts.show(this.#results);
      showLongSubmits(this.#results);
    } else if (event.kind === 'load') {
      this.#loads.push(event.load);
      this.#loadChart.show(this.#loads);
    }
  }

  #left(done: number): string {
    if (done === 0) return '';
    return `, ${minutes(((performance.now() - this.#begin) * (1 - done)) / done)} left`;
  }

  #showFailures(lines: readonly string[]): void {
    element('failures').replaceChildren(...lines.map((line) => make('li', {}, ...breakable(line))));
    element('failures').hidden = lines.length === 0;
  }
}
