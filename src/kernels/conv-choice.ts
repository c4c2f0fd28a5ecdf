import type { ConvAttributes } from '../ops/conv.js';
import { sizeOf } from '../tensor/shape.js';
import { BY_RULES, type Candidate, type ChoiceOf, rounded } from './choice.js';
import { type ConvRule, convRules, isDense, isDirect, lowerConv, lowerWindow, planBy } from './conv.js';
import { depthwiseBandsOf, isDepthwise, suitsBands } from './conv-depthwise.js';
import { isPointwise, pointwiseOf, pointwiseWidths } from './conv-direct.js';
import { type ConvGeometry, convGeometry } from './conv-geometry.js';
import { integersOf } from './conv-pack.js';
import { convTiles, tiledBy } from './conv-tiled.js';
import { winograd } from './conv-winograd.js';
import type { KernelRequest, TensorInfo } from './kernel.js';

/** Channels below which the transforms of Winograd's algorithm are never worth their while. */
const LEAST_WINOGRAD_CHANNELS = 8;

/** Multiply-adds beyond which the kernel for everything is never the fastest, and slow enough to spoil the measurement. */
const MOST_GENERAL_WORK = 2 ** 22;

/** What the rules decide by themselves, decided otherwise. */
const variants: readonly ConvRule[] = [
  ...Object.values(pointwiseWidths).map(
    (width): ConvRule => ({
      name: `pointwise-${width.outputs}`,
      suits: (g, facts) => isDirect(g, facts) && isPointwise(g) && 2 * g.outputs > width.outputs,
      kernel: (task) => pointwiseOf(task, width),
    }),
  ),
  ...convTiles.map(
    (tile): ConvRule => ({
      name: `tiled-${tile.pixels}x${tile.outputs}`,
      suits: isDense,
      kernel: (task) => tiledBy(task, tile),
    }),
  ),
  ...[2, 4, 7, 14].map(
    (rows): ConvRule => ({
      name: `bands-${rows}`,
      suits: (g) => isDepthwise(g) && suitsBands(g),
      kernel: (task) => depthwiseBandsOf(task, rows),
    }),
  ),
];

/** The ways to run a convolution of constant weights over one or two axes. */
export const choiceOfConv: ChoiceOf = (given) => {
  const request = given as KernelRequest<ConvAttributes>;
  const [x, w] = request.inputs as readonly [TensorInfo, TensorInfo];
  if (x.shape.length > 4 || sizeOf(x.shape) === 0 || !w.tensor) return undefined;
  const g = convGeometry(request);
  const task = { geometry: g, weight: w.tensor, facts: request.facts };
  const byRule = (rule: ConvRule): Candidate => ({
    name: rule.name,
    lower: () => {
      const plan = planBy(rule, task);
      return plan && lowerWindow(request, g, plan);
    },
  });
  const suiting = [...convRules, ...variants].filter(({ suits }) => suits(g, request.facts));
  const integers = integersOf(w.tensor)?.integers;
  const tiles = suitsWinograd(g) && !integers ? ([2, 4] as const) : [];
  return {
    shapeClass: `${shapeClassOf(g)}${integers ? ` of ${integers.bits} bits` : ''}`,
    candidates: [
      { name: BY_RULES, lower: () => lowerConv(given) },
      ...suiting.map(byRule),
      ...tiles.map((tile) => ({ name: `winograd-${tile}x${tile}`, lower: () => winograd(given, g, task.weight, tile) })),
      ...(workOf(g) <= MOST_GENERAL_WORK ? [{ name: 'general', lower: () => lowerWindow(request, g, undefined) }] : []),
    ],
  };
};

const workOf = ({ batch, rows, columns, inputs, outputs, group }: ConvGeometry): number =>
  batch * rows.output * rows.kernel * columns.output * columns.kernel * outputs * (inputs / group);

const suitsWinograd = (g: ConvGeometry): boolean =>
  g.group === 1 &&
  Math.min(g.inputs, g.outputs) >= LEAST_WINOGRAD_CHANNELS &&
  [g.rows, g.columns].every(({ kernel, stride, dilation }) => kernel === 3 && stride === 1 && dilation === 1);

/** Channels, window and layouts exactly; the columns of a row and all pixels rounded. */
const shapeClassOf = (g: ConvGeometry): string => {
  const both = (key: 'kernel' | 'stride' | 'dilation'): string => `${g.rows[key]}x${g.columns[key]}`;
  const isPadded = [g.rows, g.columns].some(({ padBegin, padEnd }) => padBegin + padEnd > 0);
  const window = `${both('kernel')} stride ${both('stride')} dilation ${both('dilation')}${isPadded ? ' padded' : ''}`;
  const size = `columns ${rounded(g.columns.output)} pixels ${rounded(g.batch * g.rows.output * g.columns.output)}`;
  const layout = (first: boolean): string => (first ? 'channels-first' : 'channels-last');
  const layouts = `${layout(g.readsChannelsFirst)} to ${layout(g.writesChannelsFirst)}`;
  return `conv ${g.inputs} to ${g.outputs} group ${g.group} ${window} ${size} ${layouts}`;
};
