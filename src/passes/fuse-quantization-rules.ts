import { foldingReferences } from '../../kernels-ref/folding.js';
import { runNode } from '../../kernels-ref/run-node.js';
import type { Attributes, Node } from '../graph/graph.js';
import { withDefaults } from '../ops/attributes.js';
import { operatorNamed } from '../ops/index.js';
import { operatorOf } from '../ops/infer.js';
import { toNumbers } from '../tensor/convert.js';
import type { DType } from '../tensor/dtype.js';
import {
  bytesOf,
  dequantizeNumber,
  floatConstant,
  type Quantized,
  type QuantizedWeights,
  quantizedBy,
  quantizedWeights,
  quantizeNumber,
} from './quantized.js';
import { hasNoEpilogue, type Rewriter } from './rewrite.js';

/** A node without name, outputs and bounds, which the pass gives it. */
type Rule = (node: Node, to: Quantized, rewriter: Rewriter) => Node | undefined;

const built = (op: string, inputs: readonly string[], given: Attributes): Node => {
  const schema = operatorNamed(op)?.attributes ?? {};
  const known = Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(schema, name)));
  return { name: op, op, inputs, outputs: [], attributes: withDefaults(schema, known) };
};

/** The integers that an input is dequantized from. */
const source = (name: string | undefined, rewriter: Rewriter): Quantized | undefined => {
  const node = rewriter.producer(name);
  return node?.op === 'DequantizeLinear' && hasNoEpilogue(node) ? quantizedBy(node, (n) => rewriter.value(n)) : undefined;
};

/** Value, scale and zero point, which must be there. */
const triple = (q: Quantized, rewriter: Rewriter): string[] => [q.name, q.scale, q.zero || zeroFor(q, rewriter)];

const zeroFor = ({ name, dtype }: { readonly name: string; readonly dtype: DType }, rewriter: Rewriter): string =>
  rewriter.addConstant(`${name}.zero_point`, dtype, [0], []);

const scaleAndZero = (to: Quantized, rewriter: Rewriter): string[] => triple(to, rewriter).slice(1);

/** A bias in steps of x_scale * w_scale, of int32. */
const integerBias = (
  name: string | undefined,
  outputs: number,
  x: Quantized,
  { tensor, scales }: QuantizedWeights,
  rewriter: Rewriter,
): string | undefined => {
  const numbers = floatConstant(name, rewriter.producer(name), (n) => rewriter.value(n));
  if (!numbers || (numbers.length !== outputs && numbers.length !== 1)) return undefined;
  const steps = Array.from({ length: outputs }, (_, o) => {
    const scale = x.scaleNumber * (scales[scales.length === 1 ? 0 : o] as number);
    return Math.round((numbers[numbers.length === 1 ? 0 : o] as number) / scale);
  });
  const largestSum = (tensor.size / outputs) * 255 ** 2;
  if (steps.some((v) => !(Math.abs(v) + largestSum < 2 ** 31))) return undefined;
  return rewriter.addConstant(`${name}.steps`, 'int32', steps, [outputs]);
};

/** x, weights and perhaps a bias, as the inputs of a QLinear operator. */
const weighted = (
  node: Node,
  { axis, outputs }: { readonly axis: number; readonly outputs: number },
  rewriter: Rewriter,
): { readonly inputs: string[]; readonly bias: string | undefined } | undefined => {
  const [xName, wName, bName] = node.inputs;
  const x = source(xName, rewriter);
  const w = quantizedWeights(rewriter.producer(wName), axis, (name) => rewriter.value(name));
  if (!x || !w) return undefined;
  const bias = bName ? integerBias(bName, outputs, x, w, rewriter) : undefined;
  if (bName && !bias) return undefined;
  const zero = w.zero || zeroFor({ name: w.name, dtype: w.tensor.type }, rewriter);
  return { inputs: [...triple(x, rewriter), w.name, w.scale, zero], bias };
};

const conv: Rule = (node, to, rewriter) => {
  const outputs = rewriter.value(node.inputs[1])?.shape?.[0];
  const found = typeof outputs === 'number' ? weighted(node, { axis: 0, outputs }, rewriter) : undefined;
  return found && built('QLinearConv', [...found.inputs, ...scaleAndZero(to, rewriter), ...bias(found.bias)], node.attributes);
};

const bias = (name: string | undefined): string[] => (name ? [name] : []);

const gemm: Rule = (node, to, rewriter) => {
  const { transB, beta } = node.attributes;
  const axis = transB ? 0 : 1;
  const outputs = rewriter.value(node.inputs[1])?.shape?.[axis];
  if ((node.inputs[2] && beta !== 1) || node.attributes.alpha !== 1 || typeof outputs !== 'number') return undefined;
  const found = weighted(node, { axis, outputs }, rewriter);
  return (
    found && built('com.microsoft.QGemm', [...found.inputs, found.bias ?? '', ...scaleAndZero(to, rewriter)], node.attributes)
  );
};

const matmul: Rule = (node, to, rewriter) => {
  const rank = rewriter.value(node.inputs[1])?.shape?.length;
  const [a, b] = [source(node.inputs[0], rewriter), source(node.inputs[1], rewriter)];
  if (a && b) {
    return built('QLinearMatMul', [...triple(a, rewriter), ...triple(b, rewriter), ...scaleAndZero(to, rewriter)], {});
  }
  const found = rank === 2 ? weighted(node, { axis: 1, outputs: 0 }, rewriter) : undefined;
  return found && built('QLinearMatMul', [...found.inputs, ...scaleAndZero(to, rewriter)], {});
};

