import type { Graph, Node } from '../graph/graph.js';
import { withDefaults } from '../ops/attributes.js';
import { operatorNamed } from '../ops/index.js';
import type { Operator } from '../ops/operator.js';
import { Rewriter } from '../passes/rewrite.js';

/** Makes MatMul(x, W) + b, for rows x, constant W [k, n] and b [n], one Gemm: its bias can then be an integer. */
export const joinBias = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    if (node.op !== 'Add') continue;
    for (const [at, name] of node.inputs.entries()) {
      const product = rewriter.producer(name);
      const bias = node.inputs[1 - at] as string;
      if (product?.op !== 'MatMul' || !rewriter.readOnce(name) || !isBias(rewriter, product, bias)) continue;
      rewriter.replace(node, [gemm(product, bias, node.outputs)], [product]);
      break;
    }
  }
  return rewriter.finish();
};

const isBias = (rewriter: Rewriter, product: Node, bias: string): boolean => {
  const [x, weight] = product.inputs;
  const dims = rewriter.value(weight)?.tensor?.dims;
  const offset = rewriter.value(bias)?.tensor?.dims;
  if (!dims || !offset || dims.length !== 2 || rewriter.value(x)?.shape?.length !== 2) return false;
  return offset.length <= 2 && offset.at(-1) === dims[1] && offset.slice(0, -1).every((d) => d === 1);
};

const gemm = (product: Node, bias: string, outputs: readonly string[]): Node => {
  const { attributes } = operatorNamed('Gemm') as Operator;
  const inputs = [...product.inputs, bias];
  return { name: product.name, op: 'Gemm', inputs, outputs, attributes: withDefaults(attributes, {}) };
};
