import lenetUrl from '../../models/lenet5.onnx?url';
import { element, make } from './dom.js';
import { modelName } from './model-bytes.js';
import type { ModelSource } from './protocol.js';

/** Of the product of two square matrices that libraries may be compared on. */
export const PRODUCT_SIZE = 512;

/** The models of the page: the one that comes with the package, files, and URLs. */
export class Models {
  readonly #onChange: () => void;
  #all: readonly ModelSource[] = [{ name: 'lenet5', url: new URL(lenetUrl, location.href).href }];

  constructor(urls: readonly string[], onChange: () => void, onError: (error: unknown) => void) {
    this.#onChange = onChange;
    for (const url of urls) this.#add(url, { url });
    this.#showChoices();
    const file = element<HTMLInputElement>('model-file');
    const guarded = (work: Promise<void>): void => void work.catch(onError);
    file.addEventListener('change', () => {
      guarded(this.addFiles(file.files ?? []));
      file.value = '';
    });
    element('model-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const url = element<HTMLInputElement>('model-url');
      if (url.value.trim() === '') return;
      try {
        this.addUrl(url.value.trim());
        url.value = '';
      } catch (error) {
        onError(error);
      }
    });
    addEventListener('dragover', (event) => {
      event.preventDefault();
      document.body.classList.add('dropping');
    });
    addEventListener('dragleave', () => document.body.classList.remove('dropping'));
    addEventListener('drop', (event) => {
      event.preventDefault();
      document.body.classList.remove('dropping');
      guarded(this.addFiles(event.dataTransfer?.files ?? []));
    });
  }

  get all(): readonly ModelSource[] {
    return this.#all;
  }

  /** For a permalink: files cannot be in one. */
  get urls(): string[] {
    return this.#all.slice(1).flatMap(({ url }) => url ?? []);
  }

  async addFiles(files: Iterable<File>): Promise<void> {
    for (const file of files) {
      if (!/\.onnx$/i.test(file.name)) throw new Error(`${file.name} is no ONNX file: its name must end with .onnx`);
      this.#add(file.name, { bytes: await file.arrayBuffer() });
    }
    this.#changed();
  }

  /** Refuses what is no URL; whether there is a model behind it shows when it runs. */
  addUrl(text: string): void {
    if (!URL.canParse(text, location.href)) throw new Error(`'${text}' is no URL`);
    this.#add(text, { url: new URL(text, location.href).href });
    this.#changed();
  }

  #add(path: string, source: Omit<ModelSource, 'name'>): void {
    const name = modelName(
      path,
      this.#all.map((model) => model.name),
    );
    this.#all = [...this.#all, { name, ...source }];
  }

  #changed(): void {
    this.#showChoices();
    this.#onChange();
  }

  #showChoices(): void {
    const choices = element<HTMLSelectElement>('peer-model');
    const { value } = choices;
    const product = make('option', { value: '' }, `matrix product, ${PRODUCT_SIZE} x ${PRODUCT_SIZE}`);
    choices.replaceChildren(...this.#all.map(({ name }) => make('option', { value: name }, name)), product);
    if (value !== '') choices.value = value;
  }
}
