/**
 * Trains the digit classifier that comes with this project.
 *
 *     npm run train -- TRAIN_FOLDER TEST_FOLDER [--epochs 60] [--seed 1]
 *
 * Each folder holds images.u8 (bytes [n, 28, 28], 0 = background) and labels.u8 (bytes [n]). MNIST in that form comes
 * from the four IDX files (https://huggingface.co/datasets/ylecun/mnist has links to them): after gunzip,
 *
 *     tail -c +17 train-images-idx3-ubyte > train/images.u8
 *     tail -c +9  train-labels-idx1-ubyte > train/labels.u8
 *
 * and the same for the t10k files. Writes models/lenet5.onnx and models/lenet5.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportOnnx } from '../src/exporters/onnx.js';
import { adamStep } from './lenet5/adam.js';
import { distort, plain, SIDE } from './lenet5/augment.js';
import { type Dataset, readDataset } from './lenet5/dataset.js';
import type { Parameter } from './lenet5/layers.js';
import { LeNet5 } from './lenet5/network.js';
import { seeded, shuffled } from './lenet5/random.js';
import { lenet5Graph } from './lenet5/to-graph.js';

const USAGE = `Usage: npm run train -- TRAIN_FOLDER TEST_FOLDER [--epochs 60] [--seed 1] [--out models]

Each folder holds images.u8 (bytes [n, 28, 28], 0 = background) and labels.u8 (bytes [n]).
MNIST in that form: take the IDX files (https://huggingface.co/datasets/ylecun/mnist links to them), gunzip them, and
  tail -c +17 train-images-idx3-ubyte > train/images.u8
  tail -c +9  train-labels-idx1-ubyte > train/labels.u8
and the same for the t10k files.`;

const BATCH = 32;
const RATE = 2e-3;
const WEIGHT_DECAY = 1e-2;
/** The weights that are kept are a running mean: each step moves them by this part. */
const AVERAGING = 2e-3;

const train = (
  network: LeNet5,
  data: Dataset,
  epochs: number,
  next: () => number,
  onEpoch: (epoch: number, loss: number) => void,
): void => {
  const image = new Float64Array(SIDE * SIDE);
  const { parameters } = network;
  const steps = epochs * Math.ceil(data.count / BATCH);
  let step = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = shuffled(data.count, next);
    let loss = 0;
    for (let start = 0; start < order.length; start += BATCH) {
      const batch = order.slice(start, start + BATCH);
      for (const index of batch) {
        distort(data.image(index), next, image);
        loss += network.learn(image, data.labels[index] as number);
      }
      step++;
      adamStep(parameters, step, rateAt(step, steps), batch.length, WEIGHT_DECAY);
      average(parameters, step);
    }
    onEpoch(epoch, loss / data.count);
  }
};

/** A short warm-up, then half a cosine down to 0. */
const rateAt = (step: number, steps: number): number =>
  RATE * Math.min(1, step / 200) * 0.5 * (1 + Math.cos((Math.PI * step) / steps));

const average = (parameters: readonly Parameter[], step: number): void => {
  const part = Math.max(AVERAGING, 1 / step);
  for (const { value, average: mean } of parameters) {
    for (let i = 0; i < value.length; i++) mean[i]! += part * ((value[i] as number) - (mean[i] as number));
  }
};

/** Pictures that the averaged weights, rounded to float32, classify right. */
const measure = (network: LeNet5, data: Dataset): number => {
  const image = new Float64Array(SIDE * SIDE);
  const learned = network.parameters.map(({ value }) => value.slice());
  for (const { value, average: mean } of network.parameters) value.set(Float32Array.from(mean));
  let right = 0;
  for (let i = 0; i < data.count; i++) {
    plain(data.image(i), image);
    const logits = network.forward(image);
    if (logits.indexOf(Math.max(...logits)) === data.labels[i]) right++;
  }
  network.parameters.forEach(({ value }, i) => value.set(learned[i] as Float64Array));
  return right;
};

const main = (): void => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      epochs: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      out: { type: 'string', default: 'models' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [trainFolder, testFolder] = positionals;
  if (values.help || !trainFolder || !testFolder) {
    console.log(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const [epochs, seed] = [Number(values.epochs), Number(values.seed)];
  const [data, test] = [readDataset(trainFolder), readDataset(testFolder)];
  const next = seeded(seed);
  const network = new LeNet5(next);
  const started = performance.now();
  train(network, data, epochs, next, (epoch, loss) => {
    const right = epoch % 5 === 0 || epoch === epochs ? `  ${measure(network, test)} of ${test.count} right` : '';
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(`epoch ${epoch}/${epochs}  loss ${loss.toFixed(4)}${right}  ${seconds} s`);
  });
  write(values.out, network, { epochs, seed, train: data.count, test: test.count, right: measure(network, test) });
};

interface Result {
  readonly epochs: number;
  readonly seed: number;
  readonly train: number;
  readonly test: number;
  readonly right: number;
}

const write = (folder: string, { parameters }: LeNet5, { epochs, seed, train, test, right }: Result): void => {
  const graph = lenet5Graph(new Map(parameters.map(({ name, shape, average: value }) => [name, { shape, value }])));
  const bytes = exportOnnx(graph, { producer: 'tilewise train-lenet5' });
  const count = parameters.reduce((total, { value }) => total + value.length, 0);
  const facts = {
    task: 'handwritten digits 0 to 9, white on black, 28x28',
    accuracy: right / test,
    correct: right,
    testImages: test,
    trainImages: train,
    epochs,
    seed,
    parameters: count,
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'lenet5.onnx'), bytes);
  writeFileSync(join(folder, 'lenet5.json'), `${JSON.stringify(facts, null, 2)}\n`);
  console.log(`${right} of ${test} right (${((100 * right) / test).toFixed(2)} %); wrote ${bytes.length} bytes`);
};

main();
