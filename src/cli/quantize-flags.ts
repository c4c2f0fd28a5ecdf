import { type Command, InvalidArgumentError, Option } from 'commander';
import { TilewiseError } from '../errors.js';
import type { Granularity } from '../quantize/matrix.js';
import { checkOptions, type QuantizeOptions } from '../quantize/options.js';
import type { RangeMethod } from '../quantize/ranges.js';
import { InferenceSession } from '../session.js';
import { wholeNumber } from './options.js';

/** What the command line of `quantize` says. */
export interface Flags {
  readonly output: string;
  readonly weights: 'int8' | 'int4';
  readonly activations?: 'int8' | 'uint8' | 'none';
  readonly method: 'rtn' | 'gptq' | 'llm-int8';
  readonly calibrate?: string;
  readonly samples: number;
  readonly preprocessing?: string;
  readonly ranges?: RangeMethod;
  readonly percentile?: number;
  readonly granularity?: Granularity;
  readonly asymmetric?: boolean;
  readonly symmetricActivations?: boolean;
  readonly clip?: 'min-max' | 'mse';
  readonly equalize?: boolean;
  readonly correctBias?: boolean;
  readonly skip?: string[];
  readonly damping?: number;
  readonly blockSize?: number;
  readonly actOrder: boolean;
  readonly sweeps?: number;
  readonly format?: 'auto' | 'qdq';
  readonly labelled?: string;
  readonly labels?: string;
  readonly maxDrop?: number;
  readonly report?: string;
  readonly json?: boolean;
}

const number = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
};

const granularity = (text: string): Granularity => (text === 'tensor' || text === 'channel' ? text : wholeNumber(1)(text));
const repeated = (text: string, before: string[] = []): string[] => [...before, text];

const choice = (flags: string, description: string, choices: readonly string[]): Option =>
  new Option(flags, description).choices(choices);

export const addOptions = (command: Command): Command => addMeasuring(addCalibration(addWeights(command)));

const addWeights = (command: Command): Command =>
  command
    .addOption(choice('--weights <type>', 'integers of the weights', ['int8', 'int4']).default('int8'))
    .addOption(
      choice('--method <name>', 'rounding to nearest or by GPTQ; or LLM.int8() for the products of a model', [
        'rtn',
        'gptq',
        'llm-int8',
      ]).default('rtn'),
    )
    .option(
      '--granularity <what>',
      'weights that share a scale: tensor, channel or a number (default: channel, 32 for int4)',
      granularity,
    )
    .option('--asymmetric', 'zero points for weights')
    .addOption(choice('--clip <method>', 'scales of weights represent all, or clip (default: mse for int4)', ['min-max', 'mse']))
    .option('--equalize', 'equalise the weights of neighbouring layers first, where weights alone become integers')
    .option('--no-equalize', 'leave the channels of activations as they are')
    .option('--correct-bias', 'take the mean error of rounding off the biases (default where there is calibration data)')
    .option('--no-correct-bias', 'leave the biases as they are')
    .option('--damping <share>', "GPTQ: added to the Hessian's diagonal (default: 0.01)", number)
    .option('--block-size <n>', 'GPTQ: columns of a block (default: 128)', wholeNumber(1))
    .option('--no-act-order', 'GPTQ: columns in their own order')
    .option(
      '--sweeps <n>',
      'GPTQ: times that every integer and scale is fitted to the others afterwards (default: 3)',
      wholeNumber(0),
    )
    .option('--skip <name>', "node to leave as it is; '*' stands for anything (repeatable)", repeated)
    .addOption(choice('--format <name>', 'for weights alone: qdq uses no contrib operators', ['auto', 'qdq']));

const addCalibration = (command: Command): Command =>
  command
    .addOption(
      choice('--activations <type>', 'integers of the activations (default: uint8, none for int4)', ['uint8', 'int8', 'none']),
    )
    .option('--symmetric-activations', 'no zero points for activations')
    .option('--calibrate <path>', 'folder or .npy file of typical inputs')
    .option('--samples <n>', 'most samples to calibrate with', wholeNumber(1), 128)
    .option('--preprocessing <file>', 'how pictures become inputs (JSON)')
    .addOption(
      choice('--ranges <method>', 'how ranges of activations are chosen (default: mse)', [
        'min-max',
        'percentile',
        'mse',
        'entropy',
      ]),
    )
    .option('--percentile <p>', 'choose ranges by this percentile (default: 99.999)', number);

const addMeasuring = (command: Command): Command =>
  command
    .option('--labelled <dir>', 'labelled data to measure accuracy on, before and after')
    .option('--labels <file>', 'names of the classes, where folders are named by them')
    .option('--max-drop <points>', 'leave sensitive layers out until no more accuracy is lost', number)
    .option('--report <file>', 'write a report as HTML, and as JSON beside it')
    .option('--json', 'print one JSON object');

/** The library's options. */
export const optionsOf = (flags: Flags): QuantizeOptions => {
  const { weights, activations, method, ranges, percentile, clip, format, skip, damping, blockSize, sweeps } = flags;
  return {
    weights,
    method: method === 'gptq' ? 'gptq' : 'rtn',
    symmetric: !flags.asymmetric,
    symmetricActivations: flags.symmetricActivations ?? false,
    ...(flags.equalize !== undefined && { equalize: flags.equalize }),
    ...(flags.correctBias !== undefined && { correctBias: flags.correctBias }),
    histograms: flags.report !== undefined,
    gptq: {
      actOrder: flags.actOrder,
      ...(damping !== undefined && { damping }),
      ...(blockSize !== undefined && { blockSize }),
      ...(sweeps !== undefined && { sweeps }),
    },
    ...(activations && { activations }),
    ...(ranges && { ranges }),
    ...(percentile !== undefined && { percentile }),
    ...(flags.granularity !== undefined && { granularity: flags.granularity }),
    ...(clip && { clip }),
    ...(format && { format }),
    ...(skip && { skip }),
  };
};

/** What can be refused before any file but the model is read. */
export const checkFlags = (flags: Flags, given: QuantizeOptions): void => {
  if (flags.method === 'llm-int8') return;
  const calibrated = flags.calibrate === undefined ? {} : { samples: [{}] };
  try {
    checkOptions({ ...given, ...calibrated, runtime: InferenceSession });
  } catch (error) {
    if (!(error instanceof TilewiseError) || flags.calibrate !== undefined) throw error;
    throw new TilewiseError(error.code, error.message, { hint: '--calibrate DIR, or --activations none', cause: error });
  }
  if (flags.maxDrop !== undefined && flags.labelled === undefined) {
    throw new TilewiseError('invalid-argument', '--max-drop wants labelled data', { hint: '--labelled DIR' });
  }
};
