import { exportOnnx } from '../exporters/onnx.js';
import type { Graph, Node } from '../graph/graph.js';
import { type Affine, affineOf, type QuantizedType } from './affine.js';
import { calibrate } from './calibrate.js';
import { checkSamples } from './check-samples.js';
import { compactNames } from './compact.js';
import { equalize } from './equalize.js';
import { equalizeActivations } from './equalize-activations.js';
import { biasOf, type Layer, layersOf } from './layers.js';
import type { QuantizedMatrix } from './matrix.js';
import type { CheckedOptions } from './options.js';
import { type Placement, place } from './placement.js';
import { type QuantizedValue, writeQdq } from './qdq.js';
import { chooseRange, type Distribution } from './ranges.js';
import type { ActivationResult, LayerResult, Quantization } from './results.js';
import type { Runtime, Samples } from './runtime.js';
import { type ColumnStatistics, columnStatistics } from './statistics.js';
import { writeWeightOnly } from './weight-only.js';
import { type LayerWeights, quantizeLayer } from './weights.js';

interface Written {
  readonly graph: Graph;
  readonly layers: readonly LayerResult[];
  readonly activations: readonly ActivationResult[];
}

/**
 * Quantizes a prepared graph with one choice of layers after the other: what calibration found and what became of the
 * weights is kept.
 */
export class Quantizer {
  /** The graph that is quantized. */
  readonly graph: Graph;
  readonly #bytes: number;
  readonly #options: CheckedOptions;
  readonly #distributions = new Map<string, Distribution>();
  readonly #statistics = new Map<string, ColumnStatistics>();
  readonly #weights = new Map<string, LayerWeights>();

  private constructor(graph: Graph, bytes: number, options: CheckedOptions) {
    this.graph = graph;
    this.#bytes = bytes;
    this.#options = options;
  }

  /** `bytes` is the size of the model file that `graph` was made of. Throws `invalid-feed` for samples that do not fit. */
  static async create(graph: Graph, bytes: number, options: CheckedOptions): Promise<Quantizer> {
    const { activations, samples, runtime, onProgress, signal } = options;
    checkSamples(graph, samples);
    const equalized = async (): Promise<Graph> =>
      activations === 'none'
        ? equalize(graph)
        : equalizeActivations(graph, samples as Samples, runtime as Runtime, { onProgress, signal });
    return new Quantizer(options.equalize ? await equalized() : graph, bytes, options);
  }

  /** Leaves nodes out that are to be skipped, and gives weights 8 bits in the place of 4 that are to be wide. */
  async quantize(skip: (node: Node) => boolean, isWide: (node: Node) => boolean = () => false): Promise<Quantization> {
    const written =
      this.#options.activations === 'none' ? await this.#weightsOnly(skip, isWide) : await this.#withActivations(skip);
    const { graph: after, names, added } = compactNames(written.graph, this.graph);
    const model = exportOnnx(after, { unnamed: added });
    const layers = written.layers.map((layer) => ({
      ...layer,
      result: { ...layer.result, after: names.get(layer.result.after) as string },
    }));
    const quantized = new Set(layers.map(({ name }) => name));
    const skipped = layersOf(this.graph).flatMap(({ node }) => (quantized.has(node.name) ? [] : [node.name]));
    const widened = layersOf(this.graph).flatMap(({ node }) => (quantized.has(node.name) && isWide(node) ? [node.name] : []));
    const bytes = { before: this.#bytes, after: model.length };
    return { model, before: this.graph, after, layers, activations: written.activations, bytes, skipped, widened };
  }

  async #weightsOnly(skip: (node: Node) => boolean, isWide: (node: Node) => boolean): Promise<Written> {
    const layers = layersOf(this.graph).filter(({ node }) => !skip(node));
    const weights = await this.#quantizeLayers(layers, ({ node }) => ({ inputScale: undefined, isWide: isWide(node) }));
    const graph = writeWeightOnly(this.graph, {
      layers: new Map(layers.map((layer) => [layer.node, layer])),
      weights: integersOf(weights),
      biases: this.#biases(layers, weights),
      format: this.#options.format,
    });
    const results = layers.map((layer) => layerResult(layer, weights, layer.node.outputs[0] as string, undefined));
    return { graph, layers: results, activations: [] };
  }

