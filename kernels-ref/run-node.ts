import { TilewiseError } from '../src/errors.js';
import { type EpilogueStep, epilogueOf, type Node } from '../src/graph/graph.js';
import { fromNumbers, toNumbers } from '../src/tensor/convert.js';
import { Tensor } from '../src/tensor/tensor.js';
import type { Reference, RefOutput, RefTensor } from './reference.js';

export type References = Pick<ReadonlyMap<string, Reference>, 'get'>;

/** Runs one node on the CPU: the operator's reference, its epilogue, and rounding to the output types. */
export const runNode = (
  references: References,
  node: Node,
  inputs: readonly (RefTensor | undefined)[],
  outputs: readonly RefOutput[],
): Tensor[] => {
  const reference = references.get(node.op);
  if (!reference) throw new TilewiseError('unsupported-model', `no CPU reference for operator '${node.op}'`, { node: node.name });
  const results = reference(inputs, node.attributes, outputs);
  return outputs.map((output, i) => {
    const numbers = epilogueOf(node).reduce(
      (data, step) =>
        applyStep(
          references.get(step.op),
          step,
          { ...output, data },
          step.operand === undefined ? undefined : inputs[step.operand],
        ),
      results[i] as Float64Array,
    );
    return new Tensor(output.dtype, fromNumbers(output.dtype, numbers), output.shape);
  });
};

const applyStep = (
  step: Reference | undefined,
  { op, attributes }: EpilogueStep,
  result: RefTensor,
  operand: RefTensor | undefined,
): Float64Array => {
  if (!step) throw new TilewiseError('internal', `'${op}' is not an elementwise step`);
  return step(operand ? [result, operand] : [result], attributes, [result])[0] as Float64Array;
};

export const toRef = (tensor: Tensor): RefTensor => ({
  dtype: tensor.type,
  shape: tensor.dims,
  data: toNumbers(tensor.type, tensor.data),
});
