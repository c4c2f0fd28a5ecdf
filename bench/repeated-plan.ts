import type { Command, Plan, PlanBuffer } from '../src/plan/plan.js';
import { toDeviceWords } from '../src/tensor/convert.js';
import type { Tensor } from '../src/tensor/tensor.js';

/** The plan with its inputs' data on the device from the start: a run uploads nothing. */
export const withResidentInputs = (plan: Plan, feeds: ReadonlyMap<string, Tensor>): Plan => {
  const buffers: PlanBuffer[] = [...plan.buffers];
  let commands = plan.commands;
  for (const { name, dtype, buffer } of plan.inputs) {
    const words = toDeviceWords(dtype, (feeds.get(name) as Tensor).data, name);
    // Of the input alone: the memory it shares with later values may be larger.
    const bytes = words.byteLength;
    const resident = buffers.push({ role: 'weight', bytes, firstUse: -1, lastUse: commands.length, values: [name], words }) - 1;
    // An input's memory serves other values once it has been read: from the command on that first writes it.
    const written = commands.findIndex((command) => writes(plan, command, buffer));
    const at = (b: number): number => (b === buffer ? resident : b);
    commands = commands.map((command, i) => {
      if (written >= 0 && i >= written) return command;
      if (command.kind === 'copy') return { ...command, from: at(command.from) };
      return command.kind === 'dispatch' ? { ...command, buffers: command.buffers.map(at) } : command;
    });
  }
  return { ...plan, inputs: [], buffers, commands };
};

const writes = ({ pipelines }: Plan, command: Command, buffer: number): boolean => {
  if (command.kind !== 'dispatch') return command.kind === 'copy' ? command.to === buffer : command.buffer === buffer;
  const types = (pipelines[command.pipeline] as Plan['pipelines'][number]).bindings.filter(({ type }) => type !== 'uniform');
  return command.buffers.some((b, i) => b === buffer && types[i]?.type === 'read_write');
};

/** The plan with its commands so many times in a row, of which a run reads back one element only: the end of the wait. */
export const repeated = (plan: Plan, times: number): Plan => ({
  ...plan,
  commands: Array.from({ length: times }, () => plan.commands).flat(),
  outputs: plan.outputs.slice(0, 1).map((output) => ({ ...output, shape: [1] })),
});

/** Inputs, weights and outputs: what any kernel for this work has to move. */
export const compulsoryBytes = ({ buffers }: Plan): number =>
  buffers.reduce((sum, { role, bytes, part }) => sum + (role === 'scratch' || part ? 0 : bytes), 0);
