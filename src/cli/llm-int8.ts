import type { Command } from 'commander';
import { importOnnx } from '../importers/onnx/index.js';
import { bindInputs } from '../inspect.js';
import { type Int8Errors, int8Errors, modelInt8Errors, plantedOutliers } from '../quantize/llm-int8-errors.js';
import { InferenceSession } from '../session.js';
import type { Tensor } from '../tensor/tensor.js';
import type { CommandContext } from './context.js';
import { readBytes } from './files.js';
import { assignFiles, loadFeeds, loadPreprocessing } from './inputs.js';
import { dims, wholeNumber } from './options.js';
import { table, withProgress } from './terminal.js';

const EXAMPLE = `
Example:
  $ tilewise llm-int8                              on data with planted outliers
  $ tilewise llm-int8 transformer.onnx input.npy   on the products of a model

Three ways to multiply in int8: one scale for each matrix; a scale for each row of X and column of W; and the same with
the columns of X that hold outliers multiplied in float32 (LLM.int8(), Dettmers et al. 2022). To write such a model:
tilewise quantize MODEL -o OUT --method llm-int8.
`;

interface Flags {
  readonly threshold: number;
  readonly dims?: ReadonlyMap<string, number>;
  readonly preprocessing?: string;
  readonly seed: number;
  readonly json?: boolean;
}

export const addLlmInt8 = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('llm-int8')
    .description('what outliers cost in int8, and what taking them out gains')
    .argument('[model]', 'an ONNX file (default: random data with planted outliers)')
    .argument('[inputs...]', 'pictures, .npy or raw .bin files; NAME=FILE where the model has several inputs')
    .option('--threshold <t>', 'magnitude from which on a column is an outlier', Number, 6)
    .option('--dims <name=size>', 'size of a symbolic extent, e.g. batch=4 (repeatable)', dims)
    .option('--preprocessing <file>', 'how pictures become inputs (JSON)')
    .option('--seed <n>', 'seed of random data', wholeNumber(0), 1)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLE)
    .action(async (model: string | undefined, inputs: string[], flags: Flags) => {
      const measure = (): Promise<Int8Errors[]> => (model === undefined ? planted(flags) : ofModel(model, inputs, flags));
      const errors = await withProgress(terminal, 'Multiplying in int8', measure);
      terminal.out(flags.json ? JSON.stringify({ threshold: flags.threshold, errors }) : errorTable(errors));
      finish(0);
    });
};

const planted = async ({ threshold, seed }: Flags): Promise<Int8Errors[]> => {
  const { x, weights } = plantedOutliers({ seed });
  return [await int8Errors('planted outliers', x, weights, InferenceSession, { threshold })];
};

const ofModel = async (path: string, inputs: readonly string[], flags: Flags): Promise<Int8Errors[]> => {
  const bytes = await readBytes(path);
  const graph = importOnnx(bytes);
  const { shapes } = bindInputs(graph, flags.dims ?? new Map());
  const preprocessing = await loadPreprocessing(path, flags.preprocessing);
  const [files] = assignFiles(graph, inputs);
  const context = { graph, shapes, preprocessing, seed: flags.seed, note: () => undefined };
  const feeds: Map<string, Tensor> = await loadFeeds(files as NonNullable<typeof files>, context);
  return modelInt8Errors(bytes, Object.fromEntries(feeds), InferenceSession, { threshold: flags.threshold });
};

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

const errorTable = (errors: readonly Int8Errors[]): string =>
  table(
    ['product', 'X', 'W', 'outliers>', 'per tensor>', 'vector-wise>', 'decomposed>'],
    errors.map(({ name, rows, columns, outputs, outliers, perTensor, vectorWise, decomposed }) => [
      name,
      `[${rows}, ${columns}]`,
      `[${columns}, ${outputs}]`,
      outliers,
      percent(perTensor),
      percent(vectorWise),
      percent(decomposed),
    ]),
  );
