import { type ChoiceOf, lowerTuned } from './choice.js';
import { lowerConv } from './conv.js';
import { choiceOfConv } from './conv-choice.js';
import { lowerGemm } from './gemm.js';
import type { Lowering } from './kernel.js';
import { lowerMatMul } from './matmul.js';
import { choiceOfGemm, choiceOfMatMul } from './matmul-choice.js';

/** For the operators whose lowering has alternatives, the ways to run a node. */
export const choices: ReadonlyMap<string, ChoiceOf> = new Map<string, ChoiceOf>([
  ['Conv', choiceOfConv],
  ['Gemm', choiceOfGemm],
  ['MatMul', choiceOfMatMul],
]);

const heeding =
  (choiceOf: ChoiceOf, byRules: Lowering): Lowering =>
  (request) =>
    lowerTuned(request, choiceOf) ?? byRules(request);

/** The lowerings of those operators that heed `facts.tuning`; without it they choose by their rules. */
export const tunedLowerings: ReadonlyMap<string, Lowering> = new Map<string, Lowering>([
  ['Conv', heeding(choiceOfConv, lowerConv)],
  ['Gemm', heeding(choiceOfGemm, lowerGemm)],
  ['MatMul', heeding(choiceOfMatMul, lowerMatMul)],
]);
