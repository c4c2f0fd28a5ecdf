import { expect, it } from 'vitest';
import { inferred } from '../../bench/inferred.js';
import { withResidentInputs } from '../../bench/repeated-plan.js';
import { NetBuilder } from '../../bench/support/net-builder.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { Tensor } from '../../src/tensor/tensor.js';

/** Four numbers become 400 that lie where the input was. */
const widening = () => {
  const net = new NetBuilder();
  const wide = net.op('Tile', [net.op('Neg', [net.input('x', 'float32', [4])]), net.ints(100)]);
  net.output(net.op('Neg', [net.op('Abs', [wide])]));
  return buildPlan(inferred(net), defaultFacts);
};

it('keeps an input on the device in memory of its own size, whatever shares it in the plan', () => {
  const plan = widening();
  const input = plan.inputs[0]!.buffer;
  expect(plan.buffers[input]!.bytes).toBe(1600);
  const data = Float32Array.of(1, 2, 3, 4);
  const resident = withResidentInputs(plan, new Map([['x', new Tensor('float32', data, [4])]]));
  expect(resident.inputs).toEqual([]);
  expect(resident.buffers.at(-1)).toMatchObject({ role: 'weight', bytes: 16, words: data });
  const [first, ...rest] = resident.commands.map((command) => (command.kind === 'dispatch' ? command.buffers : []));
  expect(first).toContain(plan.buffers.length);
  for (const buffers of rest) expect(buffers).not.toContain(plan.buffers.length);
});
