/**
 * Layers that learn, one picture at a time. Numbers are float64: on V8 that is as fast as float32, and small gradients
 * add up without loss. Channels come first everywhere.
 */

/** Learned numbers with their running mean, the gradient of the batch and Adam's moments. */
export class Parameter {
  readonly value: Float64Array;
  readonly average: Float64Array;
  readonly gradient: Float64Array;
  readonly mean: Float64Array;
  readonly square: Float64Array;

  /** Uniform in +-bound. */
  constructor(
    readonly name: string,
    readonly shape: readonly number[],
    bound: number,
    next: () => number,
  ) {
    const size = shape.reduce((a, b) => a * b, 1);
    this.value = Float64Array.from({ length: size }, () => (2 * next() - 1) * bound);
    this.average = new Float64Array(size);
    this.gradient = new Float64Array(size);
    this.mean = new Float64Array(size);
    this.square = new Float64Array(size);
  }
}

const K = 5;

/** Convolution 5x5, Relu and 2x2 max pooling in one: [channels, side, side] to [filters, half, half]. */
export class ConvReluPool {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly output: Float64Array;
  readonly #outSide: number;
  readonly #patchSize: number;
  /** For each output pixel of the convolution, the input pixels under the kernel: their places (-1 in the padding). */
  readonly #taps: Int32Array;
  readonly #patches: Float64Array;
  readonly #patchGradient: Float64Array;
  readonly #sums: Float64Array;
  /** Where each pooled maximum came from. */
  readonly #winners: Int32Array;

  constructor(
    name: string,
    channels: number,
    readonly filters: number,
    side: number,
    pad: number,
    next: () => number,
  ) {
    this.#outSide = side + 2 * pad - K + 1;
    this.#patchSize = channels * K * K;
    const pixels = this.#outSide ** 2;
    this.#taps = tapsOf(channels, side, pad, this.#outSide);
    this.#patches = new Float64Array(this.#taps.length);
    this.#patchGradient = new Float64Array(this.#taps.length);
    this.#sums = new Float64Array(filters * pixels);
    this.output = new Float64Array((filters * pixels) / 4);
    this.#winners = new Int32Array(this.output.length);
    this.weight = new Parameter(name, [filters, channels, K, K], Math.sqrt(6 / this.#patchSize), next);
    this.bias = new Parameter(`${name}.bias`, [filters], 0, next);
  }

  forward(input: Float64Array): Float64Array {
    this.#taps.forEach((pixel, i) => {
      this.#patches[i] = pixel < 0 ? 0 : (input[pixel] as number);
    });
    this.#convolve();
    this.#pool();
    return this.output;
  }

