import type { Device } from '../device/device.js';
import type { RunOptions } from '../device/executable.js';
import { ExecutableCache } from '../device/executable-cache.js';
import { stackOnDevice, upload } from '../device/stack.js';
import { throwIfAborted } from '../errors.js';
import type { Graph, Value } from '../graph/graph.js';
import type { Bindings } from '../passes/bind-shapes.js';
import { bindingsKey, bindingsOf, hostInputs } from '../passes/host-inputs.js';
import { bindOpen, layOut } from '../passes/index.js';
import { type Split, splitGraph } from '../passes/split-stages.js';
import { buildPlan } from '../plan/build.js';
import type { Plan } from '../plan/plan.js';
import type { Budgets } from '../tensor/budgets.js';
import { toNumbers } from '../tensor/convert.js';
import { Tensor, type TensorLocation } from '../tensor/tensor.js';
import { Owned } from './owned.js';
import type { Stage } from './stage.js';
import { noTurns, type Turns, tooManyTurns, turnsOf } from './turns.js';

type Tensors = ReadonlyMap<string, Tensor>;
/** Where a result is wanted; 'any' is the device, or the host for what is known there. */
type Fetch = ReadonlyMap<string, TensorLocation | 'any'>;

/** A stage bound to shapes and values. */
interface Step {
  readonly key: string;
  readonly split: Split;
  readonly later: Stage | undefined;
  readonly turns: Turns | undefined;
}

/** One run of a model. */
interface Run {
  readonly signal: AbortSignal | undefined;
  turns: number;
}

/** Stages kept as graphs, and as executables on the device. */
const MAX_STEPS = 64;
const MAX_EXECUTABLES = 16;

/** Most turns of the loops of one run where nothing else is said. */
export const MAX_TRIP_COUNT = 10_000;

export interface StagesOptions {
  readonly budgets: Budgets;
  /** Most turns that the loops of one run may take together. */
  readonly maxTripCount: number;
  /** What plans are made from; the device's own facts where absent. */
  readonly facts?: Device['facts'];
}

/**
 * A model in which shapes or choices depend on data. What does not is run at once; then the few numbers that decide are
 * read back, the rest of the graph is bound to them, and so on. Everything else stays on the device. Stages are planned
 * once for the shapes and numbers that they meet; a few are kept.
 */
export class StagedModel {
  readonly #device: Device;
  readonly #options: StagesOptions;
  readonly #first: Stage;
  /** The most recently used last. */
  readonly #steps = new Map<string, Step>();
  readonly #executables: ExecutableCache;

  constructor(graph: Graph, device: Device, options: StagesOptions) {
    this.#device = device;
    this.#options = options;
    this.#first = { key: '', graph, host: hostInputs(graph) };
    this.#executables = new ExecutableCache(device, options.budgets.maxBytes, MAX_EXECUTABLES);
  }

