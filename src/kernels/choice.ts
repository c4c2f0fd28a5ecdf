import type { DeviceFacts } from './facts.js';
import type { Dispatch, KernelRequest } from './kernel.js';

/** One of the ways to run a node: the same results up to rounding, in another time. */
export interface Candidate {
  readonly name: string;
  /** Undefined where it turns out that the device cannot run it so. */
  readonly lower: () => Dispatch[] | undefined;
}

/** The name of the candidate that the rules choose, the first of all. */
export const BY_RULES = 'by-rules';

/** The ways to run a node whose lowering has alternatives. */
export interface Choice {
  /** Nodes of one class are taken to be fastest in the same way: the shape, with what grows rounded to a power of two. */
  readonly shapeClass: string;
  readonly candidates: readonly Candidate[];
}

export type ChoiceOf = (request: KernelRequest) => Choice | undefined;

/** The launches of the candidate that `facts.tuning` names; undefined where it names none that is at hand. */
export const lowerTuned = (request: KernelRequest, choiceOf: ChoiceOf): Dispatch[] | undefined => {
  const { tuning }: DeviceFacts = request.facts;
  const choice = tuning && choiceOf(request);
  if (!choice || !Object.hasOwn(tuning, choice.shapeClass)) return undefined;
  const wanted = tuning[choice.shapeClass];
  return choice.candidates.find(({ name }) => name === wanted && name !== BY_RULES)?.lower();
};

/** The power of two that is nearest on a logarithmic scale; 0 stays. */
export const rounded = (n: number): number => (n === 0 ? 0 : 2 ** Math.round(Math.log2(n)));
