import { SIDE } from './augment.js';
import { ConvReluPool, Dense, type Parameter } from './layers.js';

/** LeNet-5 for 28x28 pictures, with Relu and max pooling. */
export class LeNet5 {
  readonly #conv1: ConvReluPool;
  readonly #conv2: ConvReluPool;
  readonly #dense: readonly [Dense, Dense, Dense];
  /** Gradients of what flows between the layers. */
  readonly #gradients = [0, 6 * 14 * 14, 16 * 5 * 5, 120, 84, 10].map((size) => new Float64Array(size));

  constructor(next: () => number) {
    this.#conv1 = new ConvReluPool('conv1', 1, 6, SIDE, 2, next);
    this.#conv2 = new ConvReluPool('conv2', 6, 16, 14, 0, next);
    this.#dense = [
      new Dense('fc1', 16 * 5 * 5, 120, true, next),
      new Dense('fc2', 120, 84, true, next),
      new Dense('fc3', 84, 10, false, next),
    ];
  }

  get parameters(): Parameter[] {
    return [this.#conv1, this.#conv2, ...this.#dense].flatMap(({ weight, bias }) => [weight, bias]);
  }

  /** The logits; valid until the next call. */
  forward(image: Float64Array): Float64Array {
    const features = this.#conv2.forward(this.#conv1.forward(image));
    return this.#dense.reduce((x, layer) => layer.forward(x), features);
  }

  /** Adds the gradients of the cross-entropy of one picture; returns the loss. */
  learn(image: Float64Array, label: number): number {
    const [, g1, g2, g3, g4, g5] = this.#gradients as [
      never,
      ...[Float64Array, Float64Array, Float64Array, Float64Array, Float64Array],
    ];
    const probabilities = softmax(this.forward(image));
    g5.set(probabilities);
    g5[label]! -= 1;
    const [fc1, fc2, fc3] = this.#dense;
    fc3.backward(g5, g4);
    fc2.backward(g4, g3);
    fc1.backward(g3, g2);
    this.#conv2.backward(g2, g1);
    this.#conv1.backward(g1);
    return -Math.log(Math.max(probabilities[label] as number, 1e-30));
  }
}

const softmax = (logits: Float64Array): Float64Array => {
  const most = Math.max(...logits);
  const exps = logits.map((v) => Math.exp(v - most));
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((v) => v / sum);
};
