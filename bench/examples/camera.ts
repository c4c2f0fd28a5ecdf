import { imageToTensor, type Preprocessing, type Tensor } from '../../src/index.js';
import { classify, element, type Guess, ModelPanel, showError, showGuesses } from './model-panel.js';
import { syntheticStream } from './synthetic-stream.js';

const video = element<HTMLVideoElement>('video');
const overlay = element<HTMLCanvasElement>('overlay');
const start = element<HTMLButtonElement>('start');
const stop = element<HTMLButtonElement>('stop');

let stream: { readonly media: MediaStream; readonly stop: () => void } | undefined;

const openCamera = async (): Promise<typeof stream> => {
  if (!navigator.mediaDevices) throw new Error('this browser gives no page a camera here: open the page over https');
  const media = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  return {
    media,
    stop: () => {
      for (const track of media.getTracks()) track.stop();
    },
  };
};

const panel = new ModelPanel(() => undefined);

/** 'auto' would look at pixels on the host, where a frame has none: the checkbox says it instead. */
const preprocessingFor = (given: Preprocessing): Preprocessing => ({
  ...given,
  invert: element<HTMLInputElement>('invert').checked,
});

/** The frame as the model's input: an external texture on the GPU, never on the host. */
const tensorOf = async (preprocessing: Preprocessing): Promise<Tensor> => {
  if (typeof VideoFrame === 'undefined') return await imageToTensor(video, preprocessing);
  const frame = new VideoFrame(video);
  try {
    return await imageToTensor(frame, preprocessing);
  } finally {
    frame.close();
  }
};

/** Says over the picture what was recognised. */
const draw = ([best]: readonly Guess[]): void => {
  if (overlay.width !== video.videoWidth || overlay.height !== video.videoHeight) {
    [overlay.width, overlay.height] = [video.videoWidth, video.videoHeight];
  }
  const context = overlay.getContext('2d') as CanvasRenderingContext2D;
  const size = Math.round(overlay.height / 12);
  context.clearRect(0, 0, overlay.width, overlay.height);
  if (!best) return;
  const text = `${best.label}  ${Math.round(100 * best.probability)} %`;
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.fillStyle = 'rgb(0 0 0 / 65%)';
  context.fillRect(0, 0, context.measureText(text).width + size, 1.6 * size);
  context.fillStyle = '#fff';
  context.fillText(text, size / 2, 1.15 * size);
};

let frames = 0;
let began = 0;

const readFrame = async (): Promise<void> => {
  const classifier = await panel.open();
  // While a model was opened the stream may have had a gap.
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
  const begin = performance.now();
  const guesses = await classify(classifier, await tensorOf(preprocessingFor(classifier.preprocessing)));
  const ms = performance.now() - begin;
  if (!stream) return;
  frames++;
  showGuesses(guesses);
  draw(guesses);
  const rate = (1000 * frames) / (performance.now() - began);
  element('time').textContent = `${ms.toFixed(1)} ms a frame, ${rate.toFixed(1)} frames a second`;
};

/** One frame at a time, each the newest: what the model is too slow for is left out. */
const loop = (own: typeof stream): void => {
  video.requestVideoFrameCallback(async () => {
    if (stream !== own) return;
    try {
      await readFrame();
      loop(own);
    } catch (error) {
      end();
      panel.reset();
      showError(error);
    }
  });
};

const showRunning = (): void => {
  start.disabled = stream !== undefined;
  stop.disabled = stream === undefined;
};

const end = (): void => {
  stream?.stop();
  stream = undefined;
  video.srcObject = null;
  showRunning();
};

const begin = async (): Promise<void> => {
  showError(undefined);
  start.disabled = true;
  try {
    await panel.open();
    stream = element<HTMLSelectElement>('source').value === 'camera' ? await openCamera() : await syntheticStream();
    [frames, began] = [0, performance.now()];
    video.srcObject = stream?.media ?? null;
    const own = stream;
    loop(own);
    // What ends the stream while it begins interrupts this, and has said why.
    await video.play().catch((error: unknown) => {
      if (stream === own) throw error;
    });
  } catch (error) {
    end();
    panel.reset();
    showError(error);
  }
  showRunning();
};

start.addEventListener('click', () => void begin());
stop.addEventListener('click', end);
showGuesses([]);
panel.open().catch(showError);
