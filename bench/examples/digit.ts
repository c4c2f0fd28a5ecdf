/** Side of the picture that the network reads, and of the box that MNIST fits a digit into. */
export const SIDE = 28;
const BOX = 20;

/** Ink from 0 to 1, row by row. */
export interface Ink {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** The alpha channel of RGBA pixels, as ink. */
export const inkOf = ({ data, width, height }: ImageData): Ink => ({
  data: Float32Array.from({ length: width * height }, (_, i) => (data[4 * i + 3] as number) / 255),
  width,
  height,
});

/**
 * Ink as MNIST's pictures have it: the digit fitted into 20 x 20 with its proportions kept, then placed so that its
 * centre of mass is the centre of 28 x 28. Undefined where there is no ink.
 */
export const toDigit = (ink: Ink): Float32Array | undefined => {
  const box = boundsOf(ink);
  if (!box) return undefined;
  const scale = Math.max(box.width, box.height) / BOX;
  const width = Math.max(1, Math.round(box.width / scale));
  const height = Math.max(1, Math.round(box.height / scale));
  const small = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      small[y * width + x] = average(
        ink,
        box.left + (x * box.width) / width,
        box.top + (y * box.height) / height,
        box.width / width,
        box.height / height,
      );
    }
  }
  return centred({ data: small, width, height });
};

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const boundsOf = ({ data, width, height }: Ink): Box | undefined => {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((data[y * width + x] as number) < 0.1) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
};

/** Mean ink of a rectangle whose corners may lie between pixels. */
const average = ({ data, width, height }: Ink, left: number, top: number, w: number, h: number): number => {
  let sum = 0;
  for (let y = Math.floor(top); y < Math.min(height, top + h); y++) {
    const rows = Math.min(y + 1, top + h) - Math.max(y, top);
    for (let x = Math.floor(left); x < Math.min(width, left + w); x++) {
      sum += rows * (Math.min(x + 1, left + w) - Math.max(x, left)) * (data[y * width + x] as number);
    }
  }
  return sum / (w * h);
};

const centred = ({ data, width, height }: Ink): Float32Array => {
  let [mass, sumX, sumY] = [0, 0, 0];
  data.forEach((v, i) => {
    mass += v;
    sumX += v * ((i % width) + 0.5);
    sumY += v * (Math.floor(i / width) + 0.5);
  });
  const left = clamp(Math.round(SIDE / 2 - sumX / mass), SIDE - width);
  const top = clamp(Math.round(SIDE / 2 - sumY / mass), SIDE - height);
  const out = new Float32Array(SIDE * SIDE);
  for (let y = 0; y < height; y++) out.set(data.subarray(y * width, (y + 1) * width), (top + y) * SIDE + left);
  return out;
};

const clamp = (v: number, most: number): number => Math.min(most, Math.max(0, v));

/** Probabilities from the network's scores. */
export const softmax = (scores: ArrayLike<number>): number[] => {
  const list = Array.from(scores);
  const most = Math.max(...list);
  const powers = list.map((v) => Math.exp(v - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((v) => v / sum);
};
