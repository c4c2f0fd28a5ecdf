import { TilewiseError } from '../../src/errors.js';
import { type Graph, type Node, valueNamed } from '../../src/graph/graph.js';
import { toNumbers } from '../../src/tensor/convert.js';
import type { ConcreteShape } from '../../src/tensor/shape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { slidingWindows, type WindowAttributes } from '../../src/tensor/window.js';
import type { Tensorflow, TfPadding, TfTensor } from './tensorflow-types.js';

/** A tensor in the order of ONNX (channels first) or, of four axes, in the one that TensorFlow.js prefers. */
interface Ordered {
  readonly tensor: TfTensor;
  readonly channelsLast: boolean;
}

type Pair = readonly [number, number];

/** Calls of TensorFlow.js for the nodes of an ONNX graph, in the few operators that image classifiers are made of. */
export class TensorflowGraph {
  readonly #tf: Tensorflow;
  readonly #graph: Graph;
  /** Constants and what was made of them, uploaded once. */
  readonly #kept = new Map<string, TfTensor>();
  #values = new Map<string, Ordered>();

  /** `graph` has concrete shapes. Rejects an operator that is not among those translated. */
  constructor(tf: Tensorflow, graph: Graph) {
    this.#tf = tf;
    this.#graph = graph;
    const unknown = graph.nodes.find(({ op }) => !translated.has(op));
    if (!unknown) return;
    throw new TilewiseError(
      'unsupported-model',
      `${unknown.op} is not among the operators that this page calls TensorFlow.js for`,
      {
        node: unknown.name,
        hint: 'compare on a model of plain convolutions, pooling and products, or with onnxruntime-web',
      },
    );
  }

  /** The named output for these inputs. The caller disposes it. */
  run(feeds: ReadonlyMap<string, Tensor>, output: string): TfTensor {
    return this.#tf.tidy(() => {
      this.#values = new Map(
        [...feeds].map(([name, { data, dims }]) => [name, { tensor: this.#tf.tensor(data, dims), channelsLast: false }]),
      );
      for (const node of this.#graph.nodes) {
        const translate = translated.get(node.op) as Translate;
        this.#values.set(node.outputs[0] as string, translate(this.#tf, new Call(node, this.#graph, this)));
      }
      return this.first(output);
    });
  }

