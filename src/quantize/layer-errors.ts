import type { Graph, Node, Value } from '../graph/graph.js';
import { toNumbers } from '../tensor/convert.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Quantization, ResultPair } from './results.js';
import { type OnProgress, type Runtime, runOnSamples, type Samples } from './runtime.js';
import { Taps } from './taps.js';

/**
 * How far results are from those of the float model, with all that was quantized before them: |y - yq| / |y| over the
 * samples. Both models run side by side where the runtime computes, and only the sums leave it. Results that are
 * constantly 0 have error 0.
 */
export const resultErrors = async (
  { before, after }: Pick<Quantization, 'before' | 'after'>,
  pairs: readonly ResultPair[],
  samples: Samples,
  runtime: Runtime,
  onProgress?: OnProgress,
): Promise<number[]> => {
  const { graph, nameOf } = sideBySide(before, after);
  const taps = new Taps(graph);
  const outputs = pairs.map((pair) => {
    const exact = pair.before;
    const rounded = dequantized(taps, nameOf(pair.after), pair);
    const squares = (value: string): string => taps.output(taps.node('ReduceSumSquare', [value], { keepdims: false }));
    return [squares(taps.node('Sub', [exact, rounded])), squares(exact)] as const;
  });
  const sums = pairs.map(() => [0, 0] as [number, number]);
  await runOnSamples(
    taps.finish(),
    samples,
    runtime,
    (results) => {
      for (const [i, names] of outputs.entries()) {
        for (const k of [0, 1] as const) (sums[i] as [number, number])[k] += numberOf(results[names[k]]);
      }
    },
    { onSample: (done, total) => onProgress?.('measuring errors', done, total) },
  );
  return sums.map(([error, norm]) => (norm === 0 ? 0 : Math.sqrt(error / norm)));
};

const numberOf = (tensor: Tensor | undefined): number => {
  const { type, data } = tensor as Tensor;
  return toNumbers(type, data)[0] as number;
};

const dequantized = (taps: Taps, name: string, { affine }: ResultPair): string => {
  if (!affine) return name;
  const scale = taps.constant('float32', [affine.scale], []);
  return taps.node('DequantizeLinear', [name, scale, taps.constant(taps.dtype(name), [affine.zeroPoint], [])]);
};

/** Both graphs on the same inputs: all else of the second has other names, which `nameOf` tells. */
const sideBySide = (first: Graph, second: Graph): { graph: Graph; nameOf: (name: string) => string } => {
  const prefix = prefixFor(first);
  const nameOf = (name: string): string => (name === '' || second.inputs.includes(name) ? name : prefix + name);
  const nodes = second.nodes.map(
    (node): Node => ({ ...node, name: prefix + node.name, inputs: node.inputs.map(nameOf), outputs: node.outputs.map(nameOf) }),
  );
  const values = new Map<string, Value>(first.values);
  for (const [name, value] of second.values) values.set(nameOf(name), { ...value, name: nameOf(name) });
  return { graph: { ...first, nodes: [...first.nodes, ...nodes], values }, nameOf };
};

const prefixFor = (graph: Graph): string => {
  const names = [...graph.values.keys(), ...graph.nodes.map(({ name }) => name)];
  let prefix = 'q/';
  while (names.some((name) => name.startsWith(prefix))) prefix = `q${prefix}`;
  return prefix;
};
