import { GraphBuilder } from '../../src/graph/builder.js';
import type { Attributes } from '../../src/graph/graph.js';
import { withDefaults } from '../../src/ops/attributes.js';
import { operators } from '../../src/ops/index.js';
import { fromNumbers } from '../../src/tensor/convert.js';
import type { DType } from '../../src/tensor/dtype.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { random } from './random.js';

/** A graph builder that fills in attribute defaults and makes seeded random weights. */
export class NetBuilder extends GraphBuilder {
  #constants = 0;
  readonly #next: () => number;

  constructor(seed = 1) {
    super('net');
    this.#next = random(seed);
  }

  op(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const schema = operators.get(op)?.attributes;
    if (!schema) throw new Error(`no operator '${op}'`);
    return this.node(op, inputs, withDefaults(schema, attributes))[0] as string;
  }

  /** Random weights between -scale and scale, or between low and high. */
  weight(shape: readonly number[], low = -0.5, high = -low): string {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.values(
      shape,
      Array.from({ length: size }, () => low + (high - low) * this.#next()),
    );
  }

  values(shape: readonly number[], numbers: readonly number[], dtype: DType = 'float32'): string {
    return this.constant(`c${this.#constants++}`, new Tensor(dtype, fromNumbers(dtype, numbers), shape));
  }

  ints(...numbers: number[]): string {
    return this.values([numbers.length], numbers, 'int64');
  }

  /** Convolution k x k with random weights and bias, padded to keep the size at stride 1. */
  conv(x: string, channelsIn: number, channelsOut: number, k: number, attributes: Attributes & { group?: number } = {}): string {
    const pad = Math.floor(k / 2);
    const weight = this.weight([channelsOut, channelsIn / (attributes.group ?? 1), k, k]);
    return this.op('Conv', [x, weight, this.weight([channelsOut])], {
      kernel_shape: [k, k],
      pads: [pad, pad, pad, pad],
      ...attributes,
    });
  }

  batchNormalization(x: string, channels: number): string {
    const inputs = [this.weight([channels]), this.weight([channels]), this.weight([channels]), this.weight([channels], 0.5, 2)];
    return this.op('BatchNormalization', [x, ...inputs]);
  }
}
