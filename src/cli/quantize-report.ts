import type { ActivationResult, LayerResult, Quantization } from '../quantize/results.js';
import { type Bin, barChart, histogram } from '../report/charts.js';
import { htmlFigure, htmlPage, htmlSection, htmlTable, htmlTiles } from '../report/html.js';
import { grouped, milliseconds, table } from './terminal.js';

/** A quantization and what was measured of it. */
export interface Measured {
  readonly quantization: Quantization;
  readonly accuracy: { readonly before: number; readonly after: number } | undefined;
  /** How many labelled items the accuracy was measured on. */
  readonly labelled: number;
  readonly samples: number;
  /** |y - yq| / |y| of each layer's result, by name; empty where there were no samples. */
  readonly errors: ReadonlyMap<string, number>;
  readonly speed:
    | { readonly adapter: string; readonly software: boolean; readonly before: number; readonly after: number }
    | undefined;
}

const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;
const points = ({ before, after }: { before: number; after: number }): string => {
  const change = 100 * (after - before);
  return `${change > 0 ? '+' : change < 0 ? '-' : ''}${Math.abs(change).toFixed(2)} points`;
};

/** Everything as plain data. */
export const quantizationJson = ({ quantization, errors, ...measured }: Measured): object => ({
  bytes: quantization.bytes,
  ratio: quantization.bytes.after / quantization.bytes.before,
  ...measured,
  skipped: quantization.skipped,
  widened: quantization.widened,
  layers: quantization.layers.map(({ result: _, ...layer }) => ({ ...layer, resultError: errors.get(layer.name) ?? null })),
  activations: quantization.activations.map(({ name, type, distribution: { low, high }, range, affine }) => ({
    name,
    type,
    seen: [low, high],
    range,
    ...affine,
  })),
});

const LAYER_HEAD = ['layer', 'op', 'weights>', 'type', 'method', 'weight error>', 'output MSE / RTN>', 'result error>'];

const layerRow = (layer: LayerResult, errors: ReadonlyMap<string, number>): string[] => {
  const { name, op, outputs, columns, type, method, weightError, outputMse } = layer;
  const error = errors.get(name);
  const ratio = outputMse && outputMse.rtn > 0 ? (outputMse.gptq / outputMse.rtn).toFixed(2) : '';
  return [
    name,
    op,
    grouped(outputs * columns),
    type,
    method,
    percent(weightError),
    method === 'gptq' ? ratio : '',
    error === undefined ? '' : percent(error),
  ];
};

/** What is printed. */
export const quantizationText = (output: string, measured: Measured): string => {
  const { quantization, accuracy, labelled, errors, speed } = measured;
  const { bytes, layers, skipped, widened } = quantization;
  const lines = [
    table(
      LAYER_HEAD,
      layers.map((layer) => layerRow(layer, errors)),
    ),
    '',
    `size      ${grouped(bytes.before)} bytes became ${grouped(bytes.after)}: ${(bytes.after / bytes.before).toFixed(3)}x`,
  ];
  if (accuracy) {
    const change = `${percent(accuracy.before)} became ${percent(accuracy.after)}: ${points(accuracy)}`;
    lines.push(`accuracy  ${change}, on ${grouped(labelled)} items`);
  }
  if (speed) lines.push(`speed     ${milliseconds(speed.before)} a run became ${milliseconds(speed.after)}, on ${speed.adapter}`);
  if (speed?.software) lines.push('          a software adapter: it computes on the CPU, times say nothing about a GPU');
  if (widened.length > 0) lines.push(`8 bits    ${widened.join(', ')}`);
  if (skipped.length > 0) lines.push(`floats    ${skipped.join(', ')}`);
  return [...lines, `written   ${output}`].join('\n');
};

/** A page with the figures, a table and charts. */
export const quantizationHtml = (title: string, measured: Measured): string => {
  const { quantization, errors } = measured;
  const { layers, activations } = quantization;
  const sections = [
    htmlTiles(tilesOf(measured)),
    measured.speed?.software ? '<p class="quiet">Times are of a software adapter: they say nothing about a GPU.</p>' : '',
    errorSection(layers, errors),
    gptqSection(layers),
    htmlSection(
      'Layers',
      htmlTable(
        'A row for each layer that was quantized',
        LAYER_HEAD,
        layers.map((layer) => layerRow(layer, errors)),
      ),
    ),
    activationSection(activations),
  ];
  return htmlPage({ title, body: sections.filter((text) => text !== '').join('\n') });
};

