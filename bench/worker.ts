// The GPU's side of the benchmark page: everything that takes long runs here, so that the page answers meanwhile.
import '../src/index.js';
import { sharedDevice } from '../src/device/shared.js';
import { measureRoofs } from '../src/profile/roofs.js';
import type { BenchCase } from './case.js';
import { benchCases, selectCases } from './cases.js';
import { modelCase } from './model-case.js';
import { modelBytes } from './page/model-bytes.js';
import { comparePeer } from './page/peers.js';
import type { Calls, FromWorker, ModelSource, RunEvent, RunRequest, ToWorker } from './page/protocol.js';
import { Stoppable } from './page/stoppable.js';
import type { BenchFailure, BenchLoad, BenchResult, BenchRoofs } from './results.js';
import { type BenchEvent, loadEverything, reportHead, runBenchmarks } from './run.js';

type Handler<K extends keyof Calls> = (request: Calls[K]['request'], signal: AbortSignal) => Promise<Calls[K]['reply']>;

const send = (message: FromWorker): void => postMessage(message);
const tell = (event: RunEvent): void => send({ event });

let stop = new AbortController();
const gpuWork = new Stoppable();

const casesOf = async (quick: boolean, models: readonly ModelSource[]): Promise<BenchCase[]> => {
  const { facts } = await sharedDevice();
  await loadEverything();
  const ofModels = models.map((model) =>
    modelCase({
      name: `model/${model.name}`,
      group: 'models',
      title: `the model ${model.name}`,
      bytes: () => modelBytes(model),
    }),
  );
  return [...benchCases({ facts, quick }), ...ofModels];
};

const toEvent = (event: BenchEvent): RunEvent => {
  if (event.kind === 'case') return { kind: 'case', name: event.case.name, index: event.index, count: event.count };
  return event.kind === 'step' ? { kind: 'step', step: event.step } : event;
};

/** Runs to the end, or until it is stopped: then the report has what was measured. */
const run = async (request: RunRequest, signal: AbortSignal): Promise<Calls['run']['reply']> => {
  const { cases: names, models, ...options } = request;
  const device = await sharedDevice();
  const cases = (await casesOf(options.quick, models)).filter(({ name }) => names.includes(name));
  const results: BenchResult[] = [];
  const loads: BenchLoad[] = [];
  const failures: BenchFailure[] = [];
  let roofs: BenchRoofs | null = null;
  const full = {
    ...options,
    signal,
    versions: { browser: navigator.userAgent },
    onSamples: (name: string, ms: readonly number[]) => (signal.aborted ? undefined : tell({ kind: 'samples', name, ms })),
  };
  try {
    const onEvent = (event: BenchEvent): void => {
      // What is under way when it is stopped comes to its end in silence.
      if (signal.aborted) return;
      if (event.kind === 'roofs') roofs = event.roofs;
      if (event.kind === 'result') results.push(event.result);
      if (event.kind === 'load') loads.push(event.load);
      if (event.kind === 'failure') failures.push(event.failure);
      tell(toEvent(event));
    };
    const report = await gpuWork.run(() => runBenchmarks(device, cases, full, onEvent), signal);
    return { report, stopped: false };
  } catch (error) {
    if (!signal.aborted) throw error;
    return { report: { ...reportHead(device, full), roofs, results, loads, failures }, stopped: true };
  }
};

const handlers: { readonly [K in keyof Calls]: Handler<K> } = {
  open: async () => (await sharedDevice()).facts,
  list: async ({ quick, models, only }) => {
    const cases = await casesOf(quick, models);
    const chosen = selectCases(cases, only).map(({ name }) => name);
    return { cases: cases.map(({ name, group, title }) => ({ name, group, title })), chosen };
  },
  roofs: async (_, signal) => {
    const device = await sharedDevice();
    return await gpuWork.run(() => measureRoofs(device, { quick: true, signal }), signal);
  },
  run,
  peer: (request, signal) => gpuWork.run(() => comparePeer(request, signal), signal),
  stop: async () => null,
};

addEventListener('message', async ({ data: { id, kind, request } }: MessageEvent<ToWorker>) => {
  if (kind === 'stop') stop.abort();
  else if (stop.signal.aborted) stop = new AbortController();
  try {
    const handler = handlers[kind] as Handler<keyof Calls>;
    send({ id, reply: await handler(request as never, stop.signal) });
  } catch (error) {
    const { message, hint } = error as { message?: string; hint?: string };
    send({ id, failure: { message: message ?? String(error), ...(hint && { hint }) } });
  }
});
