/** The compute pass of an encoder, begun when a dispatch needs it and ended when a copy does. */
export class PassHolder {
  readonly #encoder: GPUCommandEncoder;
  readonly #descriptor: GPUComputePassDescriptor | undefined;
  #pass: GPUComputePassEncoder | undefined;

  constructor(encoder: GPUCommandEncoder, descriptor?: GPUComputePassDescriptor) {
    this.#encoder = encoder;
    this.#descriptor = descriptor;
  }

  get open(): GPUComputePassEncoder {
    return (this.#pass ??= this.#encoder.beginComputePass(this.#descriptor));
  }

  end(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }
}
