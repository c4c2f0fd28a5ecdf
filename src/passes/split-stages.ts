import { TilewiseError } from '../errors.js';
import { type Graph, type Node, type Value, valueNamed } from '../graph/graph.js';
import { operatorOf } from '../ops/infer.js';
import { isConcrete } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** A graph cut where only a run can tell how it goes on. */
export interface Split {
  /** What can run now. Its outputs are those of the graph that are known now, and what is read later. */
  readonly now: Graph;
  /** Outputs of the graph that are constants. */
  readonly constants: ReadonlyMap<string, Value>;
  /** What follows; undefined where nothing does. */
  readonly later: Later | undefined;
}

export interface Later {
  /** Its inputs are what was computed or fed before, and what `loop` gives. */
  readonly graph: Graph;
  /** Values that must be on the host first: they decide shapes or a choice. */
  readonly wanted: ReadonlySet<string>;
  /** A loop to run turn by turn before the graph. */
  readonly loop: Node | undefined;
  /** The constants that the loop reads. */
  readonly loopConstants: ReadonlyMap<string, Tensor>;
}

/** True where a plan cannot have the node: it decides by data, or shapes are not known. */
const isOpen = (node: Node, graph: Graph): boolean => {
  const { control, hostInputs = [] } = operatorOf(node);
  const isUnknown = (name: string): boolean => !isConcrete(graph.values.get(name)?.shape ?? ['?']);
  return (
    control !== undefined ||
    decidingOf(node, hostInputs).some((name) => !graph.values.get(name)?.tensor) ||
    node.outputs.some((name) => name !== '' && isUnknown(name))
  );
};

/** The values that decide shapes or a choice of a node. */
export const decidingOf = (node: Node, hostInputs: readonly number[] = operatorOf(node).hostInputs ?? []): string[] =>
  hostInputs.map((index) => node.inputs[index] ?? '').filter((name) => name !== '');

/** Cuts a graph whose inputs have shapes: everything goes into `now` that depends on nothing open. */
export const splitGraph = (graph: Graph): Split => {
  const isConstant = (name: string): boolean => graph.values.get(name)?.tensor !== undefined;
  const known = new Set(graph.inputs);
  const isReady = (name: string): boolean => name === '' || known.has(name) || isConstant(name);
  const first: Node[] = [];
  const rest: Node[] = [];
  for (const node of graph.nodes) {
    if (!node.inputs.every(isReady) || isOpen(node, graph)) rest.push(node);
    else {
      first.push(node);
      for (const name of node.outputs) known.add(name);
    }
  }
  const loop = rest.find((node) => operatorOf(node).control === 'turns' && node.inputs.every(isReady));
  const later = rest.filter((node) => node !== loop);
  const read = new Set(rest.flatMap(({ inputs }) => inputs).filter((name) => known.has(name)));
  const wanted = new Set(rest.flatMap((node) => decidingOf(node)).filter((name) => known.has(name)));
  if (rest.length > 0 && wanted.size === 0 && !loop) throw neverKnown(rest, isReady);
  const constants = new Map(graph.outputs.filter(isConstant).map((name) => [name, valueNamed(graph, name)]));
  const done = graph.outputs.filter((name) => known.has(name));
  const produced = new Set(first.flatMap(({ outputs }) => outputs));
  const outputs = [...new Set([...done, ...[...read].filter((name) => produced.has(name))])];
  const now = subgraph(graph, first, graph.inputs, outputs);
  if (rest.length === 0) return { now, constants, later: undefined };
  const open = graph.outputs.filter((name) => !known.has(name) && !isConstant(name));
  const fromLoop = loop?.outputs ?? [];
  const inputs = [...read, ...fromLoop.filter((name) => name !== '')];
  const loopConstants = new Map(
    (loop?.inputs ?? []).flatMap((name) => {
      const tensor = graph.values.get(name)?.tensor;
      return tensor ? [[name, tensor] as const] : [];
    }),
  );
  return { now, constants, later: { graph: subgraph(graph, later, inputs, open), wanted, loop, loopConstants } };
};

/** Nodes of a graph as one of their own; inputs that nothing reads are left out. */
const subgraph = (graph: Graph, nodes: readonly Node[], inputs: readonly string[], outputs: readonly string[]): Graph => {
  const named = new Set([...outputs, ...nodes.flatMap((node) => node.inputs)]);
  const own = inputs.filter((name) => named.has(name));
  const names = [...own, ...named, ...nodes.flatMap((node) => node.outputs)].filter((name) => name !== '');
  const values = new Map(names.map((name) => [name, valueNamed(graph, name)]));
  return { name: graph.name, nodes, values, inputs: own, outputs };
};

const neverKnown = (rest: readonly Node[], isReady: (name: string) => boolean): TilewiseError => {
  const node = rest.find(({ inputs }) => inputs.every(isReady)) ?? (rest[0] as Node);
  const message = `${node.op} '${node.name}': the shape of its result does not follow from its inputs`;
  return new TilewiseError('unsupported-model', message, {
    node: node.name,
    ...(node.outputs[0] && { tensor: node.outputs[0] }),
  });
};
