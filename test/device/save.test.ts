import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { inferShapes } from '../../src/ops/infer.js';
import { deserialize } from '../../src/plan/serialize.js';
import { testDevice } from '../support/device.js';
import { NetBuilder } from '../support/graphs.js';

const model = (): Uint8Array => {
  const b = new NetBuilder();
  const x = b.input('image', 'float32', ['batch', 3, 8, 8]);
  const y = b.op('Relu', [b.op('Add', [b.conv(b.op('Relu', [b.conv(x, 3, 8, 3)]), 8, 8, 3), b.conv(x, 3, 8, 1)])]);
  b.output(b.op('Gemm', [b.op('Flatten', [b.op('GlobalAveragePool', [y])]), b.weight([8, 5]), b.weight([5])]));
  return exportOnnx(inferShapes(b.build()));
};
const image = (batch: number): Tensor =>
  new Tensor(
    'float32',
    Float32Array.from({ length: batch * 192 }, (_, i) => Math.sin(i)),
    [batch, 3, 8, 8],
  );

const saved = async (): Promise<{ bytes: Uint8Array; session: InferenceSession; output: string }> => {
  const session = await InferenceSession.create(model());
  for (const batch of [1, 3]) await session.run({ image: image(batch) });
  return { bytes: await session.save(), session, output: session.outputNames[0] as string };
};

describe('a saved session', () => {
  it('gives the same results for the shapes that it was run on', async () => {
    const { bytes, session, output } = await saved();
    const restored = await InferenceSession.create(bytes);
    expect(restored.inputMetadata).toEqual(session.inputMetadata);
    expect(restored.outputMetadata).toEqual(session.outputMetadata);
    for (const batch of [1, 3]) {
      const [a, b] = await Promise.all([session, restored].map((s) => s.run({ image: image(batch) })));
      expect(b?.[output]?.data).toEqual(a?.[output]?.data);
      expect(b?.[output]?.dims).toEqual([batch, 5]);
    }
    expect(await restored.save()).toEqual(bytes);
  });

  it('is read from any view of memory, aligned or not', async () => {
    const { bytes, session, output } = await saved();
    const unaligned = new Uint8Array(bytes.length + 3).subarray(3);
    unaligned.set(bytes);
    const views = [unaligned, ...('Buffer' in globalThis ? [Buffer.from(bytes)] : [])];
    const expected = (await session.run({ image: image(1) }))[output]?.data;
    for (const view of views) {
      const restored = await InferenceSession.create(view);
      expect((await restored.run({ image: image(1) }))[output]?.data).toEqual(expected);
    }
  });

  it('refuses other shapes', async () => {
    const restored = await InferenceSession.create((await saved()).bytes);
    await expect(restored.run({ image: image(2) })).rejects.toMatchObject({ code: 'invalid-feed' });
  });

  it('is refused on another adapter, and by another version', async () => {
    const { bytes } = await saved();
    const { facts } = await testDevice();
    expect(() => deserialize(bytes, { ...facts, description: 'another' })).toThrow(
      expect.objectContaining({ code: 'unsupported-model' }),
    );
    expect(() => deserialize(bytes, { ...facts, limits: { ...facts.limits, maxBufferSize: 1 } })).toThrow(
      expect.objectContaining({ code: 'unsupported-model' }),
    );
    const other = bytes.slice();
    const at = new TextDecoder('latin1').decode(other).indexOf('"version":"') + '"version":"'.length;
    other[at] = '9'.charCodeAt(0);
    expect(() => deserialize(other, facts)).toThrow(/saved by version 9/);
  });

  it('is refused when it was cut off at any length', async () => {
    const { bytes } = await saved();
    const { facts } = await testDevice();
    for (let length = 8; length < bytes.length; length += 997) {
      expect(() => deserialize(bytes.subarray(0, length), facts)).toThrow(expect.objectContaining({ code: 'invalid-model' }));
    }
  });
});
