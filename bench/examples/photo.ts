import exampleUrl from '../../models/digits/3.png?url';
import { decodeImage, imageToTensor } from '../../src/index.js';
import { classify, element, ModelPanel, showError, showGuesses } from './model-panel.js';

let picture: Blob | undefined;

/** Runs on what is shown; whoever comes later wins. */
let turn = 0;
const read = async (): Promise<void> => {
  const own = ++turn;
  if (!picture) return;
  element('answer').textContent = 'Reading …';
  try {
    const classifier = await panel.open();
    const pixels = await decodeImage(picture);
    const begin = performance.now();
    const guesses = await classify(classifier, await imageToTensor(pixels, classifier.preprocessing));
    if (own !== turn) return;
    element('time').textContent = `${(performance.now() - begin).toFixed(1)} ms, with the preparation of the picture`;
    showError(undefined);
    showGuesses(guesses);
    element('answer').textContent = guesses[0] ? `This is: ${guesses[0].label}.` : 'The model gave nothing.';
  } catch (error) {
    if (own !== turn) return;
    panel.reset();
    showError(error);
    showGuesses([]);
    element('answer').textContent = 'No answer.';
  }
};

const panel = new ModelPanel(() => void read());

const show = (blob: Blob): void => {
  picture = blob;
  const image = element<HTMLImageElement>('picture');
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
  image.hidden = false;
  element('hint').hidden = true;
  void read();
};

/** Models, preprocessing and labels go to the panel; what is left is a picture. */
const take = async (files: Iterable<File>): Promise<void> => {
  const [first] = await panel.take(files);
  if (first) show(first);
};

element<HTMLInputElement>('photo').addEventListener(
  'change',
  ({ target }) => void take((target as HTMLInputElement).files ?? []),
);
addEventListener('dragover', (event) => {
  event.preventDefault();
  element('drop').classList.add('over');
});
addEventListener('dragleave', () => element('drop').classList.remove('over'));
addEventListener('drop', (event) => {
  event.preventDefault();
  element('drop').classList.remove('over');
  void take(event.dataTransfer?.files ?? []);
});
element('example').addEventListener('click', async () => show(await (await fetch(exampleUrl)).blob()));

showGuesses([]);
panel.open().catch(showError);