  /** Adds to the gradients; writes the gradient of the input where it is asked for. */
  backward(gradient: Float64Array, inputGradient?: Float64Array): void {
    const size = this.#patchSize;
    const perFilter = this.output.length / this.filters;
    const { gradient: weightGradient } = this.weight;
    const { value: weight } = this.weight;
    const patchGradient = this.#patchGradient.fill(0);
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i] as number;
      // Relu lets nothing back where it gave 0; pooling lets it back to the winner alone.
      if (g === 0 || (this.output[i] as number) <= 0) continue;
      const filter = Math.floor(i / perFilter);
      this.bias.gradient[filter]! += g;
      const patch = (this.#winners[i] as number) * size;
      const row = filter * size;
      for (let k = 0; k < size; k++) weightGradient[row + k]! += g * (this.#patches[patch + k] as number);
      if (inputGradient) for (let k = 0; k < size; k++) patchGradient[patch + k]! += g * (weight[row + k] as number);
    }
    inputGradient?.fill(0);
    if (inputGradient) {
      this.#taps.forEach((pixel, i) => {
        if (pixel >= 0) inputGradient[pixel]! += patchGradient[i] as number;
      });
    }
  }

  /** Two filters by two pixels at a time: four sums for four loads. */
  #convolve(): void {
    const size = this.#patchSize;
    const pixels = this.#outSide ** 2;
    const sums = this.#sums;
    const patches = this.#patches;
    const { value: weight } = this.weight;
    for (let f = 0; f < this.filters; f += 2) {
      const [b0, b1] = [this.bias.value[f] as number, this.bias.value[f + 1] as number];
      for (let p = 0; p < pixels; p += 2) {
        let [s00, s01, s10, s11] = [b0, b0, b1, b1];
        for (let k = 0; k < size; k++) {
          const w0 = weight[f * size + k] as number;
          const w1 = weight[(f + 1) * size + k] as number;
          const x0 = patches[p * size + k] as number;
          const x1 = patches[(p + 1) * size + k] as number;
          s00 += w0 * x0;
          s01 += w0 * x1;
          s10 += w1 * x0;
          s11 += w1 * x1;
        }
        sums[f * pixels + p] = s00;
        sums[f * pixels + p + 1] = s01;
        sums[(f + 1) * pixels + p] = s10;
        sums[(f + 1) * pixels + p + 1] = s11;
      }
    }
  }

  #pool(): void {
    const side = this.#outSide;
    const others = [1, side, side + 1];
    let i = 0;
    for (let f = 0; f < this.filters; f++) {
      for (let y = 0; y < side; y += 2) {
        for (let x = 0; x < side; x += 2) {
          const first = y * side + x;
          let winner = first;
          let best = this.#sums[f * side * side + winner] as number;
          for (const offset of others) {
            const pixel = first + offset;
            const value = this.#sums[f * side * side + pixel] as number;
            if (value <= best) continue;
            best = value;
            winner = pixel;
          }
          this.#winners[i] = winner;
          this.output[i++] = Math.max(0, best);
        }
      }
    }
  }
}

const tapsOf = (channels: number, side: number, pad: number, outSide: number): Int32Array => {
  const taps: number[] = [];
  for (let y = -pad; y < outSide - pad; y++) {
    for (let x = -pad; x < outSide - pad; x++) {
      for (let c = 0; c < channels; c++) {
        for (let ky = y; ky < y + K; ky++) {
          for (let kx = x; kx < x + K; kx++) {
            const inside = ky >= 0 && ky < side && kx >= 0 && kx < side;
            taps.push(inside ? (c * side + ky) * side + kx : -1);
          }
        }
      }
    }
  }
  return Int32Array.from(taps);
};

/** y = W x + b, with Relu unless it is the last layer. */
export class Dense {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly output: Float64Array;
  #input: Float64Array = new Float64Array(0);

  constructor(
    name: string,
    readonly inputs: number,
    readonly outputs: number,
    readonly relu: boolean,
    next: () => number,
  ) {
    this.weight = new Parameter(name, [outputs, inputs], Math.sqrt((relu ? 6 : 3) / inputs), next);
    this.bias = new Parameter(`${name}.bias`, [outputs], 0, next);
    this.output = new Float64Array(outputs);
  }

  forward(input: Float64Array): Float64Array {
    this.#input = input;
    const { value: weight } = this.weight;
    for (let o = 0; o < this.outputs; o++) {
      let sum = this.bias.value[o] as number;
      const row = o * this.inputs;
      for (let i = 0; i < this.inputs; i++) sum += (weight[row + i] as number) * (input[i] as number);
      this.output[o] = this.relu && sum < 0 ? 0 : sum;
    }
    return this.output;
  }

  backward(gradient: Float64Array, inputGradient: Float64Array): void {
    const { value: weight, gradient: weightGradient } = this.weight;
    inputGradient.fill(0);
    for (let o = 0; o < this.outputs; o++) {
      const g = gradient[o] as number;
      if (g === 0 || (this.relu && (this.output[o] as number) <= 0)) continue;
      this.bias.gradient[o]! += g;
      const row = o * this.inputs;
      for (let i = 0; i < this.inputs; i++) {
        weightGradient[row + i]! += g * (this.#input[i] as number);
        inputGradient[i]! += g * (weight[row + i] as number);
      }
    }
  }
}
