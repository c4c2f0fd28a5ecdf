import type { Tensors } from './batch.js';
import type { CompareOptions, ComparisonTarget, GraphComparison } from './compare.js';
import type { Device } from './device/device.js';
import type { Executable, RunOptions } from './device/executable.js';
import { ExecutableCache } from './device/executable-cache.js';
import { deviceOf } from './device/shared.js';
import { TilewiseError, throwIfAborted } from './errors.js';
import { checkFeeds, type Feeds, type Fetches, fetchNames, type ValueMetadata, valueMetadata } from './feeds.js';
import type { Graph, Value } from './graph/graph.js';
import { loadCpuKernels } from './kernels/cpu-family.js';
import type { DeviceFacts } from './kernels/facts.js';
import { bytesOf, loadModel, type ModelSource } from './load-model.js';
import type { Bindings } from './passes/bind-shapes.js';
import { bindingsKey, bindingsOf, sameShapes, shapeSources } from './passes/host-inputs.js';
import { bind } from './passes/index.js';
import { buildPlan, rejectMissingKernels } from './plan/build.js';
import type { Plan } from './plan/plan.js';
import { deserialize, isSaved, type SavedSession, serialize } from './plan/serialize.js';
import type { Profile, ProfileOptions } from './profile/profile.js';
import type { StagedModel } from './stages/index.js';
import { type Budgets, defaultBudgets } from './tensor/budgets.js';
import { isConcrete } from './tensor/shape.js';
import type { Tensor, TensorLocation } from './tensor/tensor.js';
import type { TuningTable } from './tuner/table.js';

export interface SessionOptions {
  /** The application's own device; without it one is opened and shared by all sessions. */
  readonly device?: GPUDevice;
  /** Where outputs are left unless a run says otherwise. */
  readonly outputLocation?: TensorLocation;
  readonly signal?: AbortSignal;
  /**
   * 'dynamic' makes a model for one sample (its inputs begin with an extent of 1, or a symbol) take any number of them:
   * a run on N gives what N runs of one give, joined along the first axis. Refused with `unsupported-model` and the
   * node's name where an operator would mix samples.
   */
  readonly batch?: 'dynamic';
  /**
   * Most bytes of one tensor, and of all tensors of the model on the GPU together, with what two runs in flight read
   * back through; 4 GiB where absent. Plans for other input shapes are kept as long as they fit in together.
   */
  readonly maxBytes?: number;
  /** Most turns that the loops of one run may take together, where data decides how many; 10,000 where absent. */
  readonly maxTripCount?: number;
  /**
   * Kernels that were measured to be the fastest on this adapter: what `tune` of 'tilewise/tune' gave, or 'stored' for what
   * it has kept on this machine, over the tables that come with the library. Where absent, or for shapes that were not
   * measured, kernels are chosen by rules.
   */
  readonly tuning?: 'stored' | TuningTable;
}

/** What plans are made from: the device's facts, and what was measured where it is wanted. */
const factsFor = async ({ facts }: Device, { tuning }: SessionOptions): Promise<DeviceFacts> =>
  tuning === undefined ? facts : await (await import('./tuner/store.js')).tunedFacts(facts, tuning);

const tripsOf = ({ maxTripCount }: SessionOptions): number | undefined => {
  if (maxTripCount === undefined || (Number.isSafeInteger(maxTripCount) && maxTripCount > 0)) return maxTripCount;
  throw new TilewiseError('invalid-argument', `maxTripCount must be a positive whole number, got ${maxTripCount}`);
};

const budgetsOf = ({ maxBytes = defaultBudgets.maxBytes }: SessionOptions): Budgets => {
  if (maxBytes > 0) return { ...defaultBudgets, maxBytes };
  throw new TilewiseError('invalid-argument', `maxBytes must be a positive number, got ${maxBytes}`);
};

export interface SessionCompareOptions extends CompareOptions {
  /** Instead of the CPU reference. */
  readonly against?: InferenceSession | Readonly<Record<string, Tensor>>;
}

/**
 * A model ready to run.
 *
 *     const session = await InferenceSession.create('model.onnx');
 *     const { output } = await session.run({ input: new Tensor('float32', pixels, [1, 3, 224, 224]) });
 */
export class InferenceSession {
  readonly #graph: Graph;
  readonly #device: Device;
  readonly #facts: DeviceFacts;
  readonly #options: SessionOptions;
  /** The inputs that plans are made for by value and not by shape alone. */
  readonly #hostInputs: ReadonlySet<string>;
  /** One executable for every combination of input shapes seen. */
  readonly #executables: ExecutableCache;
  /** For input shapes that the device cannot hold at once: how many samples it can. */
  readonly #partSizes = new Map<string, number>();
  #samplesChecked = false;
  /** What the newest run was planned for, and its name. */
  #last: { readonly bindings: Bindings; readonly key: string } | undefined;
  /** The plans of a session that was saved: there is no graph to make others from. */
  readonly #saved: ReadonlyMap<string, Plan> | undefined;
  /** True where shapes or choices depend on data: `stages` runs the model then. */
  readonly #isOpen: boolean;
  #stages: StagedModel | undefined;
  #released = false;

