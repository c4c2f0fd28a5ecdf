import type { Attributes, EpilogueStep, Value } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type Dim, type Shape, shapeText } from '../tensor/shape.js';
import { type AttributeSchema, epilogue, float, int, internal, ints } from './attributes.js';
import {
  axisOf,
  defineOperator,
  elements,
  expectDim,
  fail,
  type Inferred,
  input,
  type OpContext,
  type Operator,
  rankAtLeast,
} from './operator.js';

export interface NormalizeAttributes extends Attributes {
  readonly epilogue: readonly EpilogueStep[];
}

interface Definition<A extends NormalizeAttributes> {
  readonly attributes: Omit<AttributeSchema<A>, 'epilogue'>;
  readonly inputs: readonly [number, number];
  /** Checks what the common part does not; `x` is known. */
  readonly check?: (context: OpContext<A>, x: Shape) => void;
  readonly more?: (context: OpContext<A>, x: Value) => Inferred[];
}

/** An operator whose output has the shape of its first input, all inputs being floats. */
const normalize = <A extends NormalizeAttributes>(name: string, definition: Definition<A>): Operator =>
  defineOperator<A>({
    name,
    attributes: { ...definition.attributes, epilogue: epilogue() } as AttributeSchema<A>,
    inputs: definition.inputs,
    outputs: [1, definition.more ? 3 : 1],
    infer: (context) => {
      const x = input(context as never, 0);
      for (const value of context.inputs) if (value && !isFloat(value.dtype)) fail(`${name} is not defined for ${value.dtype}`);
      if (x.shape) definition.check?.(context, x.shape);
      return [{ dtype: x.dtype, shape: x.shape }, ...(definition.more?.(context, x) ?? [])];
    },
    macs: (context) => elements(input(context as never, 0).shape),
  });

/** Fails unless the shape broadcasts to the last axes of x without making it larger. */
const expectBroadcast = (value: Value | undefined, x: Shape, what: string): void => {
  const { shape } = value ?? {};
  if (!shape) return;
  const fits = (d: Dim, k: number): boolean => {
    const extent = x[x.length - shape.length + k];
    return d === 1 || d === extent || typeof d === 'string' || typeof extent === 'string';
  };
  if (shape.length > x.length || !shape.every(fits)) fail(`${what} ${shapeText(shape)} does not broadcast to ${shapeText(x)}`);
};

const epsilon = float(1e-5);
const FLOAT32 = 1;

export interface LayerNormalizationAttributes extends NormalizeAttributes {
  readonly axis: number;
  readonly epsilon: number;
  /** Statistics are float32 always. */
  readonly stash_type: number;
}

const layerAttributes = { axis: int(-1), epsilon, stash_type: int(FLOAT32, FLOAT32, FLOAT32) };

/** Mean and InvStdDev: the extents before the axis, then ones. */
const statistics = ({ attributes, outputCount }: OpContext<LayerNormalizationAttributes>, x: Value): Inferred[] => {
  const axis = x.shape && axisOf(attributes.axis, x.shape.length);
  const shape = x.shape?.map((d, k) => (k < (axis as number) ? d : 1));
  return Array.from({ length: outputCount - 1 }, () => ({ dtype: 'float32', shape }));
};

/** y = (x - mean) / sqrt(variance + epsilon) * scale + bias; mean and variance over the axes from `axis` on. */
export const layerNormalization = normalize<LayerNormalizationAttributes>('LayerNormalization', {
  attributes: layerAttributes,
  inputs: [2, 3],
  check: ({ attributes, inputs }, x) => {
    axisOf(attributes.axis, x.length);
    expectBroadcast(inputs[1], x, 'the scale');
    expectBroadcast(inputs[2], x, 'the bias');
  },
  more: statistics,
});

/** y = x / sqrt(mean of x^2 + epsilon) * scale; the mean over the axes from `axis` on. */
export const rmsNormalization = normalize<LayerNormalizationAttributes>('RMSNormalization', {
  attributes: layerAttributes,
  inputs: [2, 2],
  check: ({ attributes, inputs }, x) => {
    axisOf(attributes.axis, x.length);
    expectBroadcast(inputs[1], x, 'the scale');
  },
});

export interface InstanceNormalizationAttributes extends NormalizeAttributes {
  readonly epsilon: number;
  /** X and Y are [N, ..., C]. */
  readonly channelsLast: boolean;
}

const channelsOf = ({ channelsLast }: { readonly channelsLast: boolean }, x: Shape): Dim =>
  rankAtLeast(x, 3, 'the input')[channelsLast ? x.length - 1 : 1] as Dim;

const expectPerChannel = (values: readonly (Value | undefined)[], channels: Dim): void => {
  for (const value of values) {
    if (value?.shape && value.shape.length !== 1) fail(`scale and bias must be vectors, got shape ${shapeText(value.shape)}`);
    expectDim(value?.shape?.[0], channels, 'the length of scale and bias');
  }
};

/** y = (x - mean) / sqrt(variance + epsilon) * scale[c] + bias[c]; mean and variance of each channel of each sample. */
export const instanceNormalization = normalize<InstanceNormalizationAttributes>('InstanceNormalization', {
  attributes: { epsilon, channelsLast: internal(false) },
  inputs: [3, 3],
  check: ({ attributes, inputs }, x) => expectPerChannel(inputs.slice(1), channelsOf(attributes, x)),
});

export interface GroupNormalizationAttributes extends InstanceNormalizationAttributes {
  readonly num_groups: number;
  readonly stash_type: number;
}

/** As InstanceNormalization, with mean and variance over `num_groups` groups of neighbouring channels. */
export const groupNormalization = normalize<GroupNormalizationAttributes>('GroupNormalization', {
  attributes: {
    epsilon,
    num_groups: int(undefined, 1),
    stash_type: int(FLOAT32, FLOAT32, FLOAT32),
    channelsLast: internal(false),
  },
  inputs: [3, 3],
  check: ({ attributes, inputs }, x) => {
    const channels = channelsOf(attributes, x);
    expectPerChannel(inputs.slice(1), channels);
    if (typeof channels === 'number' && channels % attributes.num_groups !== 0) {
      fail(`num_groups ${attributes.num_groups} does not divide ${channels} channels`);
    }
  },
});

export interface LpNormalizationAttributes extends NormalizeAttributes {
  readonly axis: number;
  readonly p: number;
}

/** y = x / norm, the L1 or L2 norm along `axis`; 0 where the norm is 0. */
export const lpNormalization = normalize<LpNormalizationAttributes>('LpNormalization', {
  attributes: { axis: int(-1), p: int(2, 1, 2) },
  inputs: [1, 1],
  check: ({ attributes }, x) => void axisOf(attributes.axis, x.length),
});

export interface MeanVarianceNormalizationAttributes extends NormalizeAttributes {
  /** 0, 2 and 3 where absent. */
  readonly axes: readonly number[] | undefined;
}

/** y = (x - mean) / (sqrt(variance) + 1e-9); mean and variance over `axes`. */
export const meanVarianceNormalization = normalize<MeanVarianceNormalizationAttributes>('MeanVarianceNormalization', {
  attributes: { axes: ints() },
  inputs: [1, 1],
  check: ({ attributes: { axes = [0, 2, 3] } }, x) => {
    const distinct = new Set(axes.map((axis) => axisOf(axis, x.length)));
    if (distinct.size < axes.length) fail(`axes [${axes.join(', ')}] name an axis twice`);
  },
});
