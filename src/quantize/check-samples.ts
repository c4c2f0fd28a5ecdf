import { TilewiseError } from '../errors.js';
import { type Graph, valueNamed } from '../graph/graph.js';
import { shapeText } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { Sample, Samples } from './runtime.js';

/** Throws `invalid-feed` for a sample in a list that is no input of the graph; those that come one by one are run. */
export const checkSamples = (graph: Graph, samples: Samples | undefined): void => {
  if (Array.isArray(samples)) samples.forEach((sample: Sample, i) => checkSample(graph, sample, i));
};

const checkSample = (graph: Graph, sample: Sample, index: number): void => {
  const given = new Map(Object.entries(sample));
  for (const name of graph.inputs) {
    const { dtype, shape } = valueNamed(graph, name);
    const tensor = given.get(name);
    const bad = (message: string): never => {
      throw new TilewiseError('invalid-feed', `sample ${index}: input '${name}' ${message}`, {
        tensor: name,
        hint: `the model's inputs are: ${graph.inputs.join(', ')}`,
      });
    };
    if (!(tensor instanceof Tensor)) {
      bad('is missing');
      continue;
    }
    if (tensor.type !== dtype) bad(`must be ${dtype}, got ${tensor.type}`);
    const fits =
      !shape || (shape.length === tensor.dims.length && shape.every((d, i) => typeof d === 'string' || d === tensor.dims[i]));
    if (!fits) bad(`must have shape ${shapeText(shape)}, got ${shapeText(tensor.dims)}`);
  }
};
