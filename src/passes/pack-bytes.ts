import { consumersOf, freshName, type Graph, type Node, type Value, withNodes } from '../graph/graph.js';
import { type Packing, packingOf } from './pack-bytes-rules.js';

/**
 * Decides which 8-bit integers the device holds packed, four to a word: those between operators that have kernels for
 * it. Where others meet them, a Repack stands between. Wants a graph of concrete shapes in its last order of axes.
 */
export const packBytes = (graph: Graph): Graph => {
  const walk = new PackWalk(graph);
  for (const node of graph.nodes) walk.add(node);
  return walk.finish();
};

class PackWalk {
  readonly #graph: Graph;
  readonly #values: Map<string, Value>;
  readonly #nodes: Node[] = [];
  readonly #consumers: ReadonlyMap<string, readonly Node[]>;
  /** For a value that has one, the name of its packed or its plain form. */
  readonly #packed = new Map<string, string>();
  readonly #plain = new Map<string, string>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#values = new Map(graph.values);
    this.#consumers = consumersOf(graph);
  }

  add(given: Node): void {
    const packing = packingOf(given, this.#values);
    if (!packing || !this.#isWorthIt(given, packing)) {
      this.#nodes.push({ ...given, inputs: given.inputs.map((name) => this.#plainOf(name)) });
      return;
    }
    const node = packing.as ?? given;
    const inputs = node.inputs.map((name, i) => (packing.reads.includes(i) ? this.#packedOf(name) : this.#plainOf(name)));
    const outputs = node.outputs.map((name, i) => (packing.writes.includes(i) ? this.#packedOutput(name) : name));
    this.#nodes.push({ ...node, inputs, outputs });
  }

  finish(): Graph {
    const pushed: Node[] = [];
    for (const name of this.#graph.outputs) {
      if (!this.#packed.has(name) || this.#plain.has(name)) continue;
      pushed.push(repack(this.#packed.get(name) as string, name));
    }
    const nodes = [...this.#nodes, ...pushed];
    return nodes.some((node, i) => node !== this.#graph.nodes[i]) ? withNodes(this.#graph, nodes, this.#values) : this.#graph;
  }

  /** Operators that can do either follow their neighbours. */
  #isWorthIt(node: Node, { reads, writes, always }: Packing): boolean {
    if (always) return true;
    if (reads.length > 0) return reads.every((i) => this.#packed.has(node.inputs[i] as string));
    return writes.some((i) => this.#isWanted(node.outputs[i] as string));
  }

  #isWanted(name: string): boolean {
    return (this.#consumers.get(name) ?? []).some((reader) => {
      const packing = packingOf(reader, this.#values);
      return packing?.reads.some((i) => reader.inputs[i] === name) ?? false;
    });
  }

  #packedOutput(name: string): string {
    const value = this.#values.get(name) as Value;
    if (!this.#graph.outputs.includes(name)) {
      this.#values.set(name, { ...value, packed: true });
      this.#packed.set(name, name);
      return name;
    }
    const packed = this.#addValue(`${name}.packed`, { ...value, packed: true });
    this.#packed.set(name, packed);
    return packed;
  }

  #packedOf(name: string): string {
    const known = this.#packed.get(name);
    if (known) return known;
    const packed = this.#addValue(`${name}.packed`, { ...this.#without(name), packed: true });
    this.#nodes.push(repack(name, packed));
    this.#packed.set(name, packed);
    return packed;
  }

  #plainOf(name: string): string {
    const packed = this.#packed.get(name);
    if (!packed || (packed !== name && !this.#graph.outputs.includes(name))) return name;
    const known = this.#plain.get(name);
    if (known) return known;
    const isOutput = packed !== name;
    const plain = isOutput ? name : this.#addValue(`${name}.plain`, { ...this.#without(name) });
    this.#nodes.push(repack(packed, plain));
    this.#plain.set(name, plain);
    return plain;
  }

  #without(name: string): Value {
    const { dtype, shape } = this.#values.get(name) as Value;
    return { name, dtype, shape };
  }

  #addValue(base: string, value: Value): string {
    const name = freshName(this.#values, base);
    this.#values.set(name, { ...value, name });
    return name;
  }
}

const repack = (from: string, to: string): Node => ({
  name: `Repack:${to}`,
  op: 'tilewise.Repack',
  inputs: [from],
  outputs: [to],
  attributes: {},
});
