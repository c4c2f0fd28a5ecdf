import type { Graph, Node, Value } from '../graph/graph.js';

/** Some exporters make names of hundreds of characters. */
const LONGEST_NAME = 40;

export interface CompactGraph {
  readonly graph: Graph;
  /** New names of values by the old ones. */
  readonly names: ReadonlyMap<string, string>;
  /** Names of the nodes that quantization added: a file can do without. */
  readonly added: ReadonlySet<string>;
}

/**
 * Gives values short names: a quantized model has many, and in a small one they would weigh more than its weights.
 * Inputs and outputs keep theirs, and up to a length the nodes that `before` has too.
 */
export const compactNames = (graph: Graph, before: Graph): CompactGraph => {
  const borders = new Set([...graph.inputs, ...graph.outputs]);
  const names = new Map([...borders].map((name) => [name, name]));
  const nextValue = counter(borders);
  for (const name of graph.values.keys()) if (!names.has(name)) names.set(name, nextValue());
  const kept = new Set(before.nodes.map(({ name }) => name));
  const nodeNames = compactNodeNames(graph.nodes, kept);
  const renamed = (list: readonly string[]): string[] => list.map((name) => (name ? (names.get(name) as string) : ''));
  const nodes = graph.nodes.map(
    (node): Node => ({
      ...node,
      name: nodeNames.get(node) as string,
      inputs: renamed(node.inputs),
      outputs: renamed(node.outputs),
    }),
  );
  const values = new Map(
    [...graph.values].map(([name, value]): [string, Value] => {
      const short = names.get(name) as string;
      return [short, { ...value, name: short }];
    }),
  );
  const added = new Set([...nodeNames].flatMap(([{ name }, short]) => (kept.has(name) ? [] : [short])));
  return { graph: { ...graph, nodes, values }, names, added };
};

const compactNodeNames = (nodes: readonly Node[], kept: ReadonlySet<string>): Map<Node, string> => {
  const names = new Map<Node, string>();
  const taken = new Set<string>();
  for (const node of nodes.filter(({ name }) => kept.has(name))) {
    const short = node.name.slice(0, LONGEST_NAME);
    let name = short;
    for (let i = 1; taken.has(name); i++) name = `${short}_${i}`;
    taken.add(name);
    names.set(node, name);
  }
  const next = counter(taken);
  for (const node of nodes) if (!names.has(node)) names.set(node, next());
  return names;
};

/** a, b, .. z, 10, 11 and so on in base 36, without those that are taken. */
const counter = (taken: ReadonlySet<string>): (() => string) => {
  let n = 10;
  return () => {
    while (taken.has(n.toString(36))) n++;
    return (n++).toString(36);
  };
};
