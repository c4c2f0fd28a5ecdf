import { exportOnnx } from '../exporters/onnx.js';
import { toNumbers } from '../tensor/convert.js';
import { Tensor } from '../tensor/tensor.js';
import { layersOf, transposeNumbers, weightsOf } from './layers.js';
import { type LlmInt8Options, llmInt8Product } from './llm-int8.js';
import { prepare } from './prepare.js';
import type { Runtime, Sample } from './runtime.js';
import { Taps } from './taps.js';

/** Errors of three ways to multiply in int8, as |Y - exact| / |exact| (root mean squares). */
export interface Int8Errors {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly outputs: number;
  /** Columns of X at or above the threshold. */
  readonly outliers: number;
  readonly perTensor: number;
  readonly vectorWise: number;
  readonly decomposed: number;
}

/** X [rows, k] times W [k, n] in int8 with one scale each, with vectors of scales, and with outliers in float32. */
export const int8Errors = async (
  name: string,
  x: Tensor,
  weights: Tensor,
  runtime: Runtime,
  options: LlmInt8Options = {},
): Promise<Int8Errors> => {
  const [rows, columns] = x.dims as readonly [number, number];
  const outputs = weights.dims[1] as number;
  const [a, b] = [x, weights].map(({ type, data }) => toNumbers(type, data)) as [Float64Array, Float64Array];
  const exact = product(a, b, rows, columns, outputs);
  const error = async (own: LlmInt8Options): Promise<number> => {
    const session = await runtime.create(llmInt8Product(weights, { ...options, ...own }));
    try {
      const { y } = await session.run({ x });
      return relativeError(toNumbers('float32', (y as Tensor).data), exact);
    } finally {
      await session.release();
    }
  };
  return {
    name,
    rows,
    columns,
    outputs,
    outliers: countOutliers(a, columns, options.threshold ?? 6),
    perTensor: await error({ scales: 'tensor', mostOutliers: 0 }),
    vectorWise: await error({ mostOutliers: 0 }),
    decomposed: await error({}),
  };
};

/** The same for the products of a model file with constant weights, on what a sample makes of their inputs. */
export const modelInt8Errors = async (
  model: Uint8Array,
  sample: Sample,
  runtime: Runtime,
  options: LlmInt8Options = {},
): Promise<Int8Errors[]> => {
  const graph = prepare(model);
  const layers = layersOf(graph).filter(({ node }) => node.op !== 'Conv');
  const taps = new Taps(graph);
  const outputs = layers.map(({ input, columns }) =>
    taps.output(taps.node('Reshape', [input, taps.constant('int64', [-1, columns])])),
  );
  const session = await runtime.create(exportOnnx(taps.finish()));
  try {
    const results = await session.run(sample);
    const errors: Int8Errors[] = [];
    for (const [i, layer] of layers.entries()) {
      const { rows, columns, data } = weightsOf(graph, layer);
      const weights = new Tensor('float32', Float32Array.from(transposeNumbers(data, rows, columns)), [columns, rows]);
      errors.push(await int8Errors(layer.node.name, results[outputs[i] as string] as Tensor, weights, runtime, options));
    }
    return errors;
  } finally {
    await session.release();
  }
};

const product = (a: Float64Array, b: Float64Array, rows: number, columns: number, outputs: number): Float64Array => {
  const y = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < columns; k++) {
      const x = a[r * columns + k] as number;
      for (let n = 0; n < outputs; n++) {
        y[r * outputs + n] = (y[r * outputs + n] as number) + x * (b[k * outputs + n] as number);
      }
    }
  }
  return y;
};

export const relativeError = (actual: Float64Array, exact: Float64Array): number => {
  let [error, norm] = [0, 0];
  exact.forEach((value, i) => {
    error += (value - (actual[i] as number)) ** 2;
    norm += value * value;
  });
  return norm === 0 ? 0 : Math.sqrt(error / norm);
};

const countOutliers = (x: Float64Array, columns: number, threshold: number): number => {
  const found = new Set<number>();
  x.forEach((value, i) => {
    if (Math.abs(value) >= threshold) found.add(i % columns);
  });
  return found.size;
};

export interface PlantedOptions {
  readonly rows: number;
  readonly columns: number;
  readonly outputs: number;
  /** Columns that hold outliers. */
  readonly outliers: number;
  /** Their magnitude, which varies by row around it, in standard deviations of the rest. */
  readonly magnitude: number;
  readonly seed: number;
}

export const defaultPlanted: PlantedOptions = { rows: 128, columns: 512, outputs: 128, outliers: 3, magnitude: 40, seed: 1 };

/**
 * Normal data in which a few columns are far larger than the rest, as transformers of some billions of parameters have
 * them, and normal weights: X [rows, columns] and W [columns, outputs].
 */
export const plantedOutliers = (options: Partial<PlantedOptions> = {}): { x: Tensor; weights: Tensor } => {
  const { rows, columns, outputs, outliers, magnitude, seed } = { ...defaultPlanted, ...options };
  const next = normal(seed);
  const x = new Float32Array(rows * columns).map(() => next());
  const weights = new Float32Array(columns * outputs).map(() => next() / Math.sqrt(columns));
  for (let r = 0; r < rows; r++) {
    const size = magnitude * Math.exp(0.25 * next());
    for (let o = 0; o < outliers; o++) x[r * columns + Math.floor(((o + 0.5) * columns) / outliers)] = size * (1 + 0.1 * next());
  }
  return { x: new Tensor('float32', x, [rows, columns]), weights: new Tensor('float32', weights, [columns, outputs]) };
};

/** Normal numbers by the Box-Muller transform of a linear congruential generator (Numerical Recipes' constants). */
const normal = (seed: number): (() => number) => {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
};
