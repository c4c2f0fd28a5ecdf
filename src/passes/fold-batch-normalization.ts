import { constantOf, consumersOf, freshName, type Graph, type Node, producersOf, type Value, withNodes } from '../graph/graph.js';
import { fromNumbers, toNumbers } from '../tensor/convert.js';
import { Tensor } from '../tensor/tensor.js';

/**
 * Folds BatchNormalization at inference into the weights of the convolution before it:
 * W' = W * scale / sqrt(variance + epsilon) per output channel, B' = (B - mean) * scale / sqrt(...) + bias.
 */
export const foldBatchNormalization = (graph: Graph): Graph => {
  const values = new Map(graph.values);
  const consumers = consumersOf(graph);
  const producers = producersOf(graph);
  const replaced = new Map<Node, Node | undefined>();
  for (const node of graph.nodes) {
    const conv = node.op === 'BatchNormalization' ? producers.get(node.inputs[0] as string) : undefined;
    if (conv?.op !== 'Conv' || replaced.has(conv)) continue;
    const [middle] = conv.outputs as [string];
    if (consumers.get(middle)?.length !== 1 || graph.outputs.includes(middle)) continue;
    const folded = foldInto(graph, conv, node, values);
    if (!folded) continue;
    replaced.set(conv, folded);
    replaced.set(node, undefined);
  }
  const nodes = graph.nodes.flatMap((node) => (replaced.has(node) ? (replaced.get(node) ?? []) : [node]));
  return withNodes(graph, nodes, values);
};

const foldInto = (graph: Graph, conv: Node, norm: Node, values: Map<string, Value>): Node | undefined => {
  const weight = constantOf(graph, conv.inputs[1]);
  const bias = constantOf(graph, conv.inputs[2]);
  const [scale, shift, mean, variance] = norm.inputs.slice(1, 5).map((name) => constantOf(graph, name));
  const epilogue = conv.attributes.epilogue as readonly unknown[];
  if (!weight || (conv.inputs[2] && !bias) || !scale || !shift || !mean || !variance || epilogue.length > 0) return undefined;
  const epsilon = norm.attributes.epsilon as number;
  const [s, b, m, v] = [scale, shift, mean, variance].map((t) => toNumbers(t.type, t.data)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const factor = s.map((x, channel) => x / Math.sqrt((v[channel] as number) + epsilon));
  const w = toNumbers(weight.type, weight.data);
  const perChannel = w.length / factor.length;
  const oldBias = bias ? toNumbers(bias.type, bias.data) : new Float64Array(factor.length);
  const newWeight = w.map((x, i) => x * (factor[Math.floor(i / perChannel)] as number));
  const newBias = factor.map(
    (f, channel) => ((oldBias[channel] as number) - (m[channel] as number)) * f + (b[channel] as number),
  );
  const weightName = addConstant(
    values,
    `${conv.inputs[1]}.folded`,
    new Tensor(weight.type, fromNumbers(weight.type, newWeight), weight.dims),
  );
  const biasName = addConstant(
    values,
    `${conv.name}.bias.folded`,
    new Tensor(weight.type, fromNumbers(weight.type, newBias), [factor.length]),
  );
  return {
    ...conv,
    inputs: [conv.inputs[0] as string, weightName, biasName],
    outputs: norm.outputs.slice(0, 1),
    attributes: { ...conv.attributes, epilogue: norm.attributes.epilogue },
  };
};

const addConstant = (values: Map<string, Value>, base: string, tensor: Tensor): string => {
  const name = freshName(values, base);
  values.set(name, { name, dtype: tensor.type, shape: tensor.dims, tensor });
  return name;
};
