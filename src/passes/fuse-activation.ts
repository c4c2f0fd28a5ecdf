import type { Attributes, Graph, Node } from '../graph/graph.js';
import { Rewriter } from './rewrite.js';

/**
 * Recognises activations that exporters write out as products: x * sigmoid(x) (Swish, SiLU), x * hardsigmoid(x)
 * (HardSwish), x * tanh(softplus(x)) (Mish) and 0.5 * x * (1 + erf(x / sqrt 2)) (Gelu), in any order of factors.
 */
export const fuseActivation = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  // The outermost product first: inner ones are part of it.
  for (const node of [...graph.nodes].reverse()) {
    if ((node.op !== 'Mul' && node.op !== 'Div') || rewriter.isReplaced(node)) continue;
    const product = factorsOf(rewriter, node);
    const found = product && recognise(rewriter, product);
    if (!found) continue;
    const { op, attributes, input, absorbed } = found;
    rewriter.replace(
      node,
      [
        {
          name: node.name,
          op,
          inputs: [input],
          outputs: node.outputs,
          attributes: { ...attributes, epilogue: node.attributes.epilogue },
        },
      ],
      [...product.nodes, ...absorbed],
    );
  }
  return rewriter.finish();
};

/** constant * product of values, and the inner nodes that only serve to multiply. */
interface Product {
  readonly constant: number;
  readonly factors: readonly string[];
  readonly nodes: readonly Node[];
}

const factorsOf = (rewriter: Rewriter, node: Node): Product | undefined => {
  let constant = 1;
  const factors: string[] = [];
  const nodes: Node[] = [];
  for (const [i, name] of node.inputs.entries()) {
    const number = scalar(rewriter, name);
    const divides = node.op === 'Div' && i === 1;
    if (number !== undefined) {
      constant *= divides ? 1 / number : number;
      continue;
    }
    if (divides) return undefined;
    const inner = only(rewriter, name, 'Mul', 'Div');
    const below = inner && factorsOf(rewriter, inner);
    if (inner && below) {
      constant *= below.constant;
      factors.push(...below.factors);
      nodes.push(inner, ...below.nodes);
    } else factors.push(name);
  }
  return { constant, factors, nodes };
};

interface Activation {
  readonly op: string;
  readonly attributes: Attributes;
  readonly input: string;
  readonly absorbed: readonly Node[];
}

const recognise = (rewriter: Rewriter, { constant, factors }: Product): Activation | undefined => {
  if (factors.length !== 2) return undefined;
  for (const [input, gate] of [factors, [...factors].reverse()] as [string, string][]) {
    const found =
      swish(rewriter, input, gate) ??
      hardSwish(rewriter, input, gate) ??
      mish(rewriter, input, gate) ??
      gelu(rewriter, input, gate);
    if (found && near(found.scale, constant)) return { ...found, input };
  }
  return undefined;
};

/** An activation, and the constant that must stand beside the product x * gate(x) for it to be one. */
type Found = Omit<Activation, 'input'> & { readonly scale: number };

const swish = (rewriter: Rewriter, x: string, gate: string): Found | undefined => {
  const sigmoid = only(rewriter, gate, 'Sigmoid');
  if (!sigmoid) return undefined;
  if (sigmoid.inputs[0] === x) return { op: 'Swish', attributes: { alpha: 1 }, absorbed: [sigmoid], scale: 1 };
  const scaled = scaledBy(rewriter, sigmoid.inputs[0], x);
  return scaled && { op: 'Swish', attributes: { alpha: scaled.factor }, absorbed: [sigmoid, scaled.node], scale: 1 };
};

const hardSwish = (rewriter: Rewriter, x: string, gate: string): Found | undefined => {
  const hard = only(rewriter, gate, 'HardSigmoid');
  if (hard) {
    const { alpha, beta } = hard.attributes as { alpha: number; beta: number };
    const fits = hard.inputs[0] === x && near(alpha, 1 / 6) && near(beta, 0.5);
    return fits ? { op: 'HardSwish', attributes: {}, absorbed: [hard], scale: 1 } : undefined;
  }
  const clip = only(rewriter, gate, 'Clip');
  const shifted = clip && clip.attributes.min === 0 && clip.attributes.max === 6 ? added(rewriter, clip.inputs[0], 3) : undefined;
  return clip && shifted?.input === x
    ? { op: 'HardSwish', attributes: {}, absorbed: [clip, shifted.node], scale: 1 / 6 }
    : undefined;
};

const mish = (rewriter: Rewriter, x: string, gate: string): Found | undefined => {
  const tanh = only(rewriter, gate, 'Tanh');
  const softplus = tanh && only(rewriter, tanh.inputs[0], 'Softplus');
  return tanh && softplus?.inputs[0] === x ? { op: 'Mish', attributes: {}, absorbed: [tanh, softplus], scale: 1 } : undefined;
};

const gelu = (rewriter: Rewriter, x: string, gate: string): Found | undefined => {
  const plusOne = added(rewriter, gate, 1);
  const erf = plusOne && only(rewriter, plusOne.input, 'Erf');
  const scaled = erf && scaledBy(rewriter, erf.inputs[0], x);
  if (!plusOne || !erf || !scaled || !near(scaled.factor, Math.SQRT1_2)) return undefined;
  return { op: 'Gelu', attributes: { approximate: 'none' }, absorbed: [plusOne.node, erf, scaled.node], scale: 0.5 };
};

/** The node that computes a value which nothing else reads, if it is one of these operators without an epilogue. */
const only = (rewriter: Rewriter, name: string | undefined, ...ops: string[]): Node | undefined => {
  const node = rewriter.producer(name);
  const steps = (node?.attributes.epilogue ?? []) as readonly unknown[];
  return node && ops.includes(node.op) && steps.length === 0 && rewriter.readOnce(name as string) ? node : undefined;
};

const scalar = (rewriter: Rewriter, name: string | undefined): number | undefined => {
  const numbers = rewriter.numbers(name);
  return numbers?.length === 1 ? numbers[0] : undefined;
};

/** name = x * factor, written as a Mul or Div by a constant. */
const scaledBy = (rewriter: Rewriter, name: string | undefined, x: string): { node: Node; factor: number } | undefined => {
  const node = only(rewriter, name, 'Mul', 'Div');
  if (!node) return undefined;
  const [a, b] = node.inputs as [string, string];
  const factor = scalar(rewriter, a === x ? b : node.op === 'Mul' && b === x ? a : undefined);
  return factor === undefined ? undefined : { node, factor: node.op === 'Div' ? 1 / factor : factor };
};

/** name = input + constant. */
const added = (rewriter: Rewriter, name: string | undefined, constant: number): { node: Node; input: string } | undefined => {
  const node = only(rewriter, name, 'Add');
  if (!node) return undefined;
  const [a, b] = node.inputs as [string, string];
  if (scalar(rewriter, b) === constant) return { node, input: a };
  return scalar(rewriter, a) === constant ? { node, input: b } : undefined;
};

/** Equal as float32 constants are: exporters write 1.4142135 and 0.70710677. */
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.abs(b);
