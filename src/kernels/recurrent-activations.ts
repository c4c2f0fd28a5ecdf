import type { Attributes } from '../graph/graph.js';
import type { RecurrentAttributes } from '../ops/recurrent.js';
import { epilogueBody, epilogueLibraries, literal } from './epilogue.js';
import type { Dispatch, KernelRequest } from './kernel.js';

/** A function of the standard's list: the operator that it is, and the defaults of its parameters. */
interface Activation {
  readonly op: string;
  readonly alpha?: number;
  readonly beta?: number;
}

const activations: Readonly<Record<string, Activation>> = {
  affine: { op: 'Affine', alpha: 1, beta: 0 },
  elu: { op: 'Elu', alpha: 1 },
  hardsigmoid: { op: 'HardSigmoid', alpha: 0.2, beta: 0.5 },
  leakyrelu: { op: 'LeakyRelu', alpha: 0.01 },
  relu: { op: 'Relu' },
  scaledtanh: { op: 'ScaledTanh', alpha: 1, beta: 1 },
  sigmoid: { op: 'Sigmoid' },
  softplus: { op: 'Softplus' },
  softsign: { op: 'Softsign' },
  tanh: { op: 'Tanh' },
  thresholdedrelu: { op: 'ThresholdedRelu', alpha: 1 },
};

const byDefault: Readonly<Record<string, readonly string[]>> = {
  RNN: ['tanh'],
  GRU: ['sigmoid', 'tanh'],
  LSTM: ['sigmoid', 'tanh', 'tanh'],
};

interface Step {
  readonly op: string;
  readonly attributes: Attributes;
}

/** The lists of alphas and betas have an entry for each function that takes one, in turn. */
const stepsOf = (names: readonly string[], attributes: RecurrentAttributes): Step[] => {
  const alphas = [...(attributes.activation_alpha ?? [])];
  const betas = [...(attributes.activation_beta ?? [])];
  return names.map((name) => {
    const { op, alpha, beta } = activations[name.toLowerCase()] as Activation;
    return {
      op,
      attributes: {
        ...(alpha !== undefined && { alpha: alphas.shift() ?? alpha }),
        ...(beta !== undefined && { beta: betas.shift() ?? beta }),
      },
    };
  });
};

const bodyOf = (step: Step): string => {
  const [alpha, beta] = ['alpha', 'beta'].map((name) => literal((step.attributes[name] as number | undefined) ?? 0));
  if (step.op === 'Affine') return `return ${alpha} * v + ${beta};`;
  if (step.op !== 'ScaledTanh') return epilogueBody([step]);
  return `{ let v = ${beta} * v; ${epilogueBody([{ op: 'Tanh', attributes: {} }]).replace('return v;', `return ${alpha} * v;`)} }`;
};

/** The bodies of a cell's `activation_f` and so on, which tell the directions apart where these differ, and their helpers. */
export const activationBodies = (
  { op, attributes }: KernelRequest<RecurrentAttributes>,
  directions: number,
): Required<Pick<Dispatch, 'functions' | 'libraries'>> => {
  const own = byDefault[op] as readonly string[];
  const names = attributes.activations ?? Array.from({ length: directions }, () => own).flat();
  const steps = stepsOf(names, attributes);
  const functions = own.map((_, place): [string, string] => {
    const [first, second] = [steps[place], steps[place + own.length]].map((step) => step && bodyOf(step));
    const body = second === undefined || second === first ? first : `if (direction == 1u) { ${second} } ${first}`;
    return [`activation_${'fgh'[place]}`, body as string];
  });
  return { functions: Object.fromEntries(functions), libraries: epilogueLibraries(steps) };
};
