import modelUrl from '../../models/lenet5.onnx?url';
import lenetPreprocessing from '../../models/lenet5.preprocessing.json';
import { InferenceSession, type Preprocessing, type Tensor, TilewiseError } from '../../src/index.js';
import { defaultPreprocessing, describePreprocessing, parsePreprocessing } from '../../src/preprocessing.js';
import { softmax } from './digit.js';

export const element = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;

/** An error as the page tells it; nothing clears the last one. */
export const showError = (error: unknown): void => {
  const place = element('error');
  place.hidden = error === undefined;
  if (error === undefined) return;
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof TilewiseError && error.hint ? ` Hint: ${error.hint}.` : '';
  place.textContent = `${message.charAt(0).toUpperCase()}${message.slice(1).replace(/\.$/, '')}.${hint}`;
};

/** A classifier with what prepares its pictures and names its classes. */
export interface Classifier {
  readonly session: InferenceSession;
  readonly preprocessing: Preprocessing;
  readonly labels: readonly string[];
}

/** A class and its probability. */
export interface Guess {
  readonly label: string;
  readonly probability: number;
}

/** The best classes of a prepared picture, which is disposed of. */
export const classify = async ({ session, labels }: Classifier, picture: Tensor, most = 5): Promise<Guess[]> => {
  const [input, output] = [session.inputNames[0] as string, session.outputNames[0] as string];
  try {
    const scores = (await session.run({ [input]: picture }))[output] as Tensor;
    const numbers = Array.from(scores.data as ArrayLike<number | bigint>, Number);
    return probabilitiesOf(numbers)
      .map((probability, i) => ({ label: labels[i] ?? `class ${i}`, probability }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, most);
  } finally {
    picture.dispose();
  }
};

/** Scores as probabilities; numbers that are some already stay as they are. */
export const probabilitiesOf = (scores: readonly number[]): readonly number[] => {
  const sum = scores.reduce((a, b) => a + b, 0);
  return scores.every((v) => v >= 0 && v <= 1) && Math.abs(sum - 1) < 1e-3 ? scores : softmax(scores);
};

/** The model, preprocessing and labels that the page has: the package's LeNet-5 until files are chosen. */
export class ModelPanel {
  readonly #onChange: () => void;
  #classifier: Promise<Classifier> | undefined;
  #model: { readonly name: string; readonly bytes: Uint8Array | URL } = {
    name: 'LeNet-5, which reads digits',
    bytes: new URL(modelUrl, location.href),
  };
  #preprocessing: Preprocessing | undefined = parsePreprocessing(lenetPreprocessing);
  #labels: readonly string[] = [...'0123456789'];

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    const file = element<HTMLInputElement>('files');
    file.addEventListener('change', () => void this.take(file.files ?? []));
  }

  /** What the files are of is told by their names: .onnx, .json and .txt. Others are returned. */
  async take(files: Iterable<File>): Promise<File[]> {
    const others: File[] = [];
    try {
      const all = [...files].sort((a, b) => Number(/\.onnx$/i.test(b.name)) - Number(/\.onnx$/i.test(a.name)));
      for (const file of all) if (!(await this.#takeOne(file))) others.push(file);
      if (others.length < all.length) this.#changed();
    } catch (error) {
      showError(error);
    }
    return others;
  }

  async #takeOne(file: File): Promise<boolean> {
    if (/\.onnx$/i.test(file.name)) {
      this.#model = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
      this.#preprocessing = undefined;
      this.#labels = [];
    } else if (/\.json$/i.test(file.name)) {
      this.#preprocessing = parsePreprocessing(JSON.parse(await file.text()));
    } else if (/\.txt$/i.test(file.name)) {
      this.#labels = (await file.text()).split(/\r?\n/).filter(Boolean);
    } else return false;
    return true;
  }

  /** Drops the session, so that the next use opens another: after a change and after the loss of a device. */
  reset(): void {
    const old = this.#classifier;
    this.#classifier = undefined;
    old?.then(({ session }) => session.release()).catch(() => undefined);
  }

  #changed(): void {
    this.reset();
    showError(undefined);
    this.#onChange();
  }

  /** Opens the model at the first use. */
  open(): Promise<Classifier> {
    this.#classifier ??= this.#open();
    return this.#classifier;
  }

  async #open(): Promise<Classifier> {
    element('model').textContent = `${this.#model.name} …`;
    const session = await InferenceSession.create(this.#model.bytes);
    const { name, shape } = session.inputMetadata[0] as { name: string; shape?: readonly (number | string)[] };
    const preprocessing = this.#preprocessing ?? defaultPreprocessing(shape);
    if (!preprocessing) {
      throw new TilewiseError('invalid-argument', `the input '${name}' is of no picture's shape`, {
        hint: 'add a JSON file with the preprocessing, at least {"width": 224, "height": 224}',
      });
    }
    element('model').textContent = this.#model.name;
    element('preprocessing').textContent = describePreprocessing(preprocessing);
    const { description, kind } = session.adapter;
    element('adapter').textContent = `${description}${kind === 'cpu' ? ' (software)' : ''}`;
    return { session, preprocessing, labels: this.#labels };
  }
}

/** Shows guesses as bars, in rows that are always there. */
export const showGuesses = (guesses: readonly Guess[]): void => {
  const list = element('guesses');
  while (list.children.length < 5) {
    const row = document.createElement('li');
    row.innerHTML =
      '<span class="label"></span><span class="track"><span class="bar"></span></span><span class="percent"></span>';
    list.append(row);
  }
  [...list.children].forEach((row, i) => {
    const guess = guesses[i];
    (row.querySelector('.label') as HTMLElement).textContent = guess?.label ?? '–';
    (row.querySelector('.bar') as HTMLElement).style.transform = `scaleX(${guess?.probability ?? 0})`;
    (row.querySelector('.percent') as HTMLElement).textContent = guess ? `${(100 * guess.probability).toFixed(1)} %` : '';
  });
};
