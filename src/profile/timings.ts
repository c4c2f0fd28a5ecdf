import type { Device } from '../device/device.js';
import type { Executable } from '../device/executable.js';
import { type GpuClock, type RepeatedStep, sampleRepeated } from '../device/timed-run.js';

export interface Measuring {
  readonly runs: number;
  readonly clock: GpuClock;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (text: string) => void;
}

/** Milliseconds of every command by itself, and of the run as a whole. */
export interface CommandTimes {
  readonly times: readonly number[];
  readonly gpuMs: number;
}

/** A range of commands that is submitted, and timed, as one. */
type Piece = readonly [from: number, to: number];

/** Milliseconds that the repeats of one command take together, so that a coarse clock can tell them. */
const TARGET_MS = { gpu: 2, cpu: 1 } as const;
/** The host's clock also sees the way to the GPU and back, which differs from submit to submit. */
const HOST_CLOCK_FACTOR = 10;

/** A submit is to stay below this: systems reset a GPU that does not answer. */
const LONGEST_SUBMIT_MS = 80;

/**
 * Every command by itself, and the run in one piece, or in as few as keep submits short. In each round the commands of a
 * piece are timed right before the piece itself, both for about as long, so that whatever else the machine does meanwhile
 * slows both.
 */
export const timeCommands = async (
  executable: Executable,
  device: Device,
  { runs, clock, signal, onProgress }: Measuring,
): Promise<CommandTimes> => {
  const { commands } = executable.plan;
  const target = TARGET_MS[device.facts.kind] * (clock === 'host-clock' ? HOST_CLOCK_FACTOR : 1);
  const single = commands.map((command, i) => stepOf(executable, i, i + 1, command.kind === 'dispatch'));
  onProgress(`measuring ${commands.length} commands`);
  const [rough = []] = await sampleRepeated(device, single, { target: target / 4, rounds: 1, clock, signal });
  const pieces = piecesOf(rough);
  const turns = pieces.map(([from, to]) =>
    inTurns(single.slice(from, to), stepOf(executable, from, to, false), (to - from) * target),
  );
  const all = turns.flatMap(({ steps }) => steps);
  const fold = (round: readonly number[]): number[] => {
    let at = 0;
    return turns.flatMap((turn) => turn.fold(round.slice(at, (at += turn.steps.length))));
  };
  /** What the commands of a round take together, over what their pieces take. */
  const ratioOf = (round: readonly number[]): number => {
    const { times, gpuMs } = summarize(pieces, [fold(round)]);
    return gpuMs > 0 ? times.reduce((sum, ms) => sum + ms, 0) / gpuMs : 1;
  };
  const rounds = await sampleRepeated(device, all, {
    target,
    rounds: MOST_ROUNDS * runs,
    isEnough: (samples) => samples.length >= runs && doubtOf(samples.map(ratioOf)) <= MOST_DOUBT,
    clock,
    signal,
    onRound: (round) => {
      const which = round < runs ? `round ${round + 1} of ${runs}` : `round ${round + 1}, for the rounds differ`;
      onProgress(`measuring ${commands.length} commands, ${which}`);
    },
  });
  return summarize(pieces, rounds.map(fold));
};

/** Rounds, as a multiple of those asked for, while they differ from each other. */
const MOST_ROUNDS = 4;
/** Of the parts over the whole: a third of what these may be apart. */
const MOST_DOUBT = 0.05;

/** The standard error of the mean of the half of these numbers that counts. */
export const doubtOf = (numbers: readonly number[]): number => {
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const squares = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, numbers.length - 1) / Math.ceil(numbers.length / 2));
};

/** A piece is timed at most so often a round. */
const MOST_TURNS = 8;

/**
 * The commands of a piece with the piece between them, as often as it takes to time it as long as them: `span` milliseconds
 * in all. `fold` makes of the samples those of the commands and the mean of the piece's.
 */
export const inTurns = <S extends object>(
  single: readonly S[],
  piece: S,
  span: number,
): { readonly steps: (S & { readonly target?: number })[]; readonly fold: (samples: readonly number[]) => number[] } => {
  const turns = Math.max(1, Math.min(MOST_TURNS, single.length, Math.ceil(span / LONGEST_SUBMIT_MS)));
  const whole = { ...piece, target: Math.min(LONGEST_SUBMIT_MS, span / turns) };
  const steps = single.flatMap((step, i) =>
    Math.floor(((i + 1) * turns) / single.length) > Math.floor((i * turns) / single.length) ? [step, whole] : [step],
  );
  const fold = (samples: readonly number[]): number[] => {
    const wholes = samples.filter((_, i) => steps[i] === whole);
    return [...samples.filter((_, i) => steps[i] !== whole), wholes.reduce((sum, ms) => sum + ms, 0) / wholes.length];
  };
  return { steps, fold };
};

const stepOf = (executable: Executable, from: number, to: number, isDispatch: boolean): RepeatedStep => ({
  isDispatch,
  encode: (encoder, pass) => {
    for (let i = from; i < to; i++) executable.encodeCommand(i, encoder, pass);
    if (!isDispatch) pass.end();
  },
});

/** Ranges of commands, none longer than a submit may be. */
export const piecesOf = (times: readonly number[]): Piece[] => {
  const pieces: [number, number][] = [];
  let sum = Number.POSITIVE_INFINITY;
  for (const [i, ms] of times.entries()) {
    if (sum + ms > LONGEST_SUBMIT_MS) {
      pieces.push([i, i]);
      sum = 0;
    }
    sum += ms;
    (pieces.at(-1) as [number, number])[1] = i + 1;
  }
  return pieces;
};

/**
 * From rounds of samples, [commands of a piece, the piece] for each piece: of each piece the calmer half of its rounds, and
 * of those the mean. The mean, because it is the same for a sum as for its terms: a median of short samples misses what a
 * busy machine adds to each long one. The same rounds for both, and chosen by both, so that neither has the better ones.
 */
export const summarize = (pieces: readonly Piece[], rounds: readonly (readonly number[])[]): CommandTimes => {
  const times: number[] = [];
  let gpuMs = 0;
  let at = 0;
  for (const [from, to] of pieces) {
    const [begin, count] = [at, to - from];
    const samples = rounds.map((round) => round.slice(begin, begin + count + 1));
    const means = meanOf(calmerHalf(samples));
    times.push(...means.slice(0, count));
    gpuMs += means[count] as number;
    at += count + 1;
  }
  return { times, gpuMs };
};

const calmerHalf = (samples: readonly (readonly number[])[]): (readonly number[])[] => {
  const total = (sample: readonly number[]): number => sample.reduce((sum, ms) => sum + ms, 0);
  return [...samples].sort((a, b) => total(a) - total(b)).slice(0, Math.ceil(samples.length / 2));
};

const meanOf = (samples: readonly (readonly number[])[]): number[] =>
  (samples[0] ?? []).map((_, i) => samples.reduce((sum, sample) => sum + (sample[i] as number), 0) / samples.length);
