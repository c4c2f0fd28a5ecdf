import { TilewiseError } from '../errors.js';
import { toNumbers } from '../tensor/convert.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Runtime, Sample } from './runtime.js';

/** A sample of one item and the class that it belongs to. */
export interface LabelledSample {
  readonly sample: Sample;
  readonly label: number;
}

export interface Accuracy {
  /** Share of items whose class has the highest score; where scores tie, the first of them counts. */
  readonly top1: number;
  readonly count: number;
  /** The class found for each item. */
  readonly found: readonly number[];
}

/** The class of the highest score in a model's first output. */
export const classOf = (scores: ArrayLike<number>): number => {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i;
  return best;
};

/** Runs a classifier on labelled samples. Throws `invalid-argument` where there are none. */
export const measureAccuracy = async (
  model: Uint8Array,
  labelled: readonly LabelledSample[],
  runtime: Runtime,
  onProgress?: (done: number, total: number) => void,
): Promise<Accuracy> => {
  if (labelled.length === 0) throw new TilewiseError('invalid-argument', 'there is no labelled data');
  const session = await runtime.create(model);
  const found: number[] = [];
  try {
    for (const { sample } of labelled) {
      const [scores] = Object.values(await session.run(sample)) as [Tensor];
      found.push(classOf(toNumbers(scores.type, scores.data)));
      onProgress?.(found.length, labelled.length);
    }
  } finally {
    await session.release();
  }
  const right = labelled.filter(({ label }, i) => label === found[i]).length;
  return { top1: right / labelled.length, count: labelled.length, found };
};
