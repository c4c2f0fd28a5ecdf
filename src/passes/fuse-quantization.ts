import type { Graph, Node } from '../graph/graph.js';
import { operatorOf } from '../ops/infer.js';
import { keepConvolutionWeights } from './fuse-quantization-conv.js';
import { integerFormOf, lookupFor } from './fuse-quantization-rules.js';
import { fuseQuantizedWeights } from './fuse-quantization-weights.js';
import { type Quantized, quantizedBy, quantizeNumber } from './quantized.js';
import { removeDeadNodes } from './remove-dead-nodes.js';
import { hasNoEpilogue, Rewriter } from './rewrite.js';

/**
 * Recognises graphs in the QDQ form: an operator between DequantizeLinear and QuantizeLinear becomes the operator on
 * integers (Conv: QLinearConv, Gemm: QGemm, Add: QLinearAdd ...), with a Relu or Clip between them as bounds of its
 * result. Operators that only move data move integers instead. Products and convolutions with quantized
 * weights alone keep them packed.
 * Wants weights that are still quantized.
 */
export const fuseQuantization = (graph: Graph): Graph => {
  if (!graph.nodes.some(({ op }) => op === 'DequantizeLinear')) return graph;
  return removeDeadNodes(
    fuseQuantizedWeights(keepConvolutionWeights(removeDeadNodes(fuseIntegers(removeDeadNodes(moveIntegers(graph)))))),
  );
};

/** Operators that leave every element as it is; a MaxPool chooses among them, whatever they stand for. */
const MOVES = new Set(['Transpose', 'MaxPool', 'DepthToSpace', 'SpaceToDepth', 'Slice', 'Gather', 'Expand', 'Tile']);

const movesData = (node: Node): boolean =>
  (operatorOf(node).alias === true || MOVES.has(node.op)) && node.outputs.length === 1 && hasNoEpilogue(node);

/** move(DequantizeLinear(x)) = DequantizeLinear(move(x)) */
const moveIntegers = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  const dequantized = new Map<string, Node>();
  for (const node of graph.nodes) {
    if (node.op === 'DequantizeLinear') dequantized.set(node.outputs[0] as string, node);
    const source = movesData(node) ? dequantized.get(node.inputs[0] as string) : undefined;
    const from = source && quantizedBy(source, (name) => rewriter.value(name));
    if (!source || !from || !hasNoEpilogue(source)) continue;
    const [output] = node.outputs as readonly [string];
    const moved = rewriter.addValueOf(`${output}.quantized`, from.dtype, rewriter.value(output)?.shape);
    const after: Node = {
      ...source,
      name: `${node.name}.dequantized`,
      inputs: [moved, ...source.inputs.slice(1)],
      outputs: [output],
    };
    rewriter.replace(node, [{ ...node, inputs: [from.name, ...node.inputs.slice(1)], outputs: [moved] }, after]);
    dequantized.set(output, after);
  }
  return rewriter.finish();
};

const fuseIntegers = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const to = node.op === 'QuantizeLinear' ? quantizedBy(node, (name) => rewriter.value(name)) : undefined;
    const fused = to && (lookupFor(node, to, rewriter) ?? fuse(node, to, rewriter));
    if (fused) rewriter.replace(node, [fused]);
  }
  return rewriter.finish();
};

/** The operator that a QuantizeLinear reads, perhaps through activations that only bound its result, on integers. */
const fuse = (node: Node, to: Quantized, rewriter: Rewriter): Node | undefined => {
  let [least, greatest] = [quantizeNumber(Number.NEGATIVE_INFINITY, to), quantizeNumber(Number.POSITIVE_INFINITY, to)];
  let name = node.inputs[0] as string;
  let producer = rewriter.producer(name);
  while (producer && rewriter.readOnce(name)) {
    const limits = limitsOf(producer);
    if (!limits) break;
    least = Math.max(least, quantizeNumber(limits[0], to));
    greatest = Math.min(greatest, quantizeNumber(limits[1], to));
    name = producer.inputs[0] as string;
    producer = rewriter.producer(name);
  }
  if (!producer || !rewriter.readOnce(name) || !hasNoEpilogue(producer) || least > greatest) return undefined;
  const integer = integerFormOf(producer, to, rewriter);
  if (!integer) return undefined;
  const [low, high] = [quantizeNumber(Number.NEGATIVE_INFINITY, to), quantizeNumber(Number.POSITIVE_INFINITY, to)];
  const bounded = least > low || greatest < high;
  if (bounded && !Object.hasOwn(operatorOf(integer).attributes, 'bounds')) return undefined;
  const attributes = bounded ? { ...integer.attributes, bounds: [least, greatest] } : integer.attributes;
  return { ...integer, name: producer.name, outputs: node.outputs, attributes };
};

/** Between which numbers an activation keeps its input. */
const limitsOf = (node: Node): readonly [number, number] | undefined => {
  if (!hasNoEpilogue(node)) return undefined;
  if (node.op === 'Relu') return [0, Number.POSITIVE_INFINITY];
  const { min, max } = node.attributes as { min?: number; max?: number };
  return node.op === 'Clip' && (min as number) <= (max as number) ? [min as number, max as number] : undefined;
};
