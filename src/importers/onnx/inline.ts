import { TilewiseError } from '../../errors.js';
import { atNode } from '../../ops/infer.js';
import { toNumbers } from '../../tensor/convert.js';
import type { Tensor } from '../../tensor/tensor.js';
import { constantTensor, isConstantNode } from './draft.js';
import { unsupported } from './onnx-node.js';
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from './proto.js';
import { tensorOf } from './tensor.js';

/** Most nodes and repetitions that subgraphs may become. */
const MAX_NODES = 20_000;

/** What a name of a file stands for in the flat graph: a value, or several that make up a sequence. */
export type Binding = string | readonly string[];

/** Replaces one node: it adds nodes to the flat graph and binds the node's outputs. */
export type Inline = (node: NodeProto, scope: Scope, inliner: Inliner) => void;

const noValues = { floats: [], ints: [], strings: [], tensors: [], graphs: [] };

export const intAttribute = (name: string, i: number): AttributeProto => ({ ...noValues, name, type: 2, i });
export const intsAttribute = (name: string, ints: readonly number[]): AttributeProto => ({ ...noValues, name, type: 7, ints });

export const attributeNamed = (node: NodeProto, name: string): AttributeProto | undefined =>
  node.attributes.find((attribute) => attribute.name === name);

/** The names of one graph of the file; those that it lacks are of the graph around it. */
export class Scope {
  readonly #names = new Map<string, Binding>();
  readonly #outer: Scope | undefined;
  /** Stands before the names of values and nodes; undefined for the graph of the model, whose names stay. */
  readonly label: string | undefined;

  constructor(outer?: Scope, label?: string) {
    this.#outer = outer;
    this.label = label;
  }

  set(name: string, binding: Binding): void {
    if (name) this.#names.set(name, binding);
  }

  get(name: string): Binding {
    return this.#names.get(name) ?? this.#outer?.get(name) ?? name;
  }
}

/** A node of the flat graph. */
export interface FlatNode extends NodeProto {
  /** Of a Loop that stays: how many values are carried from turn to turn. */
  readonly carried?: number;
  /** Why it cannot be imported. */
  readonly refusal?: TilewiseError;
}

/** Copies graphs into one flat list of nodes, and has handlers replace some of them. */
export class Inliner {
  readonly opset: number;
  readonly #handlerOf: (node: NodeProto) => Inline | undefined;
  readonly #keepRefused: boolean;
  readonly nodes: FlatNode[] = [];
  readonly initializers: TensorProto[];
  /** Extents that the file declares. */
  readonly #shapes = new Map<string, readonly (number | undefined)[]>();
  readonly #constants = new Map<string, TensorProto | NodeProto>();
  readonly #identities = new Map<string, string>();
  readonly #hoisted = new Map<GraphProto, ReadonlyMap<string, string>>();
  readonly #used = new Set<string>();
  /** How often names were made of a base. */
  readonly #asked = new Map<string, number>();
  #left = MAX_NODES;

