import { exportOnnx } from './exporters/onnx.js';
import type { Graph } from './graph/graph.js';
import { importOnnx } from './importers/onnx/index.js';
import { addOperators } from './ops/index.js';
import { moreOperators } from './ops/more.js';
import { restructure } from './passes/index.js';

addOperators(moreOperators);

export interface Reparameterization {
  /** The restructured model, as an ONNX file. */
  readonly model: Uint8Array;
  readonly before: Graph;
  readonly after: Graph;
}

/**
 * Structural re-parameterization of a model file: BatchNormalization and constant scales go into the weights, and sums of
 * parallel branches (RepVGG, diverse branch blocks) become single convolutions. The result computes the same function
 * within rounding and is an ordinary ONNX file.
 *
 *     const { model } = reparameterize(await readFile('repvgg-train.onnx'));
 *
 * Throws what loading the model throws, and `unsupported-model` where something in it has no ONNX form.
 */
export const reparameterize = (bytes: Uint8Array): Reparameterization => {
  const before = importOnnx(bytes);
  const after = restructure(before);
  return { model: exportOnnx(after), before, after };
};
