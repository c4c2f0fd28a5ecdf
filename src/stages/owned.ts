import { TilewiseError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';

/** Tensors that one run has left on the device between its stages. */
export class Owned {
  readonly #tensors = new Set<Tensor>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes over tensors of the device; throws `limit-exceeded` where all of them are too large. */
  add(tensors: Iterable<Tensor>): void {
    for (const tensor of tensors) {
      if (tensor.location === 'cpu' || this.#tensors.has(tensor)) continue;
      this.#tensors.add(tensor);
      this.#bytes += 4 * tensor.size;
    }
    if (this.#bytes <= this.#maxBytes) return;
    throw new TilewiseError('limit-exceeded', `the values between the stages of the model take ${this.#bytes} bytes`, {
      hint: `the budget is ${this.#maxBytes} bytes (option maxBytes)`,
    });
  }

  /** Gives back those that are not in `keep`. */
  release(keep: ReadonlySet<Tensor>): void {
    for (const tensor of this.#tensors) {
      if (keep.has(tensor)) continue;
      this.#forget(tensor);
      tensor.dispose();
    }
  }

  /** Leaves a tensor to the caller. */
  hand(tensor: Tensor): Tensor {
    this.#forget(tensor);
    return tensor;
  }

  #forget(tensor: Tensor): void {
    if (this.#tensors.delete(tensor)) this.#bytes -= 4 * tensor.size;
  }
}