  /** `keepRefused`: nodes of the model's own graph that cannot be imported stay as they are, with the reason. */
  constructor(graph: GraphProto, opset: number, handlerOf: (node: NodeProto) => Inline | undefined, keepRefused = false) {
    this.opset = opset;
    this.#handlerOf = handlerOf;
    this.#keepRefused = keepRefused;
    this.initializers = [...graph.initializers];
    for (const info of [...graph.valueInfo, ...graph.outputs, ...graph.inputs]) {
      this.#used.add(info.name ?? '');
      const dims = info.type?.tensor?.shape?.dims;
      if (dims)
        this.#shapes.set(
          info.name ?? '',
          dims.map(({ value }) => value),
        );
    }
    for (const tensor of graph.initializers) this.#addInitializer(tensor.name ?? '', tensor);
    for (const node of graph.nodes) for (const name of node.outputs) this.#used.add(name);
  }

  /** Adds the nodes of a graph, whose inputs are bound in `scope`; its outputs are bound there then. */
  run(graph: GraphProto, scope: Scope): void {
    if (scope.label !== undefined) this.#hoist(graph, scope);
    for (const node of graph.nodes) {
      const handler = this.#handlerOf(node);
      try {
        if (handler) handler(node, scope, this);
        else if (!this.#isSequenceIdentity(node, scope)) this.#copy(node, scope);
      } catch (error) {
        const { name, opType = '', inputs, outputs } = node;
        const refusal = atNode(error, { name: name || outputs[0] || 'unnamed', op: opType, inputs, outputs, attributes: {} });
        if (!this.#keepRefused || scope.label !== undefined || !(refusal instanceof TilewiseError)) throw refusal;
        this.nodes.push({ ...node, refusal });
      }
    }
  }

  /** A subgraph of a node with these inputs: what its outputs are. `turn` tells repetitions apart. */
  call(node: NodeProto, attribute: string, inputs: readonly Binding[], outer: Scope, turn = ''): Binding[] {
    this.count();
    const graph = attributeNamed(node, attribute)?.g;
    if (!graph) throw new TilewiseError('invalid-model', `attribute '${attribute}' must be a graph`);
    if (graph.sparseInitializers.length > 0) unsupported('sparse initializers are not supported');
    if (graph.inputs.length !== inputs.length) {
      throw new TilewiseError(
        'invalid-model',
        `the graph '${attribute}' takes ${graph.inputs.length} inputs, got ${inputs.length}`,
      );
    }
    const own = node.name || node.outputs.find((name) => name) || attribute;
    const scope = new Scope(outer, [outer.label, own, turn].filter((part) => part).join('/'));
    graph.inputs.forEach(({ name = '' }, i) => scope.set(name, inputs[i] as Binding));
    this.run(graph, scope);
    return graph.outputs.map(({ name = '' }) => scope.get(name));
  }

  /** Names the result of a handler; the values of the model's own graph keep their names. */
  bind(scope: Scope, name: string | undefined, binding: Binding): void {
    if (!name) return;
    if (typeof binding !== 'string' || scope.label !== undefined) scope.set(name, binding);
    else this.#add({ inputs: [binding], outputs: [name], name, opType: 'Identity', attributes: [] });
  }

  /** Adds a node whose inputs are values of the flat graph; its outputs are bound in `scope`. */
  emit(node: FlatNode, scope: Scope): void {
    this.count();
    if (scope.label === undefined) {
      this.#add(node);
      return;
    }
    const outputs = node.outputs.map((name) => (name ? this.#fresh(`${scope.label}/${name}`) : ''));
    node.outputs.forEach((name, i) => scope.set(name, outputs[i] as string));
    this.#add({ ...node, outputs, ...(node.name && { name: `${scope.label}/${node.name}` }) });
  }

  /** Does some work; where it says that it failed, the nodes that it added are taken back. */
  attempt(work: () => boolean): boolean {
    const [count, left] = [this.nodes.length, this.#left];
    if (work()) return true;
    this.nodes.length = count;
    this.#left = left;
    return false;
  }

  /** A constant as the file has it: an initializer, or a Constant node. */
  source(name: string): TensorProto | NodeProto | undefined {
    return this.#constants.get(this.#sourceOf(name));
  }

  /** The tensor of a constant. */
  constant(name: string): Tensor | undefined {
    const constant = this.source(name);
    if (!constant) return undefined;
    return 'opType' in constant ? constantTensor(constant) : tensorOf(constant as TensorProto, name);
  }

  /** A node of one output, whose name is returned. */
  add(base: string, opType: string, inputs: readonly string[], attributes: readonly AttributeProto[] = []): string {
    const name = this.#fresh(base);
    this.#add({ inputs, outputs: [name], name, opType, attributes });
    return name;
  }

  addMany(
    base: string,
    opType: string,
    inputs: readonly string[],
    attributes: readonly AttributeProto[],
    count: number,
  ): string[] {
    const outputs = Array.from({ length: count }, () => this.#fresh(base));
    this.#add({ inputs, outputs, name: base, opType, attributes });
    return outputs;
  }

  /** A constant of integers (int64) or truth values: a number, or a list. */
  addConstant(base: string, value: number | boolean | readonly number[]): string {
    const name = this.#fresh(base);
    const list = typeof value === 'object' ? value : [Number(value)];
    const none = {
      floatData: [],
      int32Data: [],
      stringData: [],
      int64Data: [],
      doubleData: [],
      uint64Data: [],
      externalData: [],
    };
    const dims = typeof value === 'object' ? [list.length] : [];
    const tensor: TensorProto =
      typeof value === 'boolean'
        ? { ...none, name, dims, dataType: 9, int32Data: list }
        : { ...none, name, dims, dataType: 7, int64Data: list.map(BigInt) };
    this.initializers.push(tensor);
    this.#addInitializer(name, tensor);
    return name;
  }

  /** The value that a name stands for, which must not be a sequence. */
  value(scope: Scope, name: string | undefined): string {
    const binding = name ? scope.get(name) : '';
    return typeof binding === 'string' ? binding : unsupported(`'${name}' is a sequence, and a tensor is wanted`);
  }

  sequence(scope: Scope, name: string | undefined): readonly string[] {
    const binding = scope.get(name ?? '');
    return typeof binding === 'string' ? unsupported(`the sequence '${name}' is not made of values of this graph`) : binding;
  }

  /** The numbers of a value that is known now. */
  numbers(name: string): readonly number[] | undefined {
    const tensor = this.constant(name);
    return tensor && [...toNumbers(tensor.type, tensor.data)];
  }

  /** The value that Identity nodes hand on under this name. */
  #sourceOf(name: string): string {
    let source = name;
    let steps = this.#identities.size;
    // A cycle of Identity nodes ends after as many steps as there are of them.
    for (let next = this.#identities.get(source); next !== undefined && steps > 0; next = this.#identities.get(source), steps--) {
      source = next;
    }
    return source;
  }

  /** The one number of a constant; `unsupported-model` where it is computed. */
  number(name: string, what: string): number {
    const list = this.numbers(name) ?? unsupported(`${what} must be a constant, but '${name}' is computed`);
    if (list.length !== 1) throw new TilewiseError('invalid-model', `${what} must be one number`);
    return list[0] as number;
  }

  /** The shape that the file declares for a value of its own. */
  shape(name: string): readonly (number | undefined)[] | undefined {
    return this.#shapes.get(name);
  }

  /** Counts a node or repetition that a subgraph becomes. */
  count(): void {
    if (--this.#left < 0) unsupported(`the subgraphs of the model become more than ${MAX_NODES} nodes`);
  }

  #copy(node: NodeProto, scope: Scope): void {
    if (scope.label === undefined) {
      for (const name of node.inputs) this.value(scope, name);
      this.#add(node);
      return;
    }
    this.emit({ ...node, inputs: node.inputs.map((name) => this.value(scope, name)) }, scope);
  }

  #isSequenceIdentity(node: NodeProto, scope: Scope): boolean {
    const binding = scope.get(node.inputs[0] ?? '');
    if (node.opType !== 'Identity' || typeof binding === 'string') return false;
    scope.set(node.outputs[0] ?? '', binding);
    return true;
  }

  /** The initializers of a subgraph are the same in all of its repetitions. */
  #hoist(graph: GraphProto, scope: Scope): void {
    let names = this.#hoisted.get(graph);
    if (!names) {
      names = new Map(
        graph.initializers.map((tensor) => {
          const name = this.#fresh(`${scope.label}/${tensor.name ?? ''}`);
          this.initializers.push({ ...tensor, name });
          this.#addInitializer(name, tensor);
          return [tensor.name ?? '', name];
        }),
      );
      this.#hoisted.set(graph, names);
    }
    for (const [name, flat] of names) scope.set(name, flat);
  }

  #addInitializer(name: string, tensor: TensorProto): void {
    this.#used.add(name);
    this.#constants.set(name, tensor);
    this.#shapes.set(name, tensor.dims);
  }

  #add(node: FlatNode): void {
    this.nodes.push(node);
    const [output = ''] = node.outputs;
    if (isConstantNode(node)) this.#constants.set(output, node);
    else if (node.opType === 'Identity') this.#identities.set(output, node.inputs[0] ?? '');
  }

  #fresh(base: string): string {
    let name = base;
    let asked = this.#asked.get(base) ?? 0;
    while (this.#used.has(name)) name = `${base}_${++asked}`;
    this.#asked.set(base, asked);
    this.#used.add(name);
    return name;
  }
}
