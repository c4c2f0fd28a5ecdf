import type { Attributes, EpilogueStep } from '../../src/graph/graph.js';
import type { DeviceFacts } from '../../src/kernels/facts.js';
import { withDefaults } from '../../src/ops/attributes.js';
import { conv } from '../../src/ops/conv.js';
import { matmulTolerance } from '../../src/tensor/compare.js';
import type { OpCase } from './check-op.js';

/** A convolution by its channels-first input shape, its weight shape and ONNX attributes. */
export interface ConvShape {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly strides?: readonly number[];
  readonly pads?: readonly number[];
  readonly dilations?: readonly number[];
  readonly group?: number;
  readonly auto_pad?: string;
}

export interface ConvOptions {
  readonly bias: boolean;
  readonly channelsLast?: boolean;
  /** The input stays channels-first although the output is channels-last. */
  readonly readsChannelsFirst?: boolean;
  /** The output stays channels-first although the input is channels-last. */
  readonly writesChannelsFirst?: boolean;
  /** Weight and bias are constants, unless this is false. */
  readonly constant?: boolean;
  readonly epilogue?: readonly EpilogueStep[];
  readonly kind?: DeviceFacts['kind'];
  /** The tuner's choice, whatever the shape: reaches kernels that the rules keep for large ones. */
  readonly candidate?: string;
}

/** The adapter, and the choice on it, by which small shapes reach a kernel too. */
export const reaching = (kernel: string, kind: DeviceFacts['kind']): Pick<ConvOptions, 'kind' | 'candidate'> =>
  kernel === 'conv-pointwise-64' ? { kind, candidate: 'pointwise-64' } : { kind };

/** A tuning table that names one candidate for every class of shapes. */
const always = (candidate: string): Record<string, string> =>
  new Proxy(
    {},
    {
      get: () => candidate,
      getOwnPropertyDescriptor: () => ({ value: candidate, configurable: true, enumerable: true }),
    },
  );

export const convAttributes = (given: Attributes): Attributes => withDefaults(conv.attributes, given);

/** A case for `checkOp`; its input is transposed for the channels-last layout. */
export const convCase = ({ x, w, ...attributes }: ConvShape, options: ConvOptions): OpCase => {
  const {
    bias,
    channelsLast = false,
    readsChannelsFirst = false,
    writesChannelsFirst = false,
    constant = true,
    epilogue = [],
    kind,
    candidate,
  } = options;
  const input = channelsLast && !readsChannelsFirst ? [x[0] as number, ...x.slice(2), x[1] as number] : x;
  const terms = w.slice(1).reduce((a, b) => a * b, 1);
  const flags = [
    bias && 'bias',
    channelsLast && 'channels-last',
    readsChannelsFirst && 'from channels-first',
    writesChannelsFirst && 'to channels-first',
    !constant && 'fed weights',
    ...epilogue.map(({ op }) => op),
    kind,
  ];
  const settings = Object.entries(attributes).map(([key, value]) => `${key} ${value}`);
  return {
    name: [`[${x}] * [${w}]`, ...settings, ...flags.filter(Boolean)].join(', '),
    op: 'Conv',
    inputs: [{ shape: input }, { shape: w, constant }, ...(bias ? [{ shape: w.slice(0, 1), constant }] : [])],
    attributes: { ...attributes, channelsLast, readsChannelsFirst, writesChannelsFirst, epilogue } as Attributes,
    tolerance: matmulTolerance(terms + 1, 2, 2),
    ...(kind && { facts: { kind, ...(candidate && { tuning: always(candidate) }) } }),
  };
};