  dispose(): void {
    for (const tensor of this.#kept.values()) tensor.dispose();
    this.#kept.clear();
  }

  value(name: string): Ordered {
    return this.#values.get(name) ?? { tensor: this.constant(name, 'as it is', (x) => x), channelsLast: false };
  }

  /** A value with its channels first, as ONNX has it. */
  first(name: string): TfTensor {
    const { tensor, channelsLast } = this.value(name);
    return channelsLast ? this.#tf.transpose(tensor, [0, 3, 1, 2]) : tensor;
  }

  last(name: string): TfTensor {
    const { tensor, channelsLast } = this.value(name);
    return channelsLast ? tensor : this.#tf.transpose(tensor, [0, 2, 3, 1]);
  }

  /** What is made of a constant, once. */
  constant(name: string, use: string, make: (x: TfTensor) => TfTensor): TfTensor {
    const key = `${use}: ${name}`;
    let kept = this.#kept.get(key);
    if (!kept) {
      const data = valueNamed(this.#graph, name).tensor;
      if (!data) throw new TilewiseError('unsupported-model', `'${name}' is no constant`, { tensor: name });
      const numbers = Float32Array.from(toNumbers(data.type, data.data));
      kept = this.#tf.keep(make(this.#tf.tensor(numbers, data.dims)));
      this.#kept.set(key, kept);
    }
    return kept;
  }
}

/** A node with its inputs at hand. */
class Call {
  readonly node: Node;
  readonly #graph: Graph;
  readonly #run: TensorflowGraph;

  constructor(node: Node, graph: Graph, run: TensorflowGraph) {
    this.node = node;
    this.#graph = graph;
    this.#run = run;
  }

  name(i: number): string {
    return this.node.inputs[i] ?? '';
  }

  value(i: number): Ordered {
    return this.#run.value(this.name(i));
  }

  first(i: number): TfTensor {
    return this.#run.first(this.name(i));
  }

  last(i: number): TfTensor {
    return this.#run.last(this.name(i));
  }

  weights(i: number, use: string, make: (x: TfTensor) => TfTensor): TfTensor {
    return this.#run.constant(this.name(i), use, make);
  }

  shape(i: number): ConcreteShape {
    return valueNamed(this.#graph, this.name(i)).shape as ConcreteShape;
  }

  get outputShape(): ConcreteShape {
    return valueNamed(this.#graph, this.node.outputs[0] as string).shape as ConcreteShape;
  }

  attribute<T>(name: string): T {
    return this.node.attributes[name] as T;
  }

  /** The windows of a convolution or pooling over rows and columns, with the padding that its output needs. */
  windows(kernel: readonly number[], ceilMode = false): { strides: Pair; dilations: Pair; pads: TfPadding; isPadded: boolean } {
    const [rows, columns] = slidingWindows(
      this.shape(0).slice(2),
      this.node.attributes as unknown as WindowAttributes,
      kernel,
      ceilMode,
    ) as [Window, Window];
    const ends = [rows, columns].map(({ input, kernel: k, stride, dilation, padBegin, output }): Pair => {
      const reach = (output - 1) * stride + (k - 1) * dilation + 1;
      return [padBegin, Math.max(0, reach - input - padBegin)];
    }) as [Pair, Pair];
    return {
      strides: [rows.stride, columns.stride],
      dilations: [rows.dilation, columns.dilation],
      pads: [[0, 0], ...ends, [0, 0]],
      isPadded: ends.flat().some((n) => n > 0),
    };
  }
}

type Window = ReturnType<typeof slidingWindows>[number];
type Translate = (tf: Tensorflow, call: Call) => Ordered;

const first = (tensor: TfTensor): Ordered => ({ tensor, channelsLast: false });
const last = (tensor: TfTensor): Ordered => ({ tensor, channelsLast: true });
const onImages = (call: Call): void => {
  if (call.shape(0).length === 4) return;
  throw new TilewiseError('unsupported-model', `${call.node.op} is translated for images only`, { node: call.node.name });
};

const conv: Translate = (tf, call) => {
  onImages(call);
  const [outputs, , ...kernel] = call.shape(1) as [number, number, number, number];
  const channels = call.shape(0)[1] as number;
  const group = call.attribute<number>('group');
  const { strides, dilations, pads } = call.windows(kernel);
  const x = tf.pad(call.last(0), pads as readonly Pair[]);
  let y: TfTensor;
  if (group > 1 && group === channels) {
    // [O, 1, H, W] with O = channels x multiplier becomes [H, W, channels, multiplier].
    const shape = [...kernel, channels, outputs / channels];
    const w = call.weights(1, 'depthwise', (v) => tf.reshape(tf.transpose(v, [2, 3, 0, 1]), shape));
    y = tf.depthwiseConv2d(x, w, strides, 'valid', 'NHWC', dilations);
  } else {
    const w = call.weights(1, 'filter', (v) => tf.transpose(v, [2, 3, 1, 0]));
    const [xs, ws] = group > 1 ? [tf.split(x, group, 3), tf.split(w, group, 3)] : [[x], [w]];
    const parts = xs.map((part, i) => tf.conv2d(part, ws[i] as TfTensor, strides, 'valid', 'NHWC', dilations));
    y = parts.length > 1 ? tf.concat(parts, 3) : (parts[0] as TfTensor);
  }
  return last(call.name(2) ? tf.add(y, call.first(2)) : y);
};

const maxPool: Translate = (tf, call) => {
  onImages(call);
  const kernel = call.attribute<Pair>('kernel_shape');
  const { strides, pads, isPadded } = call.windows(kernel, call.attribute<boolean>('ceil_mode'));
  const x = isPadded ? tf.pad(call.last(0), pads as readonly Pair[], -3e38) : call.last(0);
  return last(tf.maxPool(x, kernel, strides, 'valid'));
};

const averagePool: Translate = (tf, call) => {
  onImages(call);
  const kernel = call.attribute<Pair>('kernel_shape');
  const { strides, pads, isPadded } = call.windows(kernel, call.attribute<boolean>('ceil_mode'));
  if (!isPadded) return last(tf.avgPool(call.last(0), kernel, strides, 'valid'));
  const x = tf.pad(call.last(0), pads as readonly Pair[]);
  const sums = tf.avgPool(x, kernel, strides, 'valid');
  if (call.attribute<boolean>('count_include_pad')) return last(sums);
  // Padding does not count: by how much of each window is inside.
  const [, , h, w] = call.shape(0) as [number, number, number, number];
  const ones = tf.pad(tf.tensor(new Float32Array(h * w).fill(1), [1, h, w, 1]), pads as readonly Pair[]);
  return last(tf.div(sums, tf.avgPool(ones, kernel, strides, 'valid')));
};

const batchNormalization: Translate = (tf, call) => {
  onImages(call);
  const [scale, offset, mean, variance] = [1, 2, 3, 4].map((i) => call.first(i)) as [TfTensor, TfTensor, TfTensor, TfTensor];
  return last(tf.batchNorm(call.last(0), mean, variance, offset, scale, call.attribute<number>('epsilon')));
};

const unary =
  (apply: (tf: Tensorflow, x: TfTensor, call: Call) => TfTensor): Translate =>
  (tf, call) => {
    const { tensor, channelsLast } = call.value(0);
    return { tensor: apply(tf, tensor, call), channelsLast };
  };

const binary =
  (name: 'add' | 'sub' | 'mul' | 'div'): Translate =>
  (tf, call) => {
    const inOrder = [0, 1].every((i) => call.value(i).channelsLast || call.shape(i).length === 0);
    if (!inOrder) return first(tf[name](call.first(0), call.first(1)));
    return last(tf[name](call.value(0).tensor, call.value(1).tensor));
  };

/** Where an axis of [N, C, H, W] is in [N, H, W, C]. */
const AXIS_LAST = [0, 3, 1, 2] as const;

const concat: Translate = (tf, call) => {
  const inputs = call.node.inputs.map((_, i) => i);
  const rank = call.shape(0).length;
  const axis = (call.attribute<number>('axis') + rank) % rank;
  if (!inputs.every((i) => call.value(i).channelsLast)) {
    return first(
      tf.concat(
        inputs.map((i) => call.first(i)),
        axis,
      ),
    );
  }
  return last(
    tf.concat(
      inputs.map((i) => call.last(i)),
      AXIS_LAST[axis] as number,
    ),
  );
};

const softmax: Translate = (tf, call) => {
  const rank = call.shape(0).length;
  const axis = (call.attribute<number>('axis') + rank) % rank;
  if (rank === 4 && axis === 1) return last(tf.softmax(call.last(0)));
  if (axis === rank - 1) return first(tf.softmax(call.first(0)));
  throw new TilewiseError('unsupported-model', `Softmax over axis ${axis} is not translated`, { node: call.node.name });
};

const gemm: Translate = (tf, call) => {
  const [alpha, beta] = [call.attribute<number>('alpha'), call.attribute<number>('beta')];
  const scaled = (x: TfTensor, by: number): TfTensor => (by === 1 ? x : tf.mul(x, tf.tensor([by], [])));
  const [transA, transB] = [call.attribute<boolean>('transA'), call.attribute<boolean>('transB')];
  const product = scaled(tf.matMul(call.first(0), call.first(1), transA, transB), alpha);
  return first(call.name(2) ? tf.add(product, scaled(call.first(2), beta)) : product);
};

const reshape: Translate = (tf, call) => first(tf.reshape(call.first(0), call.outputShape));
const same = unary((_, x) => x);

const translated: ReadonlyMap<string, Translate> = new Map<string, Translate>([
  ['Conv', conv],
  ['MaxPool', maxPool],
  ['AveragePool', averagePool],
  ['GlobalAveragePool', (tf, call) => last(tf.mean(call.last(0), [1, 2], true))],
  ['BatchNormalization', batchNormalization],
  ['Relu', unary((tf, x) => tf.relu(x))],
  ['LeakyRelu', unary((tf, x, call) => tf.leakyRelu(x, call.attribute<number>('alpha')))],
  ['Clip', unary((tf, x, call) => tf.clipByValue(x, call.attribute<number>('min'), call.attribute<number>('max')))],
  ['Sigmoid', unary((tf, x) => tf.sigmoid(x))],
  ['Tanh', unary((tf, x) => tf.tanh(x))],
  ['Exp', unary((tf, x) => tf.exp(x))],
  ['Neg', unary((tf, x) => tf.neg(x))],
  ['Sqrt', unary((tf, x) => tf.sqrt(x))],
  ['Add', binary('add')],
  ['Sub', binary('sub')],
  ['Mul', binary('mul')],
  ['Div', binary('div')],
  ['Concat', concat],
  ['Softmax', softmax],
  ['Gemm', gemm],
  ['MatMul', (tf, call) => first(tf.matMul(call.first(0), call.first(1)))],
  ['Flatten', reshape],
  ['Reshape', reshape],
  ['Squeeze', reshape],
  ['Unsqueeze', reshape],
  ['Transpose', (tf, call) => first(tf.transpose(call.first(0), call.attribute<readonly number[]>('perm')))],
  ['Dropout', same],
  ['Identity', same],
]);

/** The operators that there are calls for. */
export const translatedOperators: readonly string[] = [...translated.keys()];