  private constructor(graph: Graph, device: Device, facts: DeviceFacts, options: SessionOptions, saved?: SavedSession) {
    this.#facts = facts;
    this.#graph = graph;
    const { hostInputs, open } = shapeSources(graph);
    this.#hostInputs = saved?.hostInputs ?? hostInputs;
    this.#isOpen = open.length > 0;
    this.#saved = saved?.plans;
    this.#device = device;
    this.#options = options;
    this.#executables = new ExecutableCache(device, budgetsOf(options).maxBytes);
    this.#samplesChecked = options.batch === 'dynamic';
  }

  /**
   * Loads a model from its bytes, a URL or (in Node) a path. Everything that can be refused is refused here: unknown
   * operators, malformed bytes, tensors that the device cannot hold. The bytes may be those of a saved session (see
   * `save`).
   */
  static async create(source: ModelSource, options: SessionOptions = {}): Promise<InferenceSession> {
    const bytes = await bytesOf(source);
    throwIfAborted(options.signal);
    if (isSaved(bytes)) return InferenceSession.#restore(bytes, options);
    // The device is opened, and the kernels of its kind fetched, while the model is read.
    const opening = deviceOf(options.device);
    opening.then(({ facts: { kind } }) => (kind === 'cpu' ? loadCpuKernels() : undefined)).catch(() => undefined);
    const graph = await loadModel(bytes, budgetsOf(options), options.batch);
    rejectMissingKernels(graph);
    const device = await opening;
    const facts = await factsFor(device, options);
    if (facts.kind === 'cpu' || facts.tuning) await loadCpuKernels();
    const session = new InferenceSession(graph, device, facts, options);
    const isDeclared = (name: string): boolean => isConcrete(graph.values.get(name)?.shape ?? ['?']);
    const isKnown = session.#hostInputs.size === 0 && graph.inputs.every(isDeclared);
    if (session.#isOpen) {
      const { MAX_TRIP_COUNT, StagedModel } = await import('./stages/index.js');
      const maxTripCount = tripsOf(options) ?? MAX_TRIP_COUNT;
      session.#stages = new StagedModel(graph, device, { budgets: budgetsOf(options), maxTripCount, facts });
      if (isKnown) await session.#stages.prepare(declaredShapes(graph));
    } else if (isKnown) await session.#use(declaredShapes(graph), nothing);
    return session;
  }

