import type { Device } from './device/device.js';
import { Executable, type RunOptions } from './device/executable.js';
import { deviceOf } from './device/shared.js';
import { TilewiseError, throwIfAborted } from './errors.js';
import { checkFeeds, type Feeds, type Fetches, fetchNames, type ValueMetadata, valueMetadata } from './feeds.js';
import type { Graph, Value } from './graph/graph.js';
import { importOnnx } from './importers/onnx/index.js';
import { loadLowerings } from './kernels/select.js';
import { loadOperators } from './ops/index.js';
import type { Bindings } from './passes/bind-shapes.js';
import { bindingsKey, bindingsOf, hostInputs } from './passes/host-inputs.js';
import { bind, optimize } from './passes/index.js';
import { buildPlan, rejectMissingKernels } from './plan/build.js';
import type { Plan } from './plan/plan.js';
import { deserialize, isSaved, type SavedSession, serialize } from './plan/serialize.js';
import { platform } from './platform.js';
import { type Budgets, defaultBudgets } from './tensor/budgets.js';
import { isConcrete } from './tensor/shape.js';
import type { Tensor, TensorLocation } from './tensor/tensor.js';

export interface SessionOptions {
  /** The application's own device; without it one is opened and shared by all sessions. */
  readonly device?: GPUDevice;
  /** Where outputs are left unless a run says otherwise. */
  readonly outputLocation?: TensorLocation;
  readonly signal?: AbortSignal;
  /** Most bytes of one tensor, and of all tensors of the model on the GPU together; 4 GiB where absent. */
  readonly maxBytes?: number;
}

const budgetsOf = ({ maxBytes = defaultBudgets.maxBytes }: SessionOptions): Budgets => {
  if (maxBytes > 0) return { ...defaultBudgets, maxBytes };
  throw new TilewiseError('invalid-argument', `maxBytes must be a positive number, got ${maxBytes}`);
};

/**
 * A model ready to run.
 *
 *     const session = await InferenceSession.create('model.onnx');
 *     const { output } = await session.run({ input: new Tensor('float32', pixels, [1, 3, 224, 224]) });
 */
export class InferenceSession {
  readonly #graph: Graph;
  readonly #device: Device;
  readonly #options: SessionOptions;
  /** The inputs that plans are made for by value and not by shape alone. */
  readonly #hostInputs: ReadonlySet<string>;
  /** One executable for every combination of input shapes seen, the most recent last. */
  readonly #executables = new Map<string, Promise<Executable>>();
  /** The plans of a session that was saved: there is no graph to make others from. */
  readonly #saved: ReadonlyMap<string, Plan> | undefined;
  #released = false;

  private constructor(graph: Graph, device: Device, options: SessionOptions, saved?: SavedSession) {
    this.#graph = graph;
    this.#hostInputs = saved?.hostInputs ?? hostInputs(graph);
    this.#saved = saved?.plans;
    this.#device = device;
    this.#options = options;
  }

