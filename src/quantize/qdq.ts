import type { Graph, Node } from '../graph/graph.js';
import { inferShapes } from '../ops/infer.js';
import { integerRange } from '../tensor/dtype.js';
import { roundHalfEven } from '../tensor/float16.js';
import { type Affine, type QuantizedType, quantize, type Range } from './affine.js';
import { Draft } from './draft.js';
import { type Layer, tensorOfMatrix } from './layers.js';
import type { QuantizedMatrix } from './matrix.js';
import { isMove, type Placement } from './placement.js';

/** The numbers that go into a placement. */
export interface QdqNumbers {
  readonly type: QuantizedType;
  /** By root value. */
  readonly affines: ReadonlyMap<string, Affine>;
  readonly weights: ReadonlyMap<Node, QuantizedMatrix>;
  readonly biases: ReadonlyMap<Node, Float64Array>;
}

/** The integers that stand for a value, by name. */
export interface QuantizedValue {
  readonly name: string;
  readonly affine: Affine;
}

/** A graph with QuantizeLinear and DequantizeLinear, and what each of its quantized values became. */
export interface QdqGraph {
  readonly graph: Graph;
  readonly quantized: ReadonlyMap<string, QuantizedValue>;
}

/**
 * Writes a graph in ONNX's QDQ form: every quantized value goes through QuantizeLinear and DequantizeLinear, weights and
 * biases (int32, of scale s_x * s_w) are constants under a DequantizeLinear. Rectifiers that saturation makes good for
 * are left out, and what only moves numbers moves integers. Runtimes fuse DequantizeLinear -> node -> QuantizeLinear
 * into integer kernels.
 */
export const writeQdq = (graph: Graph, placement: Placement, numbers: QdqNumbers): QdqGraph => {
  const writer = new QdqWriter(graph, placement, numbers);
  for (const name of graph.inputs) if (placement.roots.has(name)) writer.quantizeValue(name, name);
  for (const node of graph.nodes) writer.write(node);
  for (const name of graph.outputs) writer.finishOutput(name);
  return { graph: inferShapes(writer.draft.finish()), quantized: writer.quantized };
};

/** So many scales are computed from others rather than stored. */
const LONG_SCALES = 4;

class QdqWriter {
  readonly draft: Draft;
  readonly quantized = new Map<string, QuantizedValue>();
  readonly #graph: Graph;
  readonly #placement: Placement;
  readonly #numbers: QdqNumbers;
  /** What integer nodes compute: floats read it dequantized too. */
  readonly #results: ReadonlySet<string>;
  /** Written when they are first read. */
  readonly #dequantized = new Map<string, string>();

  constructor(graph: Graph, placement: Placement, numbers: QdqNumbers) {
    this.#graph = graph;
    this.#placement = placement;
    this.#numbers = numbers;
    this.draft = new Draft(graph);
    const { nodes, rectifiers } = placement;
    this.#results = new Set([...[...nodes].flatMap(({ outputs }) => outputs), ...rectifiers.keys()]);
  }

