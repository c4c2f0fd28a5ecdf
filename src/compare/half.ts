import { type Graph, type Node, valueNamed } from '../graph/graph.js';
import type { Tensor } from '../tensor/tensor.js';
import { numbersOf } from './statistics.js';

/** Magnitudes from here on round to infinity in float16, and below this to zero (IEEE 754 binary16). */
const OVERFLOW = 65520;
const UNDERFLOW = 2 ** -25;

/** What would become of one float32 tensor in float16. */
export interface HalfForecast {
  readonly tensor: string;
  /** The node that computes it; undefined for an input of the graph or a weight. */
  readonly node: string | undefined;
  /** The largest finite magnitude. */
  readonly largest: number;
  /** Elements that would become infinite. */
  readonly overflows: number;
  /** Elements other than zero that would become zero. */
  readonly underflows: number;
  readonly size: number;
}

export interface HalfReport {
  /** The tensors that would overflow, in the order in which they come to be. */
  readonly overflowing: readonly HalfForecast[];
  /** The nodes that read or compute one of them: they must stay float32. */
  readonly keepFloat32: readonly string[];
  /** 65504 / the largest magnitude of all tensors: how often that could double before anything overflows, as a factor. */
  readonly headroom: number;
}

/** Foretells from float32 values, computed for some feeds, what float16 could not hold. */
export const forecastHalf = (graph: Graph, values: ReadonlyMap<string, Tensor>): HalfReport => {
  const tensorOf = (name: string): Tensor | undefined => values.get(name) ?? valueNamed(graph, name).tensor;
  const forecasts = new Map<string, HalfForecast>();
  const visit = (name: string, node: Node | undefined): void => {
    const tensor = name ? tensorOf(name) : undefined;
    if (tensor?.type === 'float32' && !forecasts.has(name)) forecasts.set(name, forecast(name, node?.name, tensor));
  };
  for (const node of graph.nodes) {
    for (const name of node.inputs) visit(name, undefined);
    for (const name of node.outputs) visit(name, node);
  }
  const overflowing = [...forecasts.values()].filter(({ overflows }) => overflows > 0);
  const names = new Set(overflowing.map(({ tensor }) => tensor));
  const largest = Math.max(0, ...[...forecasts.values()].map((one) => one.largest));
  return {
    overflowing,
    keepFloat32: graph.nodes
      .filter(({ inputs, outputs }) => [...inputs, ...outputs].some((name) => names.has(name)))
      .map(({ name }) => name),
    headroom: largest === 0 ? Number.POSITIVE_INFINITY : 65504 / largest,
  };
};

const forecast = (tensor: string, node: string | undefined, data: Tensor): HalfForecast => {
  let [largest, overflows, underflows] = [0, 0, 0];
  const numbers = numbersOf(data);
  for (const value of numbers) {
    const size = Math.abs(value);
    if (!Number.isFinite(size)) continue;
    if (size > largest) largest = size;
    if (size >= OVERFLOW) overflows++;
    else if (size > 0 && size <= UNDERFLOW) underflows++;
  }
  return { tensor, node, largest, overflows, underflows, size: numbers.length };
};