const tilesOf = ({ quantization, accuracy, labelled, samples, speed }: Measured): [string, string][] => {
  const { bytes, layers, skipped } = quantization;
  const tiles: [string, string][] = [
    ['size before', `${grouped(bytes.before)} bytes`],
    ['size after', `${grouped(bytes.after)} bytes, ${(bytes.after / bytes.before).toFixed(3)}x`],
    ['layers quantized', `${layers.length} of ${layers.length + skipped.length}`],
    ['calibrated with', `${grouped(samples)} samples`],
  ];
  if (accuracy) {
    tiles.push(
      [`accuracy before, ${grouped(labelled)} items`, percent(accuracy.before)],
      ['accuracy after', `${percent(accuracy.after)}, ${points(accuracy)}`],
    );
  }
  if (speed)
    tiles.push(['a run before', milliseconds(speed.before)], ['a run after', milliseconds(speed.after)], ['on', speed.adapter]);
  return tiles;
};

const errorSection = (layers: readonly LayerResult[], errors: ReadonlyMap<string, number>): string => {
  if (errors.size === 0) return '';
  const bars = layers.map(({ name, weightError }) => {
    const value = errors.get(name) ?? 0;
    return { label: name, value, text: percent(value), detail: `error of the weights ${percent(weightError)}` };
  });
  const chart = barChart({ title: 'Error of each layer’s result', bars });
  return htmlSection(
    'Errors',
    htmlFigure(
      chart,
      'Relative root mean square of the difference from the float model, with all layers before it quantized too.',
    ),
  );
};

const gptqSection = (layers: readonly LayerResult[]): string => {
  const bars = layers.flatMap(({ name, method, outputMse }) => {
    if (method !== 'gptq' || !outputMse || outputMse.rtn === 0) return [];
    const value = outputMse.gptq / outputMse.rtn;
    return [{ label: name, value, text: value.toFixed(2), series: value < 0.5 ? 2 : 1 }];
  });
  if (bars.length === 0) return '';
  const chart = barChart({ title: 'Output error of GPTQ, rounding to nearest = 1', bars });
  return htmlSection(
    'GPTQ',
    htmlFigure(chart, 'Mean squared error of a layer’s outputs through its weights, on the calibration data.'),
  );
};

/** Bars of a histogram that a page shows. */
const SHOWN_BINS = 64;

const activationSection = (activations: readonly ActivationResult[]): string => {
  const seen = activations.filter(({ distribution }) => distribution.counts.length > 0);
  if (seen.length === 0) return '';
  const charts = seen.map((activation) => {
    const { name, type, range, affine, distribution } = activation;
    const chart = histogram({
      title: name,
      bins: binsOf(distribution.counts, distribution.low, distribution.high),
      xLabel: 'value',
      yLabel: 'log10(1 + count)',
    });
    const zero = type === 'int8' || affine.zeroPoint !== 0 ? `, zero point ${affine.zeroPoint}` : '';
    const words = `${type} from ${range[0].toPrecision(4)} to ${range[1].toPrecision(4)}, in steps of ${affine.scale.toPrecision(4)}${zero}`;
    return htmlFigure(chart, words);
  });
  return htmlSection(
    'Activations',
    '<p class="quiet">What calibration saw of each value, and the range that is represented.</p>',
    ...charts,
  );
};

/** Neighbouring bins added up, on a logarithmic scale: a rectified value is 0 far more often than anything else. */
const binsOf = (counts: Float64Array, low: number, high: number): Bin[] => {
  const width = counts.length / SHOWN_BINS;
  return Array.from({ length: SHOWN_BINS }, (_, i) => {
    const total = counts.subarray(i * width, (i + 1) * width).reduce((a, b) => a + b, 0);
    const at = (k: number): number => low + (k * (high - low)) / SHOWN_BINS;
    return { from: at(i), to: at(i + 1), count: Math.log10(1 + total) };
  });
};
