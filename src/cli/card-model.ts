import type { Device } from '../device/device.js';
import { Executable } from '../device/executable.js';
import { medianOf } from '../device/timed-run.js';
import type { Graph } from '../graph/graph.js';
import { importOnnx } from '../importers/onnx/index.js';
import { bindInputs, type InspectedNode, inspectGraph } from '../inspect.js';
import type { DeviceFacts } from '../kernels/facts.js';
import { bindShapes } from '../passes/bind-shapes.js';
import { bindingsOf, hostInputs } from '../passes/host-inputs.js';
import { bind, optimize } from '../passes/index.js';
import { buildPlan } from '../plan/build.js';
import type { Plan } from '../plan/plan.js';
import { preflight } from '../preflight.js';
import { type MemoryUse, memoryOf } from '../profile/memory.js';
import { ptflopsMacs } from '../profile/ptflops.js';
import { type NodeWork, workOf } from '../profile/work.js';
import { measureAccuracy } from '../quantize/accuracy.js';
import { InferenceSession } from '../session.js';
import { readBytes } from './files.js';
import { assignFiles, loadFeeds, loadPreprocessing } from './inputs.js';
import { type PassChange, PassLog } from './inspect-passes.js';
import { readLabelled } from './samples.js';

/** All that a card tells of one model. */
export interface CardModel {
  readonly name: string;
  readonly fileBytes: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The nodes of the file. */
  readonly fileNodes: readonly InspectedNode[];
  readonly macs: number;
  /** As ptflops counts the same network. */
  readonly ptflops: number;
  readonly params: number;
  readonly passes: readonly PassChange[];
  /** What is left after the passes, with what each node needs. */
  readonly graph: Graph;
  readonly work: readonly NodeWork[];
  readonly dispatches: number;
  /** Bytes that all nodes read and write at least. */
  readonly trafficBytes: number;
  readonly memory: MemoryUse;
  /** The median of some runs, host's view; undefined where nothing was timed. */
  readonly ms: number | undefined;
  /** The share of labelled items whose class is ranked first. */
  readonly accuracy: number | undefined;
}

export interface CardOptions {
  readonly dims: ReadonlyMap<string, number>;
  readonly facts: DeviceFacts;
  /** Where models are timed; they are not without it. */
  readonly device: Device | undefined;
  readonly runs: number;
  readonly labelled: string | undefined;
  readonly labels: string | undefined;
  readonly onProgress: (text: string) => void;
  readonly note: (text: string) => void;
}

/** Most labelled items that the accuracy is measured on. */
const MOST_LABELLED = 1000;

/** The card of a model, under that name. */
export const cardModel = async (path: string, name: string, options: CardOptions): Promise<CardModel> => {
  options.onProgress(`reading ${name}`);
  const bytes = await readBytes(path);
  const imported = importOnnx(bytes);
  const { shapes, assumed } = bindInputs(imported, options.dims);
  if (assumed.length > 0) options.note(`${name}: ${assumed.join(', ')} = 1 (change it with --dims)`);
  const inspection = inspectGraph(imported, preflight(imported, shapes, options.facts));
  const log = new PassLog(imported);
  const graph = bind(optimize(imported, log.see), shapes, log.see);
  const plan = buildPlan(graph, options.facts);
  const work = workOf(graph, plan);
  const { outputs } = inspection;
  return {
    name,
    fileBytes: bytes.length,
    inputs: imported.inputs.map((input) => valueText(imported, input)),
    outputs: outputs.map((output) => valueText(imported, output.name)),
    fileNodes: inspection.nodes,
    macs: inspection.totals.macs,
    ptflops: ptflopsMacs(bindShapes(imported, shapes)),
    params: inspection.totals.params,
    passes: log.changes,
    graph,
    work,
    dispatches: plan.commands.length,
    trafficBytes: work.reduce((sum, node) => sum + node.bytes, 0),
    memory: memoryOf(plan),
    ms: options.device ? await timed(path, imported, plan, options.device, shapes, options) : undefined,
    accuracy: options.labelled === undefined ? undefined : await accuracyOf(path, bytes, imported, shapes, options),
  };
};

const valueText = ({ values }: Graph, name: string): string => {
  const { dtype, shape } = values.get(name) ?? {};
  return `${name}: ${dtype} [${shape?.join(', ') ?? '?'}]`;
};

const timed = async (
  path: string,
  graph: Graph,
  plan: Plan,
  device: Device,
  shapes: ReadonlyMap<string, readonly number[]>,
  { runs, onProgress, note }: CardOptions,
): Promise<number> => {
  onProgress(`timing ${path}`);
  const preprocessing = await loadPreprocessing(path, undefined);
  const files = assignFiles(graph, [])[0] as ReturnType<typeof assignFiles>[number];
  const feeds = await loadFeeds(files, { graph, shapes, preprocessing, seed: 1, note });
  // Inputs that shapes depend on are part of the plan: it was made for their declared shapes alone.
  const own =
    hostInputs(graph).size > 0 ? buildPlan(bind(optimize(graph), bindingsOf(hostInputs(graph), feeds)), device.facts) : plan;
  const executable = await Executable.load(own, device);
  try {
    const times: number[] = [];
    for (let i = 0; i <= runs; i++) {
      const started = performance.now();
      await executable.run(feeds, graph.outputs);
      if (i > 0) times.push(performance.now() - started);
    }
    return medianOf(times);
  } finally {
    executable.dispose();
  }
};

const accuracyOf = async (
  path: string,
  bytes: Uint8Array,
  graph: Graph,
  shapes: ReadonlyMap<string, readonly number[]>,
  { labelled, labels, onProgress, note }: CardOptions,
): Promise<number> => {
  const preprocessing = await loadPreprocessing(path, undefined);
  const notes = new Set<string>();
  const context = { graph, shapes, preprocessing, seed: 1, note: (text: string) => void notes.add(text) };
  const samples = await readLabelled(labelled as string, context, { most: MOST_LABELLED, labels });
  for (const text of notes) note(text);
  const step = (done: number, total: number): void => onProgress(`accuracy of ${path}: ${done} of ${total}`);
  return (await measureAccuracy(bytes, samples, InferenceSession, step)).top1;
};
