import { TilewiseError } from '../../errors.js';
import type { Inliner, Scope } from './inline.js';
import { unsupported } from './onnx-node.js';
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from './proto.js';

/** Constants of at most so many elements are repeated in the graphs that read them: attributes may be made of them. */
const SMALL = 2 ** 10;

const invalid = (message: string): never => {
  throw new TilewiseError('invalid-model', message);
};

/** Keeps an If in the graph, for when its condition is known. */
export const keep = (node: NodeProto, scope: Scope, inliner: Inliner): void => {
  for (const { name, g } of graphsOf(node)) {
    if (g.inputs.length > 0) invalid(`the graph '${name}' takes ${g.inputs.length} inputs, and must take none`);
    if (g.outputs.length !== node.outputs.length) {
      invalid(`the graph '${name}' gives ${g.outputs.length} of ${node.outputs.length} outputs`);
    }
  }
  const names = graphsOf(node).map(({ name }) => name);
  for (const name of ['then_branch', 'else_branch']) if (!names.includes(name)) invalid(`attribute '${name}' must be a graph`);
  if (names.length !== 2) invalid(`an If has two graphs, not ${names.length}`);
  inliner.emit(closed(node, scope, inliner), scope);
};

/** Keeps a Loop in the graph, for when the number of its turns is known, or to be run turn by turn. */
export const keepLoop = (node: NodeProto, scope: Scope, inliner: Inliner): void => {
  const [body = invalid("attribute 'body' is missing"), more] = graphsOf(node);
  if (body.name !== 'body' || more) invalid("a Loop has one graph, 'body'");
  const carried = Math.max(0, node.inputs.length - 2);
  const { inputs, outputs } = body.g;
  if (inputs.length !== 2 + carried) invalid(`the graph 'body' takes ${inputs.length} inputs, got ${2 + carried}`);
  if (outputs.length <= carried) invalid('the body gives too few outputs');
  if (node.outputs.length > outputs.length - 1) invalid(`the body gives ${outputs.length - 1} of ${node.outputs.length} outputs`);
  inliner.emit({ ...closed({ ...node, inputs: [...padded(node.inputs)] }, scope, inliner), carried }, scope);
};

/** The number of turns and the condition, '' where they are left out, before what is carried. */
const padded = ([trips = '', condition = '', ...carried]: readonly string[]): string[] => [trips, condition, ...carried];

interface GraphAttribute extends AttributeProto {
  readonly g: GraphProto;
}

const graphsOf = ({ attributes }: NodeProto): GraphAttribute[] => attributes.filter((one): one is GraphAttribute => !!one.g);

/** The node with graphs that read nothing from outside: what they read is further inputs of the node and of the graph. */
const closed = (node: NodeProto, scope: Scope, inliner: Inliner): NodeProto => {
  const captured: string[] = [];
  const attributes = node.attributes.map((attribute) => {
    if (!attribute.g) return attribute;
    if (attribute.g.sparseInitializers.length > 0) unsupported('sparse initializers are not supported');
    const initializers: TensorProto[] = [];
    const constants: NodeProto[] = [];
    const inputs = [...attribute.g.inputs];
    for (const name of freeNames(attribute.g)) {
      const value = inliner.value(scope, name);
      const constant = inliner.source(value);
      const isSmall = constant && (inliner.constant(value)?.size ?? 0) <= SMALL;
      if (!isSmall) {
        captured.push(value);
        inputs.push({ name });
      } else if ('opType' in constant) constants.push({ ...constant, outputs: [name] });
      else initializers.push({ ...(constant as TensorProto), name });
    }
    const { g } = attribute;
    const inner = { ...g, inputs, initializers: [...g.initializers, ...initializers], nodes: [...constants, ...g.nodes] };
    return { ...attribute, g: inner };
  });
  return { ...node, inputs: [...node.inputs.map((name) => inliner.value(scope, name)), ...captured], attributes };
};

/** What a graph, with the graphs in it, reads from outside. */
const freeNames = (graph: GraphProto): Set<string> => {
  const own = new Set<string>([...graph.inputs, ...graph.initializers].map(({ name = '' }) => name));
  for (const node of graph.nodes) for (const name of node.outputs) own.add(name);
  const free = new Set<string>();
  const read = (name: string): void => {
    if (name && !own.has(name)) free.add(name);
  };
  for (const node of graph.nodes) {
    for (const name of node.inputs) read(name);
    for (const { g } of graphsOf(node)) for (const name of freeNames(g)) read(name);
  }
  for (const { name = '' } of graph.outputs) read(name);
  return free;
};