  async #withActivations(skip: (node: Node) => boolean): Promise<Written> {
    const placement = place(this.graph, skip);
    const layers = [...placement.layers.values()];
    const activations = await this.#activations(placement);
    const affines = new Map(activations.map(({ name, affine }) => [name, affine]));
    const inputScale = ({ input }: Layer): number => (affines.get(placement.roots.get(input) as string) as Affine).scale;
    const weights = await this.#quantizeLayers(layers, (layer) => ({ inputScale: inputScale(layer), isWide: false }));
    const { graph, quantized } = writeQdq(this.graph, placement, {
      type: this.#options.activations as QuantizedType,
      affines,
      weights: integersOf(weights),
      biases: this.#biases(layers, weights),
    });
    const rectified = new Map([...placement.rectifiers].map(([output, { inputs }]) => [inputs[0] as string, output]));
    const results = layers.map((layer) => {
      const output = layer.node.outputs[0] as string;
      const result = rectified.get(output) ?? output;
      return layerResult(layer, weights, result, quantized.get(result));
    });
    return { graph, layers: results, activations };
  }

  async #activations({ roots }: Placement): Promise<ActivationResult[]> {
    const { ranges: method, percentile, symmetricActivations: symmetric, histograms, onProgress, signal } = this.#options;
    const type = this.#options.activations as QuantizedType;
    const names = [...new Set(roots.values())];
    const unknown = names.filter((name) => !this.#distributions.has(name));
    const found = await calibrate(this.graph, unknown, this.#samples, this.#runtime, {
      boundsOnly: method === 'min-max' && !histograms,
      onProgress,
      signal,
    });
    for (const [name, distribution] of found) this.#distributions.set(name, distribution);
    return names.map((name) => {
      const distribution = this.#distributions.get(name) as Distribution;
      const range = chooseRange(distribution, { method, percentile, type, symmetric });
      return { name, type, distribution, range, affine: affineOf(range, type, symmetric) };
    });
  }

  async #quantizeLayers(
    layers: readonly Layer[],
    wishes: (layer: Layer) => { readonly inputScale: number | undefined; readonly isWide: boolean },
  ): Promise<Weights> {
    await this.#gather(layers);
    const weights: Weights = new Map();
    for (const layer of layers) {
      const { name } = layer.node;
      this.#options.onProgress?.(`quantizing ${name}`, weights.size, layers.length);
      const wish = wishes(layer);
      const key = `${name} ${wish.inputScale} ${wish.isWide}`;
      const known = this.#weights.get(key) ?? quantizeLayer(this.graph, layer, this.#options, this.#statistics.get(name), wish);
      this.#weights.set(key, known);
      weights.set(layer.node, known);
    }
    return weights;
  }

  async #gather(layers: readonly Layer[]): Promise<void> {
    const { method, granularity, correctBias, onProgress, signal } = this.#options;
    if (method === 'rtn' && !correctBias) return;
    const unknown = layers.filter(({ node }) => !this.#statistics.has(node.name));
    const unit = typeof granularity === 'number' ? granularity : 1;
    const options = { means: correctBias, products: method === 'gptq', unit, onProgress, signal };
    const found = await columnStatistics(this.graph, unknown, this.#samples, this.#runtime, options);
    for (const [{ node }, statistics] of found) this.#statistics.set(node.name, statistics);
  }

  /** Biases as they are written: none where a layer has none and none was made by correcting it. */
  #biases(layers: readonly Layer[], weights: Weights): Map<Node, Float64Array> {
    return new Map(
      layers.flatMap((layer): [Node, Float64Array][] => {
        const corrected = weights.get(layer.node)?.bias;
        if (corrected) return [[layer.node, corrected]];
        return layer.bias ? [[layer.node, biasOf(this.graph, layer)]] : [];
      }),
    );
  }

  /** `checkOptions` has seen to it that what is wanted is there. */
  get #samples(): Samples {
    return this.#options.samples as Samples;
  }

  get #runtime(): Runtime {
    return this.#options.runtime as Runtime;
  }
}

type Weights = Map<Node, LayerWeights>;

const integersOf = (weights: Weights): Map<Node, QuantizedMatrix> =>
  new Map([...weights].map(([node, { quantized }]) => [node, quantized]));

const layerResult = (layer: Layer, weights: Weights, before: string, after: QuantizedValue | undefined): LayerResult => {
  const { quantized, method, weightError, outputMse } = weights.get(layer.node) as LayerWeights;
  return {
    name: layer.node.name,
    op: layer.node.op,
    outputs: layer.outputs,
    columns: layer.columns,
    type: quantized.type,
    method,
    weightError,
    outputMse,
    result: { before, after: after?.name ?? before, affine: after?.affine },
  };
};
