import { type Graph, type Node, producersOf, valueNamed } from '../graph/graph.js';
import { contextOf, inferNode, inferShapes, operatorOf } from '../ops/infer.js';
import { isConcrete, sizeOf } from '../tensor/shape.js';

/** Multiply-accumulates for every element of the output (of a pool: of the input) of what is no sum of products. */
const PER_ELEMENT: ReadonlyMap<string, number> = new Map([
  // Scale and shift.
  ['BatchNormalization', 2],
  ['InstanceNormalization', 2],
  ['GroupNormalization', 2],
  ['LayerNormalization', 2],
  // ptflops counts these layers, and once more the function that each of them calls.
  ['Relu', 2],
  ['PRelu', 2],
  ['Elu', 2],
  ['Gelu', 2],
  ['MaxPool', 2],
  ['AveragePool', 2],
  ['GlobalAveragePool', 2],
  ['GlobalMaxPool', 2],
  // Of these it sees either the layer or the function.
  ['Clip', 1],
  ['LeakyRelu', 1],
  ['Swish', 1],
  ['Softmax', 1],
  ['Upsample', 1],
  ['Resize', 1],
]);

const PRODUCTS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/**
 * Multiply-accumulates of a graph as the tool ptflops counts those of the same network in PyTorch, so that figures can be
 * held against published ones. It is not the work of the kernels (see `Operator.macs`):
 *
 * - every product of a convolution or a product with a constant matrix counts 1, and 1 for each element that a bias is
 *   added to. Products of two computed matrices do not count: ptflops does not see them in `nn.MultiheadAttention`;
 * - normalisations count 2 an element; activations 1 or 2, pools 2 for each element that they read, by how often ptflops
 *   meets them (`PER_ELEMENT`); x * sigmoid(x) counts 1, as SiLU;
 * - sums and products of two values, concatenations and all that moves data count nothing.
 *
 * The graph is as the file states it, with concrete shapes: before a pass folds or fuses layers.
 */
export const ptflopsMacs = (graph: Graph): number => {
  const inferred = inferShapes(graph);
  const producers = producersOf(inferred);
  return inferred.nodes.reduce((sum, node) => sum + macsOf(inferred, node, producers), 0);
};

const macsOf = (graph: Graph, node: Node, producers: ReadonlyMap<string, Node>): number => {
  const size = (name: string | undefined): number => {
    const shape = name ? valueNamed(graph, name).shape : undefined;
    return shape && isConcrete(shape) ? sizeOf(shape) : 0;
  };
  const elements = size(node.outputs[0]);
  const isConstant = (index: number): boolean => !!node.inputs[index] && !!valueNamed(graph, node.inputs[index]).tensor;
  if (PRODUCTS.has(node.op)) {
    if (!isConstant(0) && !isConstant(1)) return 0;
    const macs = operatorOf(node).macs?.(contextOf(node, graph.values), inferNode(node, graph.values)) ?? 0;
    return macs + (node.inputs[2] ? elements : 0);
  }
  const [a, b] = node.inputs.map((name) => producers.get(name));
  // The bias of a matrix product is an addition of its own in ONNX.
  if (node.op === 'Add') return (a?.op === 'MatMul' && isConstant(1)) || (b?.op === 'MatMul' && isConstant(0)) ? elements : 0;
  const gates = (gate: Node | undefined, x: string | undefined): boolean => gate?.op === 'Sigmoid' && gate.inputs[0] === x;
  if (node.op === 'Mul') return gates(b, node.inputs[0]) || gates(a, node.inputs[1]) ? elements : 0;
  return (PER_ELEMENT.get(node.op) ?? 0) * (node.op.includes('Pool') ? size(node.inputs[0]) : elements);
};
