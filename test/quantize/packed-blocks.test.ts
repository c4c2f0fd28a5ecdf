import { expect, it } from 'vitest';
import { InferenceSession, type Tensor } from '#tilewise';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { quantize } from '../../src/quantize/quantize.js';
import { NetBuilder } from '../support/graphs.js';
import { openInOnnxRuntime } from '../support/onnxruntime.js';
import { distance, sampleOf } from './nets.js';

// Rows of 200 weights in blocks of 32: which block a weight is in follows from its input, row and column.
it.each([
  [16, true],
  [16, false],
  [6, false],
])('a wide window over few channels reads its weights in blocks: %d outputs, symmetric %s', async (outputs, symmetric) => {
  const b = new NetBuilder(3);
  const x = b.input('x', 'float32', [1, 8, 12, 12]);
  b.output(b.op('Conv', [x, b.weight([outputs, 8, 5, 5]), b.weight([outputs])], { pads: [2, 2, 2, 2] }));
  const { model } = await quantize(exportOnnx(b.build()), { weights: 'int4', symmetric });
  const sample = sampleOf('x', [1, 8, 12, 12], 5);
  const session = await InferenceSession.create(model);
  const [y] = Object.values(await session.run(sample)) as [Tensor];
  const [there] = await (await openInOnnxRuntime(model)).run(sample);
  await session.release();
  expect(distance(y.data as Float32Array, there as Float64Array)).toBeLessThan(1e-5);
});
