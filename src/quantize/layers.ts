import { type Graph, type Node, valueNamed } from '../graph/graph.js';
import { fromNumbers, toNumbers } from '../tensor/convert.js';
import type { DType } from '../tensor/dtype.js';
import { Tensor } from '../tensor/tensor.js';
import type { Matrix } from './matrix.js';

/** A node that is linear in constant weights: a convolution, a Gemm or a product with a constant matrix. */
export interface Layer {
  readonly node: Node;
  /** Names of the activation, the weights and (perhaps '') the bias. */
  readonly input: string;
  readonly weight: string;
  readonly bias: string;
  /** Dimensions of the weights in the file. */
  readonly dims: readonly number[];
  /** True where the file has the transposed matrix: [columns, rows]. */
  readonly transposed: boolean;
  readonly outputs: number;
  /** Numbers that make up one output: input channels of its group times the positions of the kernel. */
  readonly columns: number;
  /** Groups of a convolution: rows of different groups see different inputs. */
  readonly groups: number;
}

/** The layer that a node is; undefined where its weights are computed, are no matrix or are no float32. */
export const layerOf = (graph: Graph, node: Node): Layer | undefined => {
  const [input = '', weight = '', bias = ''] = node.inputs;
  const value = graph.values.get(weight);
  const dims = value?.tensor?.dims;
  if (!dims || value.dtype !== 'float32' || graph.values.get(input)?.tensor || value.tensor?.size === 0) return undefined;
  const isConstant = !bias || graph.values.get(bias)?.tensor !== undefined;
  if (!isConstant) return undefined;
  if (node.op === 'Conv') {
    const [outputs, ...rest] = dims as readonly [number, ...number[]];
    const columns = rest.reduce((a, b) => a * b, 1);
    const groups = node.attributes.group as number;
    return { node, input, weight, bias, dims, transposed: false, outputs, columns, groups };
  }
  const { alpha, beta, transA, transB } = node.attributes;
  const isPlainGemm = node.op === 'Gemm' && alpha === 1 && !transA && (!bias || (beta === 1 && isRow(graph, bias)));
  if ((!isPlainGemm && node.op !== 'MatMul') || dims.length !== 2) return undefined;
  const [rows, columns] = dims as readonly [number, number];
  const transposed = node.op === 'MatMul' || !transB;
  const [outputs, depth] = transposed ? [columns, rows] : [rows, columns];
  return { node, input, weight, bias, dims, transposed, outputs, columns: depth, groups: 1 };
};

/** True for one number, or one for each column. */
const isRow = (graph: Graph, bias: string): boolean => {
  const { dims = [] } = graph.values.get(bias)?.tensor ?? {};
  return dims.slice(0, -1).every((d) => d === 1);
};

/** The layers of a graph, in its order. */
export const layersOf = (graph: Graph): Layer[] => graph.nodes.flatMap((node) => layerOf(graph, node) ?? []);

/** Those whose weights and bias no other node reads. */
export const ownLayersOf = (graph: Graph): Layer[] => {
  const uses = new Map<string, number>();
  for (const name of graph.nodes.flatMap(({ inputs }) => inputs)) uses.set(name, (uses.get(name) ?? 0) + 1);
  return layersOf(graph).filter(({ weight, bias }) => uses.get(weight) === 1 && (!bias || uses.get(bias) === 1));
};

/** Input channels that can be told apart in the weights: all in one group, or one in each. */
export const inputChannels = ({ dims, groups, columns, outputs, node }: Layer): number | undefined => {
  if (node.op !== 'Conv') return columns;
  if (groups === 1) return dims[1];
  return groups === outputs && dims[1] === 1 ? groups : undefined;
};

/** The weights of a layer as a matrix [outputs, columns]. */
export const weightsOf = (graph: Graph, { weight, transposed, outputs, columns }: Layer): Matrix => {
  const { type, data } = valueNamed(graph, weight).tensor as Tensor;
  const numbers = toNumbers(type, data);
  return { rows: outputs, columns, data: transposed ? transposeNumbers(numbers, columns, outputs) : numbers };
};

/** The bias of a layer, one number for each output; zeros where it has none. */
export const biasOf = (graph: Graph, { bias, outputs }: Layer): Float64Array => {
  const tensor = bias ? graph.values.get(bias)?.tensor : undefined;
  if (!tensor) return new Float64Array(outputs);
  const numbers = toNumbers(tensor.type, tensor.data);
  return numbers.length === outputs ? numbers : new Float64Array(outputs).fill(numbers[0] as number);
};

/** A matrix [outputs, columns] as a tensor in the layout that the layer's node reads. */
export const tensorOfMatrix = ({ dims, transposed, outputs, columns }: Layer, dtype: DType, numbers: ArrayLike<number>): Tensor =>
  new Tensor(dtype, fromNumbers(dtype, transposed ? transposeNumbers(numbers, outputs, columns) : numbers), dims);

/** [rows, columns] as [columns, rows]. */
export const transposeNumbers = (numbers: ArrayLike<number>, rows: number, columns: number): Float64Array => {
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = numbers[r * columns + c] as number;
  return out;
};
