import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { roundHalfEven } from '../src/tensor/float16.js';
import { Tensor } from '../src/tensor/tensor.js';

/** Labelled inputs of one model. */
export interface Labelled {
  readonly name: string;
  readonly input: string;
  readonly samples: readonly Tensor[];
  readonly labels: readonly number[];
}

interface Preprocess {
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly nhwc?: boolean;
  readonly shape?: readonly number[];
  /** Integers (v - zero) * scale, as [scale, zero]. */
  readonly scaleIn?: readonly [number, number];
}

/** One way to measure a model, as manifest.json states it. */
export interface Evaluation {
  readonly dataset: string;
  readonly preprocess: Preprocess;
}

interface Raw {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Of one item, HWC. */
  readonly items: readonly ArrayLike<number>[];
  readonly labels: readonly number[];
}

/** Folder, extents [height, width, channels] and file of each data set of raw bytes. */
const RAW: Readonly<Record<string, readonly [folder: string, extents: readonly [number, number, number], file: string]>> = {
  mnist: ['mnist', [28, 28, 1], 'images.u8'],
  'mnist-train': ['mnist-train', [28, 28, 1], 'images.u8'],
  ic01: ['cifar10_raw', [32, 32, 3], 'images.u8'],
  cifar1000: ['cifar10_jpeg', [32, 32, 3], 'images.u8'],
  vww01: ['vww', [96, 96, 3], 'images.u8'],
  kws01: ['kws', [49, 10, 1], 'mfcc.i8'],
};

const readRaw = async (folder: string, name: string, most: number): Promise<Raw> => {
  if (name.startsWith('imagenet')) return readPictures(join(folder, 'imagenet'), Number(name.slice('imagenet'.length)), most);
  const [path, [height, width, channels], file] = RAW[name] as (typeof RAW)[string];
  const bytes = await readFile(join(folder, path, file));
  const labels = await readFile(join(folder, path, 'labels.u8'));
  const data = file.endsWith('.i8') ? new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
  const size = height * width * channels;
  const count = Math.min(most, labels.length);
  const items = Array.from({ length: count }, (_, i) => data.subarray(i * size, (i + 1) * size));
  return { width, height, channels, items, labels: [...labels.subarray(0, count)] };
};

/** The centre of pictures whose short side is 256. */
const readPictures = async (folder: string, side: number, most: number): Promise<Raw> => {
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as { file: string; label: number }[];
  const used = index.slice(0, most);
  const items: Uint8Array[] = [];
  for (const { file } of used) {
    const picture = sharp(join(folder, 'jpg', file));
    const { width = 0, height = 0 } = await picture.metadata();
    const [left, top] = [roundHalfEven((width - side) / 2), roundHalfEven((height - side) / 2)];
    items.push(await picture.extract({ left, top, width: side, height: side }).removeAlpha().raw().toBuffer());
  }
  return { width: side, height: side, channels: 3, items, labels: used.map(({ label }) => label) };
};

/** The items as a model wants them. */
export const loadLabelled = async (
  folder: string,
  { dataset, preprocess }: Evaluation,
  input: string,
  most = Number.POSITIVE_INFINITY,
): Promise<Labelled> => {
  const raw = await readRaw(folder, dataset, most);
  return { name: dataset, input, samples: raw.items.map((item) => tensorOf(item, raw, preprocess)), labels: raw.labels };
};

const tensorOf = (item: ArrayLike<number>, { width, height, channels }: Raw, preprocess: Preprocess): Tensor => {
  const { scale = 1, mean = [0], std = [1], nhwc = false, shape, scaleIn } = preprocess;
  const data = new Float32Array(item.length);
  const pixels = width * height;
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < channels; c++) {
      const v = item[p * channels + c] as number;
      const k = (list: readonly number[]): number => list[list.length === 1 ? 0 : c] as number;
      const x = scaleIn ? (v - scaleIn[1]) * scaleIn[0] : (v * scale - k(mean)) / k(std);
      data[nhwc ? p * channels + c : c * pixels + p] = x;
    }
  }
  return new Tensor('float32', data, shape ?? (nhwc ? [1, height, width, channels] : [1, channels, height, width]));
};
