import { TilewiseError } from '../../errors.js';
import { type Attributes, type Graph, type Node, withNodes } from '../../graph/graph.js';
import { verify } from '../../graph/verify.js';
import { parseAttributes } from '../../ops/attributes.js';
import { atNode, operatorOf } from '../../ops/infer.js';
import { attributesOf } from './attribute.js';
import { Draft, isConstantNode, isStandard } from './draft.js';
import { looksLike } from './foreign.js';
import type { FlatNode } from './inline.js';
import type { OnnxNode } from './onnx-node.js';
import { type GraphProto, type ModelProto, modelProto, type NodeProto } from './proto.js';
import { sortNodes } from './sort.js';
import type { FlatGraph } from './subgraphs.js';
import { isKnown, upgrade } from './upgrade.js';
import { type ReadBudgets, readMessage } from './wire.js';

/** Oldest and newest versions of the format that are understood. */
const IR_VERSIONS = [3, 14] as const;
const OPSETS = [1, 28] as const;
/** TensorProto.DataType.FLOAT */
const FLOAT = 1;

export interface ImportOptions extends ReadBudgets {
  /**
   * Called with every node that cannot be imported, and why. The node stays in the graph as the file has it, without
   * attributes: such a graph can be looked at, not run. Without it such a model is refused.
   */
  readonly onRefused?: (node: Node, error: TilewiseError) => void;
}

/**
 * Reads an ONNX model: every operator comes in its newest form, nodes are in topological order, and weights are views
 * of `bytes` where alignment allows. Throws `invalid-model` for bytes that are not a well-formed model and
 * `unsupported-model` for a model that needs what this library lacks.
 */
export const importOnnx = (bytes: Uint8Array, options: ImportOptions = {}): Graph => {
  const { graph, opset } = checkModel(readModel(bytes, options), options);
  return importGraph(graph, opset, options);
};

const importGraph = (whole: GraphProto, opset: number, options: ImportOptions): Graph => {
  const graph = flattened(whole, opset, options);
  if (!options.onRefused) rejectUnknownOperators(graph);
  const draft = new Draft(graph, opset);
  const names = new Map<string, number>();
  const nodes = graph.nodes.filter((node) => !isConstantNode(node)).flatMap((node) => importNode(node, draft, names, options));
  const known = new Set(draft.inputs);
  for (const [name, value] of draft.values) if (value.tensor) known.add(name);
  const [inputs, outputs] = [[...draft.inputs], [...draft.outputs]];
  const imported: Graph = { name: graph.name || 'graph', nodes, values: draft.values, inputs, outputs };
  return verify(withNodes(imported, sortNodes(nodes, known)), 'import');
};

/** Control flow and sequences, once a model has wanted them. */
let subgraphs: typeof import('./subgraphs.js') | undefined;

/** Makes models with control flow and sequences readable, by a module of its own that a page fetches for such a model. */
export const loadSubgraphs = async (): Promise<void> => {
  subgraphs = await import('./subgraphs.js');
};

export const subgraphsAtHand = (): boolean => subgraphs !== undefined;

const flattened = (graph: GraphProto, opset: number, { onRefused }: ImportOptions): FlatGraph => {
  if (subgraphs) return subgraphs.inlineSubgraphs(graph, opset, onRefused !== undefined);
  const control = graph.nodes.find((node) => node.attributes.some(({ g }) => g));
  if (!control || onRefused) return graph;
  throw new TilewiseError('unsupported-model', `'${labelOf(control)}' holds a graph, and what reads such nodes is not loaded`);
};

/** The graphs of a node of control flow, and what the importer tells of them. */
const controlOf = (node: FlatNode, opset: number): Attributes => {
  const graphs = node.attributes.flatMap(({ name = '', g }) => (g ? [[name, importGraph(untyped(g), opset, {})] as const] : []));
  return { ...Object.fromEntries(graphs), ...(node.carried !== undefined && { carried: node.carried }) };
};

/**
 * A subgraph whose inputs have any type until the node that holds it is looked at, and without the shapes that it
 * declares: in a loop they may differ from turn to turn.
 */
const untyped = (graph: GraphProto): GraphProto => ({
  ...graph,
  inputs: graph.inputs.map(({ name, type }) => {
    const elementType = type?.tensor?.elementType ?? FLOAT;
    return { ...(name !== undefined && { name }), type: { tensor: { elementType } } };
  }),
  outputs: graph.outputs.map(({ name }) => (name === undefined ? {} : { name })),
  valueInfo: [],
});

const readModel = (bytes: Uint8Array, budgets: ReadBudgets): ModelProto => {
  if (bytes.length === 0) throw new TilewiseError('invalid-model', 'the model is empty (0 bytes)');
  try {
    return readMessage(modelProto, bytes, budgets);
  } catch (cause) {
    const foreign = looksLike(bytes);
    if (!foreign) throw cause;
    throw new TilewiseError('invalid-model', `this is not an ONNX model: it looks like ${foreign}`, { cause });
  }
};

