import { TilewiseError } from '../errors.js';
import { type Attributes, freshName, type Graph, type Node, type Value } from '../graph/graph.js';
import { fromNumbers } from '../tensor/convert.js';
import type { DType } from '../tensor/dtype.js';
import { Tensor } from '../tensor/tensor.js';
import { withDefaults } from './attributes.js';
import { atNode, operatorOf } from './infer.js';
import type { Expansion } from './operator.js';

/** Most nodes that others become. */
const MAX_NODES = 20_000;

/** Folds nodes into constants: see `Folder`. */
interface Folding {
  values: Map<string, Value>;
  /** Returns true where the outputs of the node are constants now. */
  add(node: Node): boolean;
}

/** Collects the nodes of a graph while they are folded, with others in the place of those that others can stand for. */
export class Expander implements Expansion {
  readonly nodes: Node[] = [];
  readonly #folding: Folding;
  readonly #names: Set<string>;
  /** Under which names the constants of a graph that was put in stand in this one. */
  #constants = new Map<Graph, ReadonlyMap<string, string>>();
  /** Nodes added so far, those taken back included: what is tried again and again must end, too. */
  #added = 0;

  constructor(folding: Folding, nodes: readonly Node[]) {
    this.#folding = folding;
    this.#names = new Set(nodes.map(({ name }) => name));
  }

  get nodesLeft(): number {
    return MAX_NODES - this.#added;
  }

  push(node: Node): void {
    if (this.#expand(node) || this.#folding.add(node)) return;
    this.nodes.push(node);
  }

  value(name: string | undefined): Value | undefined {
    return name ? this.#folding.values.get(name) : undefined;
  }

  constant(base: string, dtype: DType, numbers: readonly number[], dims: readonly number[] = [numbers.length]): string {
    const name = freshName(this.#folding.values, base);
    const tensor = new Tensor(dtype, fromNumbers(dtype, numbers), dims);
    this.#folding.values.set(name, { name, dtype, shape: dims, tensor });
    return name;
  }

  add(base: string, op: string, inputs: readonly string[], attributes: Attributes = {}, outputs = 1): readonly string[] {
    const bare: Node = { name: this.#freshNode(base), op, inputs, outputs: [], attributes };
    const { attributes: schema } = operatorOf(bare);
    const names = Array.from({ length: outputs }, (_, i) => this.#freshValue(outputs === 1 ? base : `${base}/${i}`));
    this.#count();
    this.push({ ...bare, outputs: names, attributes: withDefaults(schema, attributes) });
    return names;
  }

  inline(base: string, graph: Graph, inputs: readonly string[]): readonly string[] {
    const names = new Map<string, string>(this.#constantsOf(base, graph));
    graph.inputs.forEach((name, i) => names.set(name, inputs[i] as string));
    const nameOf = (name: string): string => names.get(name) ?? name;
    for (const node of graph.nodes) {
      this.#count();
      const outputs = node.outputs.map((name) => (name ? this.#freshValue(`${base}/${name}`) : ''));
      node.outputs.forEach((name, i) => names.set(name, outputs[i] as string));
      const name = this.#freshNode(`${base}/${node.name}`);
      this.push({ ...node, name, inputs: node.inputs.map(nameOf), outputs });
    }
    return graph.outputs.map(nameOf);
  }

  /** Puts others in the place of the node where its operator can; what was begun is taken back where it cannot. */
  #expand(node: Node): boolean {
    const { expand } = operatorOf(node);
    if (!expand) return false;
    const values = new Map(this.#folding.values);
    const [count, added] = [this.nodes.length, this.#added];
    // What stands for a node may have its name.
    this.#names.delete(node.name);
    const outputs = this.#attempt(node, expand);
    if (!outputs) {
      this.#names.add(node.name);
      if (this.#added === added) return false;
      this.#folding.values = values;
      this.nodes.length = count;
      this.#constants = new Map();
      return false;
    }
    node.outputs.forEach((name, i) => {
      const identity = { name: this.#freshNode(`${node.name}/${i}`), op: 'Identity', attributes: {} };
      if (name) this.push({ ...identity, inputs: [outputs[i] as string], outputs: [name] });
    });
    return true;
  }

  #attempt(node: Node, expand: (node: Node, to: Expansion) => readonly string[] | undefined): readonly string[] | undefined {
    try {
      return expand(node, this);
    } catch (error) {
      throw atNode(error, node);
    }
  }

  #constantsOf(base: string, graph: Graph): ReadonlyMap<string, string> {
    let names = this.#constants.get(graph);
    if (names) return names;
    const own = [...graph.values.values()].filter(({ tensor }) => tensor);
    names = new Map(
      own.map((value) => {
        const name = this.#freshValue(`${base}/${value.name}`);
        this.#folding.values.set(name, { ...value, name });
        return [value.name, name];
      }),
    );
    this.#constants.set(graph, names);
    return names;
  }

  #count(): void {
    if (++this.#added > MAX_NODES) {
      throw new TilewiseError('limit-exceeded', `the subgraphs of the model become more than ${MAX_NODES} nodes`);
    }
  }

  /** Reserves a name. */
  #freshValue(base: string): string {
    const name = freshName(this.#folding.values, base);
    this.#folding.values.set(name, { name, dtype: 'float32', shape: undefined });
    return name;
  }

  #freshNode(base: string): string {
    let name = base;
    for (let i = 1; this.#names.has(name); i++) name = `${base}_${i}`;
    this.#names.add(name);
    return name;
  }
}
