import { TilewiseError } from '../errors.js';
import { exportOnnx } from '../exporters/onnx.js';
import type { Graph, Node } from '../graph/graph.js';
import { inferShapes } from '../ops/infer.js';
import { fromNumbers, toNumbers } from '../tensor/convert.js';
import { Tensor } from '../tensor/tensor.js';
import { compactNames } from './compact.js';
import { Draft } from './draft.js';
import { biasOf, type Layer, layersOf, transposeNumbers, weightsOf } from './layers.js';
import { type Matrix, quantizeMatrix } from './matrix.js';
import { loadOperatorsNow, prepare } from './prepare.js';

export interface LlmInt8Options {
  /** Columns of X with a magnitude of at least this are outliers. Default 6. */
  readonly threshold?: number;
  /** Most outlier columns of one run, of which the largest are taken; 0 leaves all in int8. Default 32. */
  readonly mostOutliers?: number;
  /** One scale for each row of X and column of W, or (to compare with) one for all. Default 'vector'. */
  readonly scales?: 'vector' | 'tensor';
}

/** What rows of zeros are divided by. */
const LEAST_SCALE = 1e-30;
const LARGEST = 127;

/**
 * A model of one product Y = X W for X [rows, k] ("x", any number of rows) and constant W [k, n], by LLM.int8() (see
 * `llmInt8`), as an ONNX file whose output is "y". Throws `invalid-argument` where W is no float32 matrix.
 */
export const llmInt8Product = (weights: Tensor, options: LlmInt8Options = {}): Uint8Array => {
  loadOperatorsNow();
  const [columns, outputs] = weights.dims;
  if (weights.type !== 'float32' || weights.dims.length !== 2 || weights.size === 0) {
    throw new TilewiseError('invalid-argument', `the weights must be a float32 matrix, got ${weights.type} [${weights.dims}]`);
  }
  const numbers = transposeNumbers(toNumbers(weights.type, weights.data), columns as number, outputs as number);
  const x = { name: 'x', dtype: 'float32', shape: ['rows', columns as number] } as const;
  const y = { name: 'y', dtype: 'float32', shape: undefined } as const;
  const values = new Map([x, y].map((value) => [value.name, value]));
  const draft = new Draft({ name: 'llm-int8', nodes: [], values, inputs: ['x'], outputs: ['y'] });
  const matrix = { rows: outputs as number, columns: columns as number, data: numbers };
  const result = new ProductWriter(draft, { x: 'x', rank: 2, matrix, base: 'int8' }, checked(options)).write();
  draft.node('Identity', [result], {}, 'y', 'y');
  return exportOnnx(inferShapes(draft.finish()));
};

/** `llmInt8` for a model file. */
export const llmInt8Model = (model: Uint8Array, options: LlmInt8Options = {}): Uint8Array =>
  exportOnnx(llmInt8(prepare(model), options));

/**
 * Replaces products with constant weights by LLM.int8() (Dettmers et al. 2022, "LLM.int8(): 8-bit Matrix Multiplication
 * for Transformers at Scale"): X and W are int8 with a scale for each row of X and each column of W, but for the columns
 * o of X that hold outliers, which every run finds anew and multiplies in float32 with their rows of W.
 *
 *     Y = s_x (Xq Wq) s_w + X[:, o] W[o, :],   Xq = round(X / s_x) with 0 in the columns o,   s_x = max |row of X| / 127
 *
 * All operators are ONNX's own. W stays in memory as float32 too, for the rows that turn out to be needed. Layers whose
 * input has no known rank, and convolutions, are left as they are.
 */
export const llmInt8 = (graph: Graph, options: LlmInt8Options = {}, skip: (node: Node) => boolean = () => false): Graph => {
  const all = checked(options);
  const shapes = inferShapes(graph).values;
  const layers = new Map(layersOf(graph).map((layer) => [layer.node, layer]));
  const draft = new Draft(graph);
  for (const node of graph.nodes) {
    const layer = layers.get(node);
    const rank = layer && shapes.get(layer.input)?.shape?.length;
    if (!layer || node.op === 'Conv' || rank === undefined || rank < 2 || skip(node)) draft.keep(node);
    else writeLayer(draft, graph, layer, rank, all);
  }
  return compactNames(inferShapes(draft.finish()), graph).graph;
};

const writeLayer = (draft: Draft, graph: Graph, layer: Layer, rank: number, options: Required<LlmInt8Options>): void => {
  const { node, input, bias, outputs } = layer;
  const matrix = weightsOf(graph, layer);
  const y = new ProductWriter(draft, { x: input, rank, matrix, base: node.name }, options).write();
  const [output] = node.outputs;
  if (!bias) draft.node('Identity', [y], {}, `${node.name}.out`, output);
  else {
    const offset = draft.constant(`${node.name}.bias`, 'float32', biasOf(graph, layer), [outputs]);
    draft.node('Add', [y, offset], {}, `${node.name}.out`, output);
  }
};