const checkModel = (model: ModelProto, { onRefused }: ImportOptions): { graph: GraphProto; opset: number } => {
  const invalid = (message: string): never => {
    throw new TilewiseError('invalid-model', message);
  };
  const version = model.irVersion ?? 0;
  if (!Number.isInteger(version) || version < 1) invalid('the model states no ONNX IR version: it is damaged or no ONNX model');
  inRange(version, IR_VERSIONS, 'ONNX IR version');
  const graph = model.graph ?? invalid('the model has no graph');
  if (graph.sparseInitializers.length > 0) throw new TilewiseError('unsupported-model', 'sparse initializers are not supported');
  const opsets = model.opsets.filter(({ domain }) => !domain || domain === 'ai.onnx');
  const [first, ...others] = opsets.map((opset) => opset.version ?? 0);
  if (first === undefined && model.opsets.length > 0 && !onRefused) rejectUnknownOperators(graph);
  // Nodes of an application's own domain alone need no version of the standard one.
  const isForeign = model.opsets.length > 0 && graph.nodes.length > 0 && !graph.nodes.some(isStandard);
  const opset = first ?? (isForeign ? OPSETS[1] : invalid('the model states no opset version: it is damaged'));
  if (others.some((other) => other !== opset))
    invalid(`the model states several opset versions: ${[opset, ...others].join(', ')}`);
  if (opset < 1) invalid(`opset version ${opset} is not possible`);
  inRange(opset, OPSETS, 'opset version');
  return { graph, opset };
};

const inRange = (version: number, [oldest, newest]: readonly [number, number], what: string): void => {
  if (version >= oldest && version <= newest) return;
  throw new TilewiseError('unsupported-model', `${what} ${version} is not supported (${oldest} to ${newest} are)`, {
    hint: version < oldest ? 'convert the model with onnx.version_converter' : 'export the model with an older opset version',
  });
};

const operatorName = (node: NodeProto): string =>
  isStandard(node) ? (node.opType ?? '') : `${node.domain}.${node.opType ?? ''}`;

/** What a node is called in messages: its own name or, as many exporters give none, that of its first output. */
const labelOf = (node: NodeProto): string => node.name || node.outputs.find((name) => name) || 'unnamed';

const MOST_NAMED = 10;

const rejectUnknownOperators = (graph: GraphProto): void => {
  const unknown = new Map<string, string[]>();
  for (const node of graph.nodes) {
    const op = operatorName(node);
    if (isKnown(op)) continue;
    const list = unknown.get(op);
    if (list) list.push(labelOf(node));
    else unknown.set(op, [labelOf(node)]);
  }
  if (unknown.size === 0) return;
  const parts = [...unknown].map(([op, nodes]) => {
    const more = nodes.length > MOST_NAMED ? ` and ${nodes.length - MOST_NAMED} more` : '';
    return `${op || 'a node without an operator'} (${nodes.slice(0, MOST_NAMED).join(', ')}${more})`;
  });
  const [[first] = []] = unknown.values();
  throw new TilewiseError(
    'unsupported-model',
    `${unknown.size === 1 ? 'this operator is' : 'these operators are'} not supported: ${parts.join('; ')}`,
    first === undefined ? {} : { node: first },
  );
};

const importNode = (proto: FlatNode, draft: Draft, names: Map<string, number>, { onRefused }: ImportOptions): Node[] => {
  const name = unique(labelOf(proto), names);
  const op = operatorName(proto);
  const { inputs, outputs } = proto;
  try {
    if (proto.refusal) throw proto.refusal;
    const isControl = isStandard(proto) && (op === 'If' || op === 'Loop');
    const internal = isControl ? { internal: controlOf(proto, draft.opset) } : {};
    const attributes = attributesOf(isControl ? { ...proto, attributes: proto.attributes.filter(({ g }) => !g) } : proto);
    const node: OnnxNode = { name, op, inputs, outputs, attributes, ...internal };
    return upgrade(node, draft).map((upgraded) => typed(upgraded, name, names));
  } catch (error) {
    const node: Node = { name, op, inputs, outputs, attributes: {} };
    const refusal = atNode(error, node);
    if (!onRefused || !(refusal instanceof TilewiseError)) throw refusal;
    onRefused(node, refusal);
    return [node];
  }
};

/** The node with checked attributes; nodes that an upgrade adds beside `own` get unique names. */
const typed = (node: OnnxNode, own: string, names: Map<string, number>): Node => {
  const operator = operatorOf({ ...node, attributes: {} });
  const [fewest, most] = operator.outputs ?? [1, 1];
  if (node.outputs.length < fewest || node.outputs.length > most) {
    throw new TilewiseError('invalid-model', `${fewest} to ${most} outputs are possible, got ${node.outputs.length}`);
  }
  const attributes: Attributes = { ...parseAttributes(operator.attributes, node.attributes), ...node.internal };
  for (const key of Object.keys(node.internal ?? {})) {
    if (!Object.hasOwn(operator.attributes, key)) throw new TilewiseError('internal', `'${node.op}' has no attribute '${key}'`);
  }
  const name = node.name === own ? own : unique(node.name, names);
  return { name, op: node.op, inputs: node.inputs, outputs: node.outputs, attributes };
};

/** A name that no node has yet. `names` counts how often each was asked for. */
const unique = (base: string, names: Map<string, number>): string => {
  let name = base;
  for (let i = names.get(base) ?? 0; names.has(name); i++) {
    names.set(base, i + 1);
    name = `${base}_${i + 1}`;
  }
  names.set(name, 0);
  return name;
};