  get #facts(): Device['facts'] {
    return this.#options.facts ?? this.#device.facts;
  }

  /** Plans and loads the first stage for these shapes and values. */
  async prepare(bindings: Bindings): Promise<void> {
    const step = this.#step(this.#first, bindings);
    await this.#executables.use(
      step.key,
      () => this.#plan(step),
      async () => undefined,
    );
  }

  async run(inputs: Tensors, fetches: readonly string[], options: RunOptions = {}): Promise<Map<string, Tensor>> {
    const location = options.outputLocation ?? 'cpu';
    const fetch: Fetch = new Map(fetches.map((name) => [name, location]));
    return await this.#run(this.#first, inputs, fetch, { signal: options.signal, turns: 0 });
  }

  /** The stages that have been met, as graphs with their plans. */
  stages(): { readonly graph: Graph; readonly plan: Plan }[] {
    const { budgets } = this.#options;
    const graphs = [...this.#steps.values()].map(({ split }) => layOut(split.now, undefined, budgets));
    return graphs.map((graph) => ({ graph, plan: buildPlan(graph, this.#facts, budgets) }));
  }

  async dispose(): Promise<void> {
    this.#steps.clear();
    await this.#executables.dispose();
  }

  /** Runs a stage and all that follow. */
  async #run(first: Stage, inputs: Tensors, fetch: Fetch, run: Run): Promise<Map<string, Tensor>> {
    const owned = new Owned(this.#options.budgets.maxBytes);
    const results = new Map<string, Tensor>();
    try {
      let feeds = inputs;
      for (let stage: Stage | undefined = first; stage; ) {
        throwIfAborted(run.signal);
        feeds = await onHost(stage.host, feeds);
        const step: Step = this.#step(stage, bindingsOf(stage.host, pick(feeds, stage.graph.inputs)));
        const computed = await this.#runNow(step, feeds, fetch, owned, run);
        for (const [name, location] of fetch) {
          const tensor = await this.#result(name, location, step, computed);
          if (!tensor) continue;
          results.set(name, tensor);
          owned.add([tensor]);
        }
        const known = new Map([...feeds, ...computed]);
        if (step.turns) {
          const given = new Set(known.values());
          const outputs = await this.#runTurns(step.turns, known, step, run);
          owned.add([...outputs.values()].filter((tensor) => !given.has(tensor)));
          for (const [name, tensor] of outputs) known.set(name, tensor);
        }
        stage = step.later;
        feeds = pick(known, stage?.graph.inputs ?? []);
        owned.release(new Set([...feeds.values(), ...results.values()]));
      }
      for (const tensor of results.values()) owned.hand(tensor);
      return results;
    } finally {
      owned.release(new Set());
    }
  }

  /** Binds and cuts a stage, or finds it. */
  #step(stage: Stage, bindings: Bindings): Step {
    const key = `${stage.key}/${bindingsKey(bindings)}`;
    let step = this.#steps.get(key);
    this.#steps.delete(key);
    if (!step) {
      const { budgets, maxTripCount } = this.#options;
      const bound = bindOpen(stage.graph, bindings, undefined, budgets);
      const split = splitGraph(bound);
      const { graph, wanted, loop } = split.later ?? {};
      const later = graph && { key, graph, host: new Set(graph.inputs.filter((name) => wanted?.has(name))) };
      const turns = loop && turnsOf(loop, bound, key, maxTripCount, budgets);
      step = { key, split, later, turns };
      const [oldest] = this.#steps.keys();
      if (this.#steps.size >= MAX_STEPS && oldest !== undefined) this.#steps.delete(oldest);
    }
    this.#steps.set(key, step);
    return step;
  }

  #plan({ split }: Step): Plan {
    const { budgets } = this.#options;
    return buildPlan(layOut(split.now, undefined, budgets), this.#facts, budgets);
  }

  /** Runs what can run now: what decides later stages comes to the host, the rest of what they read stays on the device. */
  async #runNow(step: Step, feeds: Tensors, fetch: Fetch, owned: Owned, run: Run): Promise<Map<string, Tensor>> {
    const { now, later } = step.split;
    const isRead = (name: string): boolean => step.later?.graph.inputs.includes(name) || readByTurns(step.turns, name);
    const wanted = now.outputs.filter((name) => fetch.has(name) || (isRead(name) && !feeds.has(name)));
    if (wanted.length === 0) return new Map();
    const stays = (name: string): boolean => !later?.wanted.has(name) && (isRead(name) || fetch.get(name) !== 'cpu');
    const keep = new Set(wanted.filter(stays));
    const options = { keep, ...(run.signal && { signal: run.signal }) };
    const results = await this.#executables.use(
      step.key,
      () => this.#plan(step),
      (executable) => executable.run(feeds, wanted, options),
    );
    owned.add(results.values());
    return results;
  }

  /** A result of the model, where it is to be; undefined while it is not known. */
  async #result(name: string, location: TensorLocation | 'any', { split }: Step, computed: Tensors): Promise<Tensor | undefined> {
    const value: Value | undefined = split.constants.get(name);
    const tensor = value?.tensor ? await copied(value.tensor) : computed.get(name);
    if (!tensor || location === 'any' || tensor.location === location) return tensor;
    return location === 'gpu' ? await upload(this.#device, tensor) : await copied(tensor);
  }

  /** Runs a loop; returns its outputs by the names that they have around it. */
  async #runTurns(turns: Turns, known: Tensors, step: Step, run: Run): Promise<Map<string, Tensor>> {
    const { node, carried: count } = turns;
    const at = (name: string | undefined): Tensor | undefined =>
      name ? (known.get(name) ?? step.split.later?.loopConstants.get(name)) : undefined;
    const inputs = node.inputs.map(at);
    const most = inputs[0] ? await numberOf(inputs[0]) : Number.POSITIVE_INFINITY;
    let goesOn = inputs[1] ? (await numberOf(inputs[1])) !== 0 : true;
    let carried = inputs.slice(2, 2 + count) as Tensor[];
    const captured = new Map([...turns.captured].map(([name, outer]) => [name, at(outer) as Tensor]));
    const collected: Tensor[][] = node.outputs.slice(count).map(() => []);
    const owned = new Owned(this.#options.budgets.maxBytes);
    const [condition = '', ...outputs] = turns.results;
    const fetch: Fetch = new Map([...outputs.map((name) => [name, 'any'] as const), [condition, 'cpu']]);
    try {
      for (let turn = 0; goesOn && turn < most; turn++) {
        if (run.turns++ >= this.#options.maxTripCount) throw tooManyTurns(node, this.#options.maxTripCount);
        const index = new Tensor('int64', [turn], []);
        const state = turns.state.map((name, i) => [name, carried[i] as Tensor] as const);
        const results = await this.#run(turns.body, new Map([[turns.turn, index], ...state, ...captured]), fetch, run);
        owned.add(results.values());
        goesOn = (await numberOf(results.get(condition) as Tensor)) !== 0;
        carried = outputs.slice(0, count).map((name) => results.get(name) as Tensor);
        for (const [i, list] of collected.entries()) list.push(results.get(outputs[count + i] as string) as Tensor);
        owned.release(new Set([...carried, ...collected.flat()]));
      }
      const results = new Map<string, Tensor>();
      for (const [i, name] of node.outputs.entries()) {
        if (!name) continue;
        const list = collected[i - count];
        const stacked = async (all: readonly Tensor[]): Promise<Tensor> =>
          all.length > 0 ? await stackOnDevice(this.#device, all) : noTurns(turns, i - count, inputs);
        results.set(name, list ? await stacked(list) : owned.hand(carried[i] as Tensor));
      }
      return results;
    } finally {
      owned.release(new Set());
    }
  }
}

const readByTurns = (turns: Turns | undefined, name: string): boolean => turns?.node.inputs.includes(name) ?? false;

const pick = (tensors: Tensors, names: readonly string[]): Map<string, Tensor> =>
  new Map(names.flatMap((name) => (tensors.has(name) ? [[name, tensors.get(name) as Tensor]] : [])));

/** The feeds with those on the host that a stage is bound to by value. */
const onHost = async (names: ReadonlySet<string>, feeds: Tensors): Promise<Tensors> => {
  const host = new Map(feeds);
  for (const name of names) {
    const tensor = feeds.get(name);
    if (tensor?.location === 'gpu') host.set(name, await copied(tensor));
  }
  return host;
};

const copied = async (tensor: Tensor): Promise<Tensor> => {
  const data = tensor.location === 'gpu' ? await tensor.getData() : tensor.data.slice();
  return new Tensor(tensor.type, data, tensor.dims);
};

const numberOf = async (tensor: Tensor): Promise<number> => toNumbers(tensor.type, await tensor.getData())[0] as number;