  /**
   * Loads a model from its bytes, a URL or (in Node) a path. Everything that can be refused is refused here: unknown
   * operators, malformed bytes, tensors that the device cannot hold. The bytes may be those of a saved session (see
   * `save`).
   */
  static async create(source: Uint8Array | ArrayBuffer | string | URL, options: SessionOptions = {}): Promise<InferenceSession> {
    const bytes = await bytesOf(source);
    throwIfAborted(options.signal);
    if (isSaved(bytes)) return InferenceSession.#restore(bytes, options);
    const graph = optimize(await importModel(bytes), undefined, budgetsOf(options));
    await loadLowerings(graph.nodes.map(({ op }) => op));
    rejectMissingKernels(graph);
    const device = await deviceOf(options.device);
    const session = new InferenceSession(graph, device, options);
    const isDeclared = (name: string): boolean => isConcrete(graph.values.get(name)?.shape ?? ['?']);
    if (session.#hostInputs.size === 0 && graph.inputs.every(isDeclared)) await session.#prepare(declaredShapes(graph));
    return session;
  }

  static async #restore(bytes: Uint8Array, options: SessionOptions): Promise<InferenceSession> {
    const device = await deviceOf(options.device);
    const saved = deserialize(bytes, device.facts);
    const session = new InferenceSession(saved.border, device, options, saved);
    await Promise.all([...saved.plans.keys()].map((key) => session.#load(key, () => saved.plans.get(key) as Plan)));
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

  /** Runs the model. `fetches` names the outputs wanted; all of them without it. Runs may overlap. */
  async run(feeds: Feeds, fetches?: Fetches | RunOptions, options?: RunOptions): Promise<Record<string, Tensor>> {
    if (this.#released) throw new TilewiseError('disposed', 'the session was released');
    const { names, options: given } = fetchNames(this.#graph, fetches, options);
    const inputs = checkFeeds(this.#graph, feeds);
    const executable = await this.#prepare(bindingsOf(this.#hostInputs, inputs));
    const defaults = this.#options.outputLocation ? { outputLocation: this.#options.outputLocation } : {};
    const outputs = await executable.run(inputs, names, { ...defaults, ...given });
    return Object.fromEntries(outputs);
  }

  /**
   * The session as bytes: packed weights, chosen kernels and plans for the input shapes that it has run. Give them to
   * `create` to start without the model, its importer or any pass, on the same adapter and version of this library.
   */
  async save(): Promise<Uint8Array> {
    if (this.#released) throw new TilewiseError('disposed', 'the session was released');
    const plans = new Map<string, Plan>();
    for (const [key, executable] of this.#executables) plans.set(key, (await executable).plan);
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
    const executables = await Promise.allSettled(this.#executables.values());
    for (const result of executables) if (result.status === 'fulfilled') result.value.dispose();
    this.#executables.clear();
  }

  /** The executable for these input shapes and values, planned and loaded on first use. */
  #prepare(bindings: Bindings): Promise<Executable> {
    const key = bindingsKey(bindings);
    return this.#load(key, () => this.#saved?.get(key) ?? this.#plan(bindings));
  }

  #plan(bindings: Bindings): Plan {
    if (!this.#saved) {
      const budgets = budgetsOf(this.#options);
      return buildPlan(bind(this.#graph, bindings, undefined, budgets), this.#device.facts, budgets);
    }
    throw new TilewiseError('invalid-feed', 'the saved session has no plan for inputs of these shapes', {
      hint: 'run the session on such inputs before it is saved',
    });
  }

  #load(key: string, plan: () => Plan): Promise<Executable> {
    let executable = this.#executables.get(key);
    if (executable) this.#executables.delete(key);
    else {
      executable = Executable.load(plan(), this.#device);
      executable.catch(() => this.#executables.delete(key));
      this.#evictOldest();
    }
    this.#executables.set(key, executable);
    return executable;
  }

  #evictOldest(): void {
    if (this.#executables.size < MAX_EXECUTABLES) return;
    const [key, oldest] = this.#executables.entries().next().value as [string, Promise<Executable>];
    this.#executables.delete(key);
    oldest.then(
      (executable) => executable.dispose(),
      () => undefined,
    );
  }
}

/** Plans kept for different input shapes of one session. */
const MAX_EXECUTABLES = 8;

/** Imports a model; where it has operators that are not at hand, again with all of them. */
const importModel = async (bytes: Uint8Array): Promise<Graph> => {
  try {
    return importOnnx(bytes);
  } catch (error) {
    const isUnknown = error instanceof TilewiseError && error.code === 'unsupported-model';
    if (isUnknown && (await loadOperators())) return importOnnx(bytes);
    throw error;
  }
};

const bytesOf = async (source: Uint8Array | ArrayBuffer | string | URL): Promise<Uint8Array> => {
  if (source instanceof Uint8Array) return source;
  return source instanceof ArrayBuffer ? new Uint8Array(source) : await platform().read(source);
};

const declaredShapes = (graph: Graph): Map<string, readonly number[]> =>
  new Map(graph.inputs.map((name) => [name, graph.values.get(name)?.shape as readonly number[]]));
