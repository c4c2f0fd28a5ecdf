import { library } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import { allNodesOf, type Graph, type Node, producersOf, valueNamed } from '../graph/graph.js';
import type { DeviceFacts } from '../kernels/facts.js';
import type { Dispatch, Lowering, Operand, TensorInfo } from '../kernels/kernel.js';
import { packOnce } from '../kernels/kernel.js';
import { loweringOf } from '../kernels/select.js';
import { packParams, reflect, specialize } from '../kernels/specialize.js';
import { atNode, operatorOf } from '../ops/infer.js';
import { type Budgets, defaultBudgets, RUNS_IN_FLIGHT } from '../tensor/budgets.js';
import { toDeviceWords } from '../tensor/convert.js';
import { deviceWords } from '../tensor/layout.js';
import { isConcrete, sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { allocatedBytes, assignBuffers, liveBytes, type Storage } from './memory.js';
import type { Command, Plan, PlanPipeline, PlanTensor } from './plan.js';

/**
 * Lowers a graph of concrete shapes to GPU commands for a device with these facts. Pure: no GPU is touched.
 * Throws `unsupported-model` naming every node without a kernel, and `limit-exceeded` where a tensor is larger than the
 * device can bind. `lowerings` finds other lowerings than those of kernels/select.ts.
 */
export const buildPlan = (
  graph: Graph,
  facts: DeviceFacts,
  budgets: Budgets = defaultBudgets,
  lowerings: (op: string) => Lowering | undefined = loweringOf,
): Plan => {
  rejectMissingKernels(graph);
  const builder = new PlanBuilder(graph, facts, lowerings);
  for (const node of graph.nodes) builder.addNode(node);
  const plan = builder.finish();
  rejectBeyondBudget(graph, plan, budgets);
  return plan;
};

/** Buffers, and what runs in flight read back through. */
const bytesOf = ({ buffers, outputs }: Plan): number =>
  allocatedBytes(buffers) + outputs.reduce((sum, { shape, packed }) => sum + RUNS_IN_FLIGHT * 4 * deviceWords(shape, packed), 0);

const rejectBeyondBudget = (graph: Graph, plan: Plan, { maxBytes }: Budgets): void => {
  const total = bytesOf(plan);
  if (total <= maxBytes) return;
  const { buffers } = plan;
  const largest = buffers.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  const tensor = largest.values[0] as string;
  const node = producersOf(graph).get(tensor)?.name;
  throw new TilewiseError(
    'limit-exceeded',
    `the model needs ${total} bytes, the largest part (${largest.bytes}) for '${tensor}'${node === undefined ? '' : ` of node '${node}'`}`,
    { ...(node !== undefined && { node }), tensor, hint: `the budget is ${maxBytes} bytes (option maxBytes)` },
  );
};

/**
 * Names every node that has no kernel, all at once. Operators that read only shapes, or only numbers that must be known
 * when the plan is made, need none: binding the inputs folds them.
 */
export const rejectMissingKernels = (graph: Graph): void => {
  const needsKernel = (node: Node): boolean => {
    const { alias, shapeOnly, control, hostInputs = [] } = operatorOf(node);
    return !alias && !control && !shapeOnly && !node.inputs.every((_, i) => hostInputs.includes(i));
  };
  const missing = allNodesOf(graph).filter((node) => needsKernel(node) && !loweringOf(node.op));
  if (missing.length === 0) return;
  const list = missing.map((node) => `${node.op} '${node.name}'`).join(', ');
  throw new TilewiseError('unsupported-model', `no GPU kernel for: ${list}`, { node: missing[0]!.name });
};

class PlanBuilder {
  readonly #graph: Graph;
  readonly #facts: DeviceFacts;
  readonly #lowerings: (op: string) => Lowering | undefined;
  readonly #storages: Storage[] = [];
  readonly #byValue = new Map<string, number>();
  readonly #byWords = new Map<object, number>();
  readonly #pipelines: PlanPipeline[] = [];
  readonly #pipelineKeys = new Map<string, number>();
  /** Commands whose buffers are still storages. */
  readonly #commands: Command[] = [];

  constructor(graph: Graph, facts: DeviceFacts, lowerings: (op: string) => Lowering | undefined) {
    this.#graph = graph;
    this.#facts = facts;
    this.#lowerings = lowerings;
    for (const name of graph.inputs) this.#byValue.set(name, this.#addStorage(name, 'input', this.#bytesOf(name)));
  }

  addNode(node: Node): void {
    try {
      this.#rejectUnknownNumbers(node);
      if (operatorOf(node).alias) this.#byValue.set(node.outputs[0] as string, this.#storageOf(node.inputs[0] as string));
      else this.#lower(node);
    } catch (error) {
      throw atNode(error, node);
    }
  }

  finish(): Plan {
    const outputs = this.#graph.outputs.map((name) => this.#addOutput(name));
    const inputs = this.#graph.inputs.map((name) => this.#planTensor(name, this.#byValue.get(name) as number));
    const { buffers, bufferOf } = assignBuffers(
      this.#storages,
      this.#commands,
      this.#pipelines,
      this.#facts.limits.maxBufferSize,
    );
    const at = (tensor: PlanTensor): PlanTensor => ({ ...tensor, buffer: bufferOf[tensor.buffer] as number });
    return {
      inputs: inputs.map(at),
      outputs: outputs.map(at),
      buffers,
      pipelines: this.#pipelines,
      commands: this.#commands.map((command) => relocate(command, bufferOf)),
      live: liveBytes(this.#storages, this.#commands),
    };
  }

  #lower(node: Node): void {
    const lowering = this.#lowerings(node.op);
    if (!lowering) throw new TilewiseError('unsupported-model', `the result depends on data that only a run can tell`);
    const outputs = node.outputs.map((name) => (name ? this.#info(name) : undefined));
    if (outputs.every((info) => !info || sizeOf(info.shape) === 0)) {
      for (const name of node.outputs) if (name) this.#outputStorage(name);
      return;
    }
    const dispatches = lowering({
      op: node.op,
      attributes: node.attributes,
      inputs: node.inputs.map((name) => (name ? this.#info(name) : undefined)),
      outputs: outputs as TensorInfo[],
      facts: this.#facts,
    });
    const scratch = new Map<number, number>();
    for (const dispatch of dispatches) this.#addDispatch(node, dispatch, scratch);
    // An output of no elements beside others has no dispatch that names it.
    for (const name of node.outputs) if (name) this.#outputStorage(name);
  }

  #rejectUnknownNumbers(node: Node): void {
    for (const index of operatorOf(node).hostInputs ?? []) {
      const name = node.inputs[index];
      if (!name || valueNamed(this.#graph, name).tensor) continue;
      throw new TilewiseError('unsupported-model', `'${name}' decides shapes, but it depends on data that only a run can tell`, {
        tensor: name,
      });
    }
  }

  #addDispatch(node: Node, dispatch: Dispatch, scratch: Map<number, number>): void {
    const { bindings } = reflect(dispatch.kernel.wgsl);
    const buffers = bindings
      .filter((binding) => binding.type !== 'uniform')
      .map(({ name }) => {
        const operand = dispatch.operands[name];
        if (!operand) throw new Error(`kernel '${dispatch.kernel.name}' needs an operand '${name}'`);
        return this.#operandStorage(node, operand, scratch);
      });
    this.#commands.push({
      kind: 'dispatch',
      node: node.name,
      op: node.op,
      kernel: dispatch.kernel.name,
      pipeline: this.#pipeline(dispatch),
      buffers,
      params: packParams(dispatch.kernel.wgsl, dispatch.params),
      workgroups: dispatch.workgroups,
    });
  }

  #operandStorage(node: Node, operand: Operand, scratch: Map<number, number>): number {
    if ('packed' in operand) return this.#weightStorage(operand.packed.words, operand.packed.layout);
    if ('input' in operand) return this.#storageOf(node.inputs[operand.input] as string);
    if ('output' in operand) return this.#outputStorage(node.outputs[operand.output] as string);
    let storage = scratch.get(operand.scratch);
    if (storage === undefined) {
      storage = this.#addStorage(`${node.name}.scratch${operand.scratch}`, 'scratch', operand.bytes);
      scratch.set(operand.scratch, storage);
    }
    return storage;
  }

  #pipeline({ kernel, constants = {}, definitions, functions, libraries = [], enables = [] }: Dispatch): number {
    const texts = libraries.map((stem) => library[stem] ?? missingLibrary(stem));
    const directives = enables.map((name) => `enable ${name}; `).join('');
    const code = [directives + specialize(kernel.wgsl, definitions, functions), ...texts].join('\n');
    const key = JSON.stringify([code, Object.entries(constants).sort()]);
    let index = this.#pipelineKeys.get(key);
    if (index === undefined) {
      index = this.#pipelines.length;
      const bindings = reflect(kernel.wgsl).bindings as PlanPipeline['bindings'];
      this.#pipelines.push({ kernel: kernel.name, code, constants, bindings });
      this.#pipelineKeys.set(key, index);
    }
    return index;
  }

  #info(name: string): TensorInfo {
    const { dtype, shape, packed, tensor } = valueNamed(this.#graph, name);
    if (!shape || !isConcrete(shape)) {
      throw new TilewiseError('unsupported-model', `the shape of '${name}' depends on data`, { tensor: name });
    }
    return { dtype, shape, ...(packed && { packed }), ...(tensor && { tensor }) };
  }

  #bytesOf(name: string): number {
    const { shape, packed } = this.#info(name);
    const bytes = 4 * deviceWords(shape, packed);
    this.#rejectUnbindable(name, bytes);
    return bytes;
  }

  #rejectUnbindable(name: string, bytes: number): void {
    const most = Math.min(this.#facts.limits.maxStorageBufferBindingSize, this.#facts.limits.maxBufferSize);
    if (bytes > most) {
      throw new TilewiseError('limit-exceeded', `'${name}' takes ${bytes} bytes, but the device binds at most ${most}`, {
        tensor: name,
        hint: 'use smaller inputs, a smaller batch or another adapter (maxStorageBufferBindingSize)',
      });
    }
  }

  /** The storage that a value is read from: of an earlier node, an input, or a constant as it stands. */
  #storageOf(name: string): number {
    const known = this.#byValue.get(name);
    if (known !== undefined) return known;
    const { tensor } = valueNamed(this.#graph, name);
    if (!tensor) throw new Error(`'${name}' has no storage`);
    const storage = this.#constantStorage(name, tensor);
    this.#byValue.set(name, storage);
    return storage;
  }

  #constantStorage(name: string, tensor: Tensor): number {
    this.#bytesOf(name);
    const { words } = packOnce(tensor, 'plain', () => toDeviceWords(tensor.type, tensor.data, name));
    return this.#weightStorage(words, name);
  }

  #weightStorage(words: Storage['words'] & object, label: string): number {
    let storage = this.#byWords.get(words);
    if (storage === undefined) {
      storage = this.#addStorage(label, 'weight', words.byteLength, words);
      this.#byWords.set(words, storage);
    }
    return storage;
  }

  #outputStorage(name: string): number {
    let storage = this.#byValue.get(name);
    if (storage === undefined) {
      const role = this.#graph.outputs.includes(name) ? 'output' : 'scratch';
      storage = this.#addStorage(name, role, this.#bytesOf(name));
      this.#byValue.set(name, storage);
    }
    return storage;
  }

  /** An output that another value's memory holds gets a copy of its own, so that reading it back disturbs nothing. */
  #addOutput(name: string): PlanTensor {
    let storage = this.#storageOf(name);
    const { role, value } = this.#storages[storage] as Storage;
    if (role !== 'output' || value !== name) {
      const bytes = this.#bytesOf(name);
      const copy = this.#addStorage(name, 'output', bytes);
      if (bytes > 0) this.#commands.push({ kind: 'copy', node: name, from: storage, to: copy, bytes });
      storage = copy;
    }
    return this.#planTensor(name, storage);
  }

  #planTensor(name: string, buffer: number): PlanTensor {
    const { dtype, shape, packed } = this.#info(name);
    return { name, dtype, shape, ...(packed && { packed }), buffer };
  }

  #addStorage(value: string, role: Storage['role'], bytes: number, words?: Storage['words']): number {
    this.#rejectUnbindable(value, bytes);
    this.#storages.push({ value, role, bytes, ...(words && { words }) });
    return this.#storages.length - 1;
  }
}

const missingLibrary = (stem: string): never => {
  throw new Error(`no helper file shaders/lib/${stem}.wgsl`);
};

const relocate = (command: Command, bufferOf: readonly number[]): Command => {
  const at = (storage: number): number => bufferOf[storage] as number;
  if (command.kind === 'dispatch') return { ...command, buffers: command.buffers.map(at) };
  if (command.kind === 'copy') return { ...command, from: at(command.from), to: at(command.to) };
  return { ...command, buffer: at(command.buffer) };
};
