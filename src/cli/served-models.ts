import { basename } from 'node:path';
import { TilewiseError } from '../errors.js';
import { openServedModel } from '../server/open-model.js';
import type { ServedModel } from '../server/served-model.js';
import { readBytes } from './files.js';

/** What commands that serve models have in common. */
export interface QueueFlags {
  readonly maxBatch: number;
  readonly maxDelay: number;
  readonly maxPending?: number;
}

/** SIGTERM as orchestrators send it, or ^C. */
export const nextSignal = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });

export const openModels = async (
  files: readonly string[],
  { maxBatch, maxDelay, maxPending }: QueueFlags,
  report: (text: string) => void,
): Promise<ServedModel[]> => {
  const models: ServedModel[] = [];
  for (const argument of files) {
    const { name, file } = nameAndFile(argument);
    if (models.some((model) => model.name === name)) {
      throw new TilewiseError('invalid-argument', `two models are named '${name}'`, { hint: 'name one: other=FILE' });
    }
    report(name);
    models.push(
      await openServedModel(name, await readBytes(file), {
        maxBatch,
        maxDelayMs: maxDelay,
        ...(maxPending !== undefined && { maxPending }),
      }),
    );
  }
  return models;
};

/** `digits=lenet5.onnx`, or the file's name without its ending. */
const nameAndFile = (argument: string): { name: string; file: string } => {
  const match = /^([\w.-]+)=(.+)$/.exec(argument);
  if (match) return { name: match[1] as string, file: match[2] as string };
  return { name: basename(argument).replace(/\.onnx$/, ''), file: argument };
};
