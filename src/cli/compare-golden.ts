import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TilewiseError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import type { Tensor } from '../tensor/tensor.js';
import { fileNameOf, readBytes } from './files.js';
import { castTensor, readNpy } from './npy.js';

/** The NAME.npy files of a folder, by the value of the graph that each is named after, as `run --output` names them. */
export const goldenTensors = async (folder: string, graph: Graph): Promise<Map<string, Tensor>> => {
  const files = new Set(await filesIn(folder));
  const golden = new Map<string, Tensor>();
  for (const { outputs } of graph.nodes) {
    for (const name of outputs) {
      const file = `${fileNameOf(name)}.npy`;
      if (!name || !files.has(file)) continue;
      const tensor = readNpy(await readBytes(join(folder, file)));
      const { dtype } = graph.values.get(name) ?? { dtype: tensor.type };
      golden.set(name, castTensor(tensor, dtype) ?? tensor);
    }
  }
  if (golden.size > 0) return golden;
  throw new TilewiseError('invalid-argument', `no file in ${folder} is named after a value of the model`, {
    hint: `name them NAME.npy; the outputs are: ${graph.outputs.join(', ')}`,
  });
};

const filesIn = async (folder: string): Promise<string[]> => {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new TilewiseError('not-found', `cannot read the folder ${folder}: ${(cause as Error).message}`, { cause });
  }
};