/** A product with constant weights, and a number for each of its columns. */
const biasedProduct: Rule = (node, to, rewriter) => {
  for (const side of [0, 1]) {
    const product = rewriter.producer(node.inputs[side]);
    const bias = node.inputs[1 - side] as string;
    const shapeOf = (name: string | undefined) => rewriter.value(name)?.shape;
    const [dims, weights] = [shapeOf(bias), shapeOf(product?.inputs[1])];
    const outputs = weights?.[1];
    const isRow = dims?.every((d, i) => d === 1 || (i === dims.length - 1 && d === outputs));
    const sameRank = shapeOf(node.outputs[0])?.length === shapeOf(product?.outputs[0])?.length;
    const alone = product?.op === 'MatMul' && hasNoEpilogue(product) && rewriter.readOnce(product.outputs[0] as string);
    if (!alone || !isRow || !sameRank || weights?.length !== 2 || typeof outputs !== 'number') continue;
    const found = weighted({ ...product, inputs: [...product.inputs, bias] }, { axis: 1, outputs }, rewriter);
    if (!found?.bias) continue;
    return built('QLinearMatMul', [...found.inputs, ...scaleAndZero(to, rewriter), found.bias], { hasBias: true });
  }
  return undefined;
};

const binary: Rule = (node, to, rewriter) => {
  const [a, b] = [source(node.inputs[0], rewriter), source(node.inputs[1], rewriter)];
  if (!a || !b || a.dtype !== b.dtype || a.dtype !== to.dtype) return undefined;
  const op = `com.microsoft.QLinear${node.op}`;
  return built(op, [...triple(a, rewriter), ...triple(b, rewriter), ...scaleAndZero(to, rewriter)], {});
};

const pool: Rule = (node, to, rewriter) => {
  const x = source(node.inputs[0], rewriter);
  const { shape } = rewriter.value(node.inputs[0]) ?? {};
  if (!x || x.dtype !== to.dtype || !shape || shape.length > 4) return undefined;
  return built(`com.microsoft.QLinear${node.op}`, [...triple(x, rewriter), ...scaleAndZero(to, rewriter)], node.attributes);
};

/** A mean over all spatial axes that keeps them. */
const reduceMean: Rule = (node, to, rewriter) => {
  const rank = rewriter.value(node.inputs[0])?.shape?.length ?? 0;
  const axes = [...(rewriter.numbers(node.inputs[1]) ?? [])].map((axis) => (axis < 0 ? axis + rank : axis)).sort();
  const spatial = Array.from({ length: Math.max(0, rank - 2) }, (_, i) => i + 2);
  if (!node.attributes.keepdims || rank < 3 || axes.join() !== spatial.join()) return undefined;
  return pool({ ...node, op: 'GlobalAveragePool', attributes: {} }, to, rewriter);
};

const concat: Rule = (node, to, rewriter) => {
  const parts = node.inputs.map((name) => source(name, rewriter));
  if (!parts.every((part) => part?.dtype === to.dtype)) return undefined;
  const inputs = parts.flatMap((part) => triple(part as Quantized, rewriter));
  return built('com.microsoft.QLinearConcat', [...scaleAndZero(to, rewriter), ...inputs], node.attributes);
};

const rules: Readonly<Record<string, Rule>> = {
  Add: (node, to, rewriter) => binary(node, to, rewriter) ?? biasedProduct(node, to, rewriter),
  AveragePool: pool,
  Concat: concat,
  Conv: conv,
  Gemm: gemm,
  GlobalAveragePool: pool,
  MatMul: matmul,
  Mul: binary,
  ReduceMean: reduceMean,
};

/** The operator on integers that gives what a QuantizeLinear makes of the node's result; undefined where there is none. */
export const integerFormOf: Rule = (node, to, rewriter) => rules[node.op]?.(node, to, rewriter);

/**
 * A table from byte to byte for a QuantizeLinear after elementwise operators after a DequantizeLinear; or the integers
 * themselves, where both have one scale and nothing stands between them.
 */
export const lookupFor = (node: Node, to: Quantized, rewriter: Rewriter): Node | undefined => {
  const chain: Node[] = [];
  let name = node.inputs[0] as string;
  let producer = rewriter.producer(name);
  while (producer && isTabulated(producer)) {
    chain.unshift(producer);
    name = producer.inputs[0] as string;
    producer = rewriter.producer(name);
  }
  const from = source(name, rewriter);
  if (!from) return undefined;
  const same = from.dtype === to.dtype && from.scaleNumber === to.scaleNumber && from.zeroNumber === to.zeroNumber;
  const named = { name: node.name, outputs: node.outputs };
  if (same && chain.length === 0) return { ...built('Identity', [from.name], {}), ...named };
  const inputs = Float64Array.from(bytesOf(from.dtype), (steps) => dequantizeNumber(steps, from));
  const results = chain.reduce(apply, inputs);
  const entries = Array.from(results, (v) => quantizeNumber(v, to));
  const table = rewriter.addConstant(`${node.name}.table`, to.dtype, entries, [256]);
  return { ...built('tilewise.Lookup', [from.name, table], {}), ...named };
};

const isTabulated = (node: Node): boolean =>
  operatorOf(node).elementwise === true && foldingReferences.has(node.op) && node.inputs.filter(Boolean).length === 1;

const apply = (data: Float64Array, node: Node): Float64Array => {
  const like = { dtype: 'float32' as const, shape: [data.length] };
  const [result] = runNode(foldingReferences, node, [{ ...like, data }], [like]);
  return toNumbers('float32', result!.data);
};