  write(node: Node): void {
    const { roots, layers, rectifiers, nodes } = this.#placement;
    const [output = ''] = node.outputs;
    const isInteger = nodes.has(node);
    if (isInteger && isMove(node)) {
      this.#move(node, output);
      return;
    }
    const inputs = node.inputs.map((name) => this.#read(name, isInteger));
    if (rectifiers.get(output) === node && roots.has(output) && this.#saturatesLike(node, output)) {
      this.quantizeValue(inputs[0] as string, output);
      return;
    }
    const layer = layers.get(node);
    const isPassed = roots.has(output);
    // The graph's own outputs keep their names: there the dequantized value has it.
    const raw = isPassed && this.#graph.outputs.includes(output) ? this.draft.value(`${output}.f`) : output;
    const outputs = raw === output ? node.outputs : [raw];
    this.draft.keep({ ...node, inputs: layer ? this.#layerInputs(layer, inputs) : inputs, outputs });
    if (isPassed) this.quantizeValue(raw, output);
  }

  /** A QuantizeLinear on `raw`, which stands for the value `name`. */
  quantizeValue(raw: string, name: string): void {
    const q = this.draft.node('QuantizeLinear', [raw, ...this.#parameters(name)], {}, `${name}.q`);
    this.quantized.set(name, { name: q, affine: this.#affine(name) });
  }

  /** An output of the graph that exists as integers only so far. */
  finishOutput(name: string): void {
    if (this.quantized.has(name) && !this.#graph.inputs.includes(name)) this.#dequantize(name);
  }

  #move(node: Node, output: string): void {
    const [x = '', ...rest] = node.inputs;
    const source = this.quantized.get(x) as QuantizedValue;
    const moved = this.draft.value(`${output}.q`);
    const zero = this.draft.constant('z', this.#numbers.type, [source.affine.zeroPoint], []);
    const inputs = node.op === 'Pad' ? [source.name, rest[0] as string, zero, ...rest.slice(2)] : [source.name, ...rest];
    this.draft.keep({ ...node, inputs, outputs: [moved] });
    this.quantized.set(output, { name: moved, affine: source.affine });
  }

  #dequantize(name: string): string {
    const known = this.#dequantized.get(name);
    if (known !== undefined) return known;
    const isOutput = this.#graph.outputs.includes(name) && !this.#graph.inputs.includes(name);
    const inputs = [(this.quantized.get(name) as QuantizedValue).name, ...this.#parameters(name)];
    const d = this.draft.node('DequantizeLinear', inputs, {}, `${name}.d`, isOutput ? name : undefined);
    this.#dequantized.set(name, d);
    return d;
  }

  #parameters(name: string): string[] {
    const { scale, zeroPoint } = this.#affine(name);
    return [this.draft.constant('s', 'float32', [scale], []), this.draft.constant('z', this.#numbers.type, [zeroPoint], [])];
  }

  #affine(name: string): Affine {
    return this.#numbers.affines.get(this.#placement.roots.get(name) as string) as Affine;
  }

  /** What a node reads in the place of a value: floats read what floats computed as it is. */
  #read(name: string, isInteger: boolean): string {
    return this.quantized.has(name) && (isInteger || this.#results.has(name)) ? this.#dequantize(name) : name;
  }

  /** True where saturation to the integer type does what the rectifier does. */
  #saturatesLike({ op, attributes }: Node, output: string): boolean {
    const { type } = this.#numbers;
    const affine = this.#affine(output);
    const [first, last] = integerRange(type) as Range;
    const { min, max } = op === 'Relu' ? { min: 0, max: Number.POSITIVE_INFINITY } : (attributes as Record<string, number>);
    return quantize(min as number, affine, type) === first && quantize(max as number, affine, type) === last;
  }

  #layerInputs(layer: Layer, [x = '']: readonly string[]): string[] {
    const quantized = this.#numbers.weights.get(layer.node) as QuantizedMatrix;
    const bias = this.#numbers.biases.get(layer.node);
    const scales = this.#weightScales(layer, quantized);
    const inputs = [x, this.#weight(layer, quantized, scales)];
    return bias ? [...inputs, this.#bias(layer, quantized, scales, bias)] : inputs;
  }

  #weightScales({ weight }: Layer, { affines }: QuantizedMatrix): string {
    const scales = affines.map(({ scale }) => scale);
    return this.draft.constant(`${weight}.i.s`, 'float32', scales, affines.length === 1 ? [] : [affines.length]);
  }

  #weight(layer: Layer, quantized: QuantizedMatrix, scales: string): string {
    const { type, integers, affines, symmetric } = quantized;
    const base = `${layer.weight}.i`;
    const q = this.draft.tensor(base, tensorOfMatrix(layer, type, integers));
    const dims = affines.length === 1 ? [] : [affines.length];
    const inputs = [q, scales];
    const zeros = affines.map(({ zeroPoint }) => zeroPoint);
    if (!symmetric) inputs.push(this.draft.constant(`${base}.z`, type, zeros, dims));
    // Attributes that say nothing are not written.
    return this.draft.node('DequantizeLinear', inputs, dims.length === 0 ? {} : { axis: layer.transposed ? 1 : 0 }, `${base}.d`);
  }

  #bias(layer: Layer, { affines }: QuantizedMatrix, weightScales: string, bias: Float64Array): string {
    const { scale: inputScale } = this.#affine(layer.input);
    const scales = affines.map(({ scale }) => Math.fround(inputScale * scale));
    const integers = bias.map((b, r) => roundHalfEven(b / (scales[affines.length === 1 ? 0 : r] as number)));
    const base = `${layer.node.name}.b`;
    const isVector = affines.length > 1;
    const q = this.draft.constant(base, 'int32', integers, [bias.length]);
    const [inputScaleName = ''] = this.#parameters(layer.input);
    // A node takes less of the file than a list of scales does; runtimes compute it when they load.
    const s =
      affines.length >= LONG_SCALES
        ? this.draft.node('Mul', [inputScaleName, weightScales], {}, `${base}.s`)
        : this.draft.constant(`${base}.s`, 'float32', scales, isVector ? [scales.length] : []);
    return this.draft.node('DequantizeLinear', [q, s], isVector ? { axis: 0 } : {}, `${base}.d`);
  }
}