  static async #restore(bytes: Uint8Array, options: SessionOptions): Promise<InferenceSession> {
    const device = await deviceOf(options.device);
    const saved = deserialize(bytes, device.facts);
    const session = new InferenceSession(saved.border, device, device.facts, options, saved);
    await Promise.all([...saved.plans].map(([key, plan]) => session.#executables.use(key, () => plan, nothing)));
    return session;
  }

  get inputNames(): readonly string[] {
    return this.#graph.inputs;
  }

  get outputNames(): readonly string[] {
    return this.#graph.outputs;
  }

  /** Name, type and shape of each input; a symbolic extent is its name. */
  get inputMetadata(): readonly ValueMetadata[] {
    return valueMetadata(this.#graph, this.#graph.inputs);
  }

  get outputMetadata(): readonly ValueMetadata[] {
    return valueMetadata(this.#graph, this.#graph.outputs);
  }

  /** Name of the adapter in use, and whether it is a software one. */
  get adapter(): { readonly description: string; readonly kind: 'gpu' | 'cpu' } {
    return this.#device.facts;
  }

  /**
   * Runs the model. `fetches` names the outputs wanted; all of them without it. Runs may overlap: two are in flight on a
   * device at a time, further ones wait in order, and their inputs must stay as they are until then. A batch too large
   * for the device is run in parts, where its samples do not depend on each other.
   */
  async run(feeds: Feeds, fetches?: Fetches | RunOptions, options?: RunOptions): Promise<Record<string, Tensor>> {
    if (this.#released) throw new TilewiseError('disposed', 'the session was released');
    const { names, options: given } = fetchNames(this.#graph, fetches, options);
    const inputs = checkFeeds(this.#graph, feeds);
    const defaults = this.#options.outputLocation ? { outputLocation: this.#options.outputLocation } : {};
    const runOnce = (tensors: Tensors): Promise<Tensors> => {
      if (this.#stages) return this.#stages.run(tensors, names, { ...defaults, ...given });
      const bindings = bindingsOf(this.#hostInputs, tensors);
      return this.#use(bindings, (executable) => executable.run(tensors, names, { ...defaults, ...given }));
    };
    return Object.fromEntries(await this.#runInParts(inputs, runOnce));
  }

  /**
   * Rejects with `unsupported-model`, and the node's name, where the samples of a batch would see each other, or where
   * this cannot be told. Whoever joins unrelated samples to one run asks first.
   */
  async checkSamples(): Promise<void> {
    if (this.#samplesChecked || this.#saved) return;
    (await import('./batch.js')).checkSamples(this.#graph);
    this.#samplesChecked = true;
  }

  /** Runs at once, or in parts where the device cannot hold the batch. */
  async #runInParts(inputs: Tensors, run: (inputs: Tensors) => Promise<Tensors>): Promise<Tensors> {
    const keyOf = (): string => this.#keyOf(bindingsOf(this.#hostInputs, inputs));
    let failure: unknown;
    if (this.#partSizes.size === 0 || !this.#partSizes.has(keyOf())) {
      try {
        return await run(inputs);
      } catch (error) {
        if (!(error instanceof TilewiseError) || error.code !== 'limit-exceeded' || this.#saved) throw error;
        failure = error;
      }
    }
    const { runInParts } = await import('./batch.js');
    return await runInParts({
      graph: this.#graph,
      device: this.#device,
      inputs,
      run,
      key: keyOf(),
      sizes: this.#partSizes,
      failure,
    });
  }

  /**
   * Measures a run node by node: GPU time, work, memory traffic, how near each is to what the adapter can do, and the
   * host's share. Takes some hundred runs' time. Not for a session that was saved: it has no graph.
   */
  async profile(feeds: Feeds, options: ProfileOptions = {}): Promise<Profile> {
    const { inputs, bindings, ...target } = this.#boundTo(feeds);
    const { profilePlan } = await import('./profile/profile.js');
    return await this.#use(bindings, (executable) => profilePlan({ ...target, executable }, inputs, options));
  }

  /**
   * Compares the model on this device node by node with the CPU reference, or with `against`: another session (of another
   * device, dtype or file; values of the same name and shape are compared) or expected tensors by name. Tells the first
   * node that differs, the worst elements, where NaN or infinity comes from, and what float16 could not hold.
   */
  async compare(feeds: Feeds, { against, ...options }: SessionCompareOptions = {}): Promise<GraphComparison> {
    const target = this.#boundTo(feeds);
    const other = against instanceof InferenceSession ? against.#boundTo(feeds) : against;
    return await (await import('./compare.js')).compareWith(target, other, options);
  }

  /** What a plan for these feeds is made of. */
  #boundTo(feeds: Feeds): ComparisonTarget & { readonly bindings: Bindings } {
    if (this.#released) throw new TilewiseError('disposed', 'the session was released');
    if (this.#saved) {
      throw new TilewiseError('invalid-argument', 'a session that was saved has plans, but no graph to look into', {
        hint: 'create the session from the ONNX model',
      });
    }
    this.#rejectStages('it cannot be looked at node by node');
    const inputs = checkFeeds(this.#graph, feeds);
    const bindings = bindingsOf(this.#hostInputs, inputs);
    const graph = bind(this.#graph, bindings, undefined, budgetsOf(this.#options));
    return { graph, inputs, bindings, device: this.#device };
  }

  /**
   * The session as bytes: packed weights, chosen kernels and plans for the input shapes that it has run. Give them to
   * `create` to start without the model, its importer or any pass, on the same adapter and version of this library.
   */
  async save(): Promise<Uint8Array> {
    if (this.#released) throw new TilewiseError('disposed', 'the session was released');
    this.#rejectStages('it has no plans that could be saved');
    const plans = await this.#executables.plans();
    const { name, inputs, outputs, values } = this.#graph;
    const border: Graph = {
      name,
      inputs,
      outputs,
      nodes: [],
      values: new Map([...inputs, ...outputs].map((n) => [n, values.get(n) as Value])),
    };
    return serialize({ border, hostInputs: this.#hostInputs, plans }, this.#device.facts);
  }

  /** Frees the memory of the model on the GPU. Runs that have begun finish; later ones reject with `disposed`. */
  async release(): Promise<void> {
    this.#released = true;
    await this.#executables.dispose();
    await this.#stages?.dispose();
  }

  #rejectStages(so: string): void {
    if (!this.#isOpen) return;
    throw new TilewiseError('unsupported-model', `shapes or choices in this model depend on data: it runs in stages, and ${so}`);
  }

  /** Does the work with the executable for these input shapes and values, planned and loaded on first use. */
  #use<T>(bindings: Bindings, work: (executable: Executable) => Promise<T>): Promise<T> {
    const key = this.#keyOf(bindings);
    return this.#executables.use(key, () => this.#saved?.get(key) ?? this.#plan(bindings), work);
  }

  /** Runs on inputs of the same shapes follow each other: they make no string. */
  #keyOf(bindings: Bindings): string {
    if (!this.#last || !sameShapes(this.#last.bindings, bindings)) this.#last = { bindings, key: bindingsKey(bindings) };
    return this.#last.key;
  }

  #plan(bindings: Bindings): Plan {
    if (!this.#saved) {
      const budgets = budgetsOf(this.#options);
      return buildPlan(bind(this.#graph, bindings, undefined, budgets), this.#facts, budgets);
    }
    throw new TilewiseError('invalid-feed', 'the saved session has no plan for inputs of these shapes', {
      hint: 'run the session on such inputs before it is saved',
    });
  }
}

const nothing = async (): Promise<void> => undefined;

const declaredShapes = (graph: Graph): Map<string, readonly number[]> =>
  new Map(graph.inputs.map((name) => [name, graph.values.get(name)?.shape as readonly number[]]));
