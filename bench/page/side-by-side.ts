import { plain } from '../../src/report/format.js';
import { sentence, type WorkerClient } from './client.js';
import { element, make } from './dom.js';
import { type Models, PRODUCT_SIZE } from './models.js';
import type { PeerReport, PeerRequest } from './protocol.js';

/** Where the libraries are fetched from unless someone says otherwise. */
export const PEER_URLS: Readonly<Record<PeerRequest['library'], string>> = {
  'onnxruntime-web': 'https://cdn.jsdelivr.net/npm/onnxruntime-web@1.30.0/dist/ort.webgpu.min.mjs',
  tensorflow: 'https://cdn.jsdelivr.net/npm/@tensorflow/tfjs-core@4.22.0/+esm',
};

const select = (id: string): HTMLSelectElement => element<HTMLSelectElement>(id);

/** The part of the page that runs another library beside this one. */
export class SideBySide {
  readonly #client: WorkerClient;
  readonly #models: Models;
  readonly #url = element<HTMLInputElement>('peer-url');

  constructor(client: WorkerClient, models: Models, exclusively: (work: () => Promise<void>) => Promise<void>) {
    this.#client = client;
    this.#models = models;
    select('peer-library').addEventListener('change', () => this.#offer());
    element('peer-run').addEventListener('click', () => exclusively(() => this.#compare()));
    this.#offer();
  }

  #offer(): void {
    const library = select('peer-library').value as PeerRequest['library'];
    this.#url.value = PEER_URLS[library];
  }

  async #compare(): Promise<void> {
    const status = element('peer-status');
    const chosen = this.#models.all.find(({ name }) => name === select('peer-model').value);
    element('peer-rows').replaceChildren();
    status.textContent = 'Fetching and running …';
    try {
      const report = await this.#client.call('peer', {
        library: select('peer-library').value as PeerRequest['library'],
        url: new URL(this.#url.value, location.href).href,
        backend: select('peer-backend').value as PeerRequest['backend'],
        ...(chosen && { model: chosen }),
        size: PRODUCT_SIZE,
      });
      show(report);
      status.textContent = agreement(report);
    } catch (error) {
      status.textContent = sentence(error);
    }
  }
}

const show = ({ rows }: PeerReport): void => {
  const cells = rows.map(({ library, startMs, medianMs, p95Ms }) =>
    [library, ...[startMs, medianMs, p95Ms].map((ms) => (ms === undefined ? '' : plain(ms)))].map((text) => make('td', {}, text)),
  );
  element('peer-rows').replaceChildren(...cells.map((row) => make('tr', {}, ...row)));
};

const agreement = ({ work, worst, largest, agrees, right }: PeerReport): string => {
  const found = `${work}: the outputs ${agrees ? 'agree' : 'DIFFER'}, by ${plain(worst)} at most where the largest is ${plain(largest)}.`;
  return right === undefined ? found : `${found} The CPU reference agrees with ${right}.`;
};
