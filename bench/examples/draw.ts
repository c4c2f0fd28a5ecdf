import modelUrl from '../../models/lenet5.onnx?url';
import { InferenceSession, Tensor, TilewiseError } from '../../src/index.js';
import { inkOf, SIDE, softmax, toDigit } from './digit.js';

const PEN_WIDTH = 26;
const exampleUrls = import.meta.glob<string>('../../models/digits/*.png', { query: '?url', import: 'default', eager: true });

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const context = (canvas: HTMLCanvasElement): CanvasRenderingContext2D =>
  canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;

const pad = element<HTMLCanvasElement>('pad');
const ink = context(pad);
const seen = context(element<HTMLCanvasElement>('seen'));

// --- Reading -------------------------------------------------------------------------------------------------------

const rows = Array.from({ length: 10 }, (_, digit) => {
  const row = document.createElement('li');
  row.innerHTML = '<span></span><span class="track"><span class="bar"></span></span><span class="percent"></span>';
  (row.firstElementChild as HTMLElement).textContent = String(digit);
  element('bars').append(row);
  return { row, bar: row.querySelector<HTMLElement>('.bar')!, percent: row.querySelector<HTMLElement>('.percent')! };
});

const show = (probabilities: readonly number[] | undefined): void => {
  const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
  rows.forEach(({ row, bar, percent }, digit) => {
    const p = probabilities?.[digit] ?? 0;
    row.classList.toggle('best', digit === best);
    bar.style.transform = `scaleX(${p})`;
    percent.textContent = `${(100 * p).toFixed(1)} %`;
  });
  const answer = best < 0 ? 'Draw something.' : `I read a ${best}.`;
  if (element('answer').textContent !== answer) element('answer').textContent = answer;
};

const showSeen = (digit: Float32Array | undefined): void => {
  const picture = seen.createImageData(SIDE, SIDE);
  digit?.forEach((v, i) => (picture.data[4 * i + 3] = Math.round(255 * v)));
  seen.putImageData(picture, 0, 0);
};

const showError = (error: unknown): void => {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof TilewiseError && error.hint ? ` Hint: ${error.hint}.` : '';
  element('error').textContent = `${message.charAt(0).toUpperCase()}${message.slice(1)}.${hint}`;
  element('error').hidden = false;
  element('answer').textContent = 'The network cannot run here.';
};

let session: Promise<InferenceSession> | undefined;

const open = async (): Promise<InferenceSession> => {
  const opened = await InferenceSession.create(new URL(modelUrl, location.href));
  element('error').hidden = true;
  element('adapter').textContent = `${opened.adapter.description}${opened.adapter.kind === 'cpu' ? ' (software)' : ''}`;
  return opened;
};

const infer = async (digit: Float32Array): Promise<number[]> => {
  const network = await (session ??= open());
  const [input, output] = [network.inputNames[0] as string, network.outputNames[0] as string];
  const begin = performance.now();
  const outputs = await network.run({ [input]: new Tensor('float32', digit, [1, 1, SIDE, SIDE]) });
  element('time').textContent = `${(performance.now() - begin).toFixed(1)} ms`;
  return softmax(outputs[output]?.data as Float32Array);
};

let running = false;
let stale = false;

/** Reads what is drawn; while a run is under way, only the newest drawing waits. */
const read = async (): Promise<void> => {
  stale = true;
  if (running) return;
  running = true;
  try {
    while (stale) {
      stale = false;
      const digit = toDigit(inkOf(ink.getImageData(0, 0, pad.width, pad.height)));
      showSeen(digit);
      show(digit && (await infer(digit)));
    }
  } catch (error) {
    // A lost device comes back with a new session, at the next stroke.
    session = undefined;
    showError(error);
  } finally {
    running = false;
  }
};

// --- Drawing -------------------------------------------------------------------------------------------------------

let last: { x: number; y: number } | undefined;

const pointOf = ({ clientX, clientY }: PointerEvent): { x: number; y: number } => {
  const { left, top, width, height } = pad.getBoundingClientRect();
  return { x: ((clientX - left) / width) * pad.width, y: ((clientY - top) / height) * pad.height };
};

const lineTo = (point: { x: number; y: number }): void => {
  const from = last ?? point;
  ink.beginPath();
  ink.lineWidth = PEN_WIDTH;
  ink.lineCap = 'round';
  ink.moveTo(from.x, from.y);
  ink.lineTo(point.x, point.y);
  ink.stroke();
  last = point;
};

const clear = (): void => {
  ink.clearRect(0, 0, pad.width, pad.height);
  last = undefined;
};

pad.addEventListener('pointerdown', (event) => {
  if (!event.isPrimary || event.button !== 0) return;
  pad.setPointerCapture(event.pointerId);
  lineTo(pointOf(event));
  void read();
});
pad.addEventListener('pointermove', (event) => {
  if (!last || !event.isPrimary) return;
  const moves = event.getCoalescedEvents?.() ?? [];
  for (const move of moves.length > 0 ? moves : [event]) lineTo(pointOf(move));
  void read();
});
for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) {
  pad.addEventListener(end, () => (last = undefined));
}

element('clear').addEventListener('click', () => {
  clear();
  void read();
});

// --- Examples ------------------------------------------------------------------------------------------------------

/** Puts a picture of light strokes on black onto the pad, as ink. */
const drawPicture = (image: HTMLImageElement): void => {
  clear();
  ink.drawImage(image, 0, 0, pad.width, pad.height);
  const picture = ink.getImageData(0, 0, pad.width, pad.height);
  for (let i = 0; i < picture.data.length; i += 4) {
    picture.data[i + 3] = picture.data[i] as number;
    picture.data.fill(0, i, i + 3);
  }
  ink.putImageData(picture, 0, 0);
};

for (const [path, url] of Object.entries(exampleUrls).sort()) {
  const name = path.replace(/^.*\//, '').replace(/\.png$/, '');
  const image = new Image();
  image.src = url;
  image.alt = '';
  const button = document.createElement('button');
  button.type = 'button';
  button.ariaLabel = `Example ${name}`;
  button.append(image);
  button.addEventListener('click', async () => {
    await image.decode();
    drawPicture(image);
    await read();
  });
  element('examples').append(button);
}

show(undefined);
(session = open()).catch(showError);
