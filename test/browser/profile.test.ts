import { expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { measureRoofs } from '../../src/profile/roofs.js';
import { testDevice } from '../support/device.js';
import { NetBuilder } from '../support/graphs.js';

const model = (): Uint8Array => {
  const b = new NetBuilder();
  const x = b.input('x', 'float32', [1, 3, 12, 12]);
  b.output(b.op('GlobalAveragePool', [b.op('Relu', [b.conv(x, 3, 8, 3)])]));
  return exportOnnx(b.build());
};
const feeds = {
  x: new Tensor(
    'float32',
    Float32Array.from({ length: 432 }, (_, i) => Math.sin(i)),
    [1, 3, 12, 12],
  ),
};

it('profiles a session in a page', async () => {
  const session = await InferenceSession.create(model());
  const roofs = await measureRoofs(await testDevice(), { quick: true });
  for (const figure of Object.values(roofs)) expect(Number.isFinite(figure) && figure > 0).toBe(true);
  const profile = await session.profile(feeds, { runs: 2, roofs });
  expect(profile.commands.length).toBeGreaterThanOrEqual(2);
  expect(profile.kernelSumMs).toBeGreaterThan(0);
  expect(profile.nodes[0]).toMatchObject({ macs: 8 * 144 * 27, dispatches: 1 });
  await session.release();
});

it('compares a session in a page', async () => {
  const session = await InferenceSession.create(model());
  expect((await session.compare(feeds)).first).toBeUndefined();
  const wrong = { [session.outputNames[0] as string]: new Tensor('float32', new Float32Array(8), [1, 8, 1, 1]) };
  expect((await session.compare(feeds, { against: wrong })).first?.comparison.equal).toBe(false);
  await session.release();
});
