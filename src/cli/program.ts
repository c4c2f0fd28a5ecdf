import { Command, CommanderError } from 'commander';
import { TilewiseError } from '../errors.js';
import { loadSubgraphs } from '../importers/onnx/index.js';
import { loadCpuKernels } from '../kernels/cpu-family.js';
import { loadLowerings } from '../kernels/select.js';
import { moreLowerings } from '../kernels/select-more.js';
import { loadOperators } from '../ops/index.js';
import { loadPasses } from '../passes/index.js';
import type { Plan } from '../plan/plan.js';
import { addBench } from './bench.js';
import { addCompare } from './compare.js';
import { addConformance } from './conformance.js';
import type { CommandContext } from './context.js';
import { packageVersion } from './files.js';
import { addInspect } from './inspect.js';
import { addLlmInt8 } from './llm-int8.js';
import { addModels } from './models.js';
import { addProfile } from './profile.js';
import { addQuantize } from './quantize.js';
import { addReparameterize } from './reparameterize.js';
import { addRun } from './run.js';
import { addServe } from './serve.js';
import type { Terminal } from './terminal.js';
import { addTune } from './tune.js';
import { addWorker } from './worker.js';

const EXAMPLE = `
Example:
  $ tilewise run model.onnx picture.jpg --top 3

DEBUG=tilewise shows the stack of an error.
`;

/** The command line without the process: parses `args`, runs the command and returns the exit code. */
export const runCli = async (
  args: readonly string[],
  terminal: Terminal,
  options: { readonly debug?: boolean; readonly alter?: (plan: Plan) => Plan } = {},
): Promise<number> => {
  let code = 0;
  const finish = (value: number): void => {
    code = value;
  };
  await loadOperators();
  await loadSubgraphs();
  await loadLowerings(moreLowerings.keys());
  await loadCpuKernels();
  await loadPasses(moreLowerings.keys());
  const program = buildProgram({ terminal, finish, alter: options.alter });
  if (args.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return reportError(error, terminal, options.debug ?? false);
  }
};

const buildProgram = (context: CommandContext): Command => {
  const { terminal } = context;
  const withoutBreak = (text: string): string => text.replace(/\n$/, '');
  const program = new Command('tilewise')
    .description('Run ONNX models on WebGPU: in a terminal as in a browser.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(withoutBreak(text)),
      writeErr: (text) => terminal.err(withoutBreak(text)),
      // Errors are reported once, by `reportError`.
      outputError: () => undefined,
    })
    .addHelpText('after', EXAMPLE);
  for (const add of [
    addRun,
    addInspect,
    addCompare,
    addProfile,
    addTune,
    addModels,
    addQuantize,
    addLlmInt8,
    addReparameterize,
    addConformance,
    addBench,
    addServe,
    addWorker,
  ])
    add(program, context);
  return program;
};

/** `error: what` and, where something can be done, `hint: what to do`; the exit code is 1. */
const reportError = (error: unknown, terminal: Terminal, debug: boolean): number => {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const { message, hint } = error instanceof CommanderError ? commanderWords(error) : ownWords(error);
  terminal.err(`error: ${oneLine(message)}`);
  if (hint !== undefined) terminal.err(`hint: ${oneLine(hint)}`);
  if (debug && error instanceof Error) terminal.err(stackOf(error));
  return 1;
};

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ');

/** Commander puts its suggestion on a line of its own, in brackets. */
const commanderWords = ({ message }: CommanderError): { message: string; hint: string } => {
  const suggestion = /\n\((Did you mean .*)\)/s.exec(message);
  return {
    message: message.replace(/^error: /, '').replace(suggestion?.[0] ?? '', ''),
    hint: suggestion
      ? `${suggestion[1]} (tilewise --help lists all)`
      : 'tilewise --help lists commands, tilewise COMMAND --help options',
  };
};

const ownWords = (error: unknown): { message: string; hint: string | undefined } => {
  if (error instanceof TilewiseError) return { message: error.message, hint: error.hint };
  const message = error instanceof Error ? error.message : String(error);
  return { message, hint: 'DEBUG=tilewise shows where it happened' };
};

const stackOf = (error: Error): string => {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
};