const checked = ({ threshold = 6, mostOutliers = 32, scales = 'vector' }: LlmInt8Options): Required<LlmInt8Options> => {
  const bad = (message: string): never => {
    throw new TilewiseError('invalid-argument', message);
  };
  if (!(threshold > 0)) bad(`the threshold of outliers must be positive, got ${threshold}`);
  if (!Number.isInteger(mostOutliers) || mostOutliers < 0) bad(`the number of outliers must be whole, got ${mostOutliers}`);
  return { threshold, mostOutliers, scales };
};

interface Product {
  readonly x: string;
  /** Dimensions of x, of which the last is multiplied with. */
  readonly rank: number;
  /** W', [outputs, columns]. */
  readonly matrix: Matrix;
  /** What nodes are named after. */
  readonly base: string;
}

class ProductWriter {
  readonly #draft: Draft;
  readonly #product: Product;
  readonly #options: Required<LlmInt8Options>;

  constructor(draft: Draft, product: Product, options: Required<LlmInt8Options>) {
    this.#draft = draft;
    this.#product = product;
    this.#options = options;
  }

  write(): string {
    const { x, rank, matrix } = this.#product;
    const count = Math.min(this.#options.mostOutliers, matrix.columns);
    if (count === 0) return this.#integers(x);
    const { places, isOutlier, kept } = this.#outliers(count);
    const y = this.#integers(this.#node('Mul', [x, kept], 'regular'));
    const rows = this.#node('Gather', [this.#floatWeights(), places], 'rows', { axis: 0 });
    const columns = this.#node('Gather', [x, places], 'columns', { axis: rank - 1 });
    const exact = this.#node('MatMul', [this.#node('Mul', [columns, isOutlier], 'outliers'), rows], 'exact');
    return this.#node('Add', [y, exact], 'sum');
  }

  /** Places of the largest columns, 1 or 0 for whether each is an outlier, and for every column 1 where it is none. */
  #outliers(count: number): { places: string; isOutlier: string; kept: string } {
    const { x, rank, matrix } = this.#product;
    const axes = Array.from({ length: rank - 1 }, (_, i) => i);
    const magnitudes = this.#node('Abs', [x], 'magnitudes');
    const largest = this.#node('ReduceMax', [magnitudes, this.#ints(axes)], 'largest', { keepdims: false });
    const [values, places] = this.#draft.nodeOf('TopK', [largest, this.#ints([count])], {}, `${this.#product.base}.top`, 2);
    const above = this.#node('GreaterOrEqual', [values as string, this.#number(this.#options.threshold)], 'above');
    const isOutlier = this.#node('Cast', [above], 'mask', { to: 'float32' });
    const none = this.#node('Sub', [this.#number(1), isOutlier], 'rest');
    const ones = this.#draft.constant('ones', 'float32', new Float32Array(matrix.columns).fill(1), [matrix.columns]);
    const kept = this.#node('ScatterElements', [ones, places as string, none], 'kept', { axis: 0 });
    return { places: places as string, isOutlier, kept };
  }

  /** s_x (Xq Wq) s_w */
  #integers(x: string): string {
    const { rank, matrix, base } = this.#product;
    const isVector = this.#options.scales === 'vector';
    const axes = isVector ? [rank - 1] : Array.from({ length: rank }, (_, i) => i);
    const most = this.#node('ReduceMax', [this.#node('Abs', [x], 'abs'), this.#ints(axes)], 'most');
    const step = this.#node('Div', [most, this.#number(LARGEST)], 'step');
    const scale = this.#node('Max', [step, this.#number(LEAST_SCALE)], 'scale');
    const rounded = this.#node('Round', [this.#node('Div', [x, scale], 'steps')], 'rounded');
    const q = this.#node('Cast', [rounded], 'integers', { to: 'int8' });
    const granularity = isVector ? 'channel' : 'tensor';
    const weights = quantizeMatrix(matrix, { type: 'int8', granularity, symmetric: true }, `the weights of '${base}'`);
    const product = this.#node('MatMulInteger', [q, this.#weights('int8', weights.integers)], 'product');
    const scales = weights.affines.map((affine) => affine.scale);
    const columnScales = this.#draft.constant(`${base}.s`, 'float32', scales, isVector ? [matrix.rows] : []);
    const floats = this.#node('Mul', [this.#node('Cast', [product], 'floats', { to: 'float32' }), columnScales], 'scaled');
    return this.#node('Mul', [floats, scale], 'y');
  }

  #floatWeights(): string {
    return this.#weights('float32', this.#product.matrix.data);
  }

  /** W [columns, outputs]. */
  #weights(dtype: 'int8' | 'float32', numbers: ArrayLike<number>): string {
    const { matrix, base } = this.#product;
    const data = fromNumbers(dtype, transposeNumbers(numbers, matrix.rows, matrix.columns));
    return this.#draft.tensor(`${base}.w`, new Tensor(dtype, data, [matrix.columns, matrix.rows]));
  }

  #node(op: string, inputs: readonly string[], name: string, attributes: Node['attributes'] = {}): string {
    return this.#draft.node(op, inputs, attributes, `${this.#product.base}.${name}`);
  }

  #number(value: number): string {
    return this.#draft.constant('n', 'float32', [value], []);
  }

  #ints(values: readonly number[]): string {
    return this.#draft.constant('i', 'int64', values, [values.length]);
  }
}
