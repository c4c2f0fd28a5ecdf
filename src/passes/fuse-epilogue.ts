import { consumersOf, type EpilogueStep, epilogueOf, type Graph, type Node, withNodes } from '../graph/graph.js';
import { operatorOf } from '../ops/infer.js';
import { channelAxisOf, operandKind } from '../tensor/epilogue-operand.js';

/** Operands that the steps of one epilogue may read together: kernels have that many bindings to spare. */
const MAX_OPERANDS = 2;

/**
 * Makes an elementwise operator that alone reads a kernel's result a step of that kernel's epilogue: Conv + Relu,
 * Gemm + Clip, Conv + residual Add + PRelu ... become one node. Chains are taken whole.
 */
export const fuseEpilogue = (graph: Graph): Graph => {
  const fusion = new Fusion(graph);
  for (const node of graph.nodes) fusion.visit(node);
  return fusion.finish();
};

class Fusion {
  readonly #graph: Graph;
  readonly #consumers: ReadonlyMap<string, readonly Node[]>;
  /** Nodes so far, in their new order, by the output that they now have. */
  readonly #nodes = new Map<string, Node>();
  #fused = false;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#consumers = consumersOf(graph);
  }

  visit(node: Node): void {
    const output = node.outputs.find(Boolean) as string;
    const found = this.#fuseInto(node);
    if (!found) {
      this.#nodes.set(output, node);
      return;
    }
    // The fused node stands where its last part stood: what that part reads besides exists there.
    this.#nodes.delete(found.before.outputs[0] as string);
    this.#nodes.set(output, {
      ...found.before,
      outputs: node.outputs,
      inputs: found.inputs,
      attributes: { ...found.before.attributes, epilogue: found.steps },
    });
    this.#fused = true;
  }

  finish(): Graph {
    return this.#fused ? withNodes(this.#graph, [...this.#nodes.values()]) : this.#graph;
  }

  #fuseInto(node: Node): { before: Node; inputs: readonly string[]; steps: readonly EpilogueStep[] } | undefined {
    const { elementwise, operandStep } = operatorOf(node);
    const { epilogue, ...attributes } = node.attributes;
    const later = epilogueOf(node);
    if (elementwise) {
      const before = this.#host(node.inputs[0]);
      return before && { before, inputs: before.inputs, steps: [...epilogueOf(before), { op: node.op, attributes }, ...later] };
    }
    if (!operandStep || later.some((step) => step.operand !== undefined)) return undefined;
    // The later of two candidates, so that the other is there as an operand.
    const sides = node.op === 'Add' || node.op === 'Mul' ? [1, 0] : [0];
    for (const side of sides) {
      const before = this.#host(node.inputs[side]);
      const operand = node.inputs[1 - side] as string;
      if (!before || operand === node.inputs[side] || !this.#lies(before, node, operand)) continue;
      const own = operatorOf(before).inputs[1];
      const inputs = [...before.inputs, ...new Array<string>(Math.max(0, own - before.inputs.length)).fill('')];
      const step = { op: node.op, attributes, operand: inputs.length };
      return { before, inputs: [...inputs, operand], steps: [...epilogueOf(before), step, ...later] };
    }
    return undefined;
  }

  /** The node that computes a value which one node alone reads, if its kernel has an epilogue. */
  #host(name: string | undefined): Node | undefined {
    const before = name ? this.#nodes.get(name) : undefined;
    if (before?.outputs.length !== 1 || this.#graph.outputs.includes(name as string)) return undefined;
    const alone = this.#consumers.get(name as string)?.length === 1;
    return alone && Object.hasOwn(operatorOf(before).attributes, 'epilogue') ? before : undefined;
  }

  /** True where the kernel of `before` can read the operand beside its result. */
  #lies(before: Node, node: Node, operand: string): boolean {
    const shapeOf = (name: string | undefined) => (name ? this.#graph.values.get(name)?.shape : undefined);
    const [result, after, shape] = [shapeOf(before.outputs[0]), shapeOf(node.outputs[0]), shapeOf(operand)];
    // The scales of weights that are kept as integers take one of the bindings.
    const taken = 'integers' in (this.#graph.values.get(before.inputs[1] ?? '')?.tensor ?? {}) ? 1 : 0;
    const spare = taken + epilogueOf(before).filter((step) => step.operand !== undefined).length < MAX_OPERANDS;
    const grows = JSON.stringify(result) !== JSON.stringify(after);
    const sameType = this.#graph.values.get(operand)?.dtype === this.#graph.values.get(before.outputs[0] as string)?.dtype;
    if (!operatorOf(before).epilogueOperands || !result || !shape || !spare || grows || !sameType) return false;
    return operandKind(shape, result, channelAxisOf(before.op, result.length, before.attributes)) !== undefined;
  }
}
