/** The compute pass of an encoder, begun when a dispatch needs it and ended when a copy does. */
export class PassHolder {
  readonly #encoder: GPUCommandEncoder;
  readonly #descriptor: GPUComputePassDescriptor | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #pipeline: GPUComputePipeline | undefined;

  constructor(encoder: GPUCommandEncoder, descriptor?: GPUComputePassDescriptor) {
    this.#encoder = encoder;
    this.#descriptor = descriptor;
  }

  get open(): GPUComputePassEncoder {
    return (this.#pass ??= this.#encoder.beginComputePass(this.#descriptor));
  }

  /** Encodes a dispatch; a pipeline that the one before it set stays. */
  dispatch(pipeline: GPUComputePipeline, group: GPUBindGroup, x: number, y: number, z: number): void {
    const pass = this.open;
    if (pipeline !== this.#pipeline) pass.setPipeline((this.#pipeline = pipeline));
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(x, y, z);
  }

  end(): void {
    this.#pass?.end();
    this.#pass = this.#pipeline = undefined;
  }
}
