import type { ConvGeometry } from './conv-geometry.js';
import { ceilDiv, type Dispatch } from './kernel.js';

/** What the text of a kernel needs to read x or write y: vec4s of channels, or single elements where they fill none. */
interface Elements extends Required<Pick<Dispatch, 'definitions' | 'functions'>> {
  /** Channels of a pixel, in those units. */
  readonly channels: number;
  /** vec4s that the channels fill, the last one in part. */
  readonly quads: number;
}

const wholeQuads = (channels: number): Elements => ({
  definitions: {},
  functions: {},
  channels: channels / 4,
  quads: channels / 4,
});

const four = (element: (i: number) => string): string => `vec4f(${[0, 1, 2, 3].map(element).join(', ')})`;
/** The bias of the outputs of a quad; those beyond the last are never written. */
const biasUpTo = (channels: string): string =>
  `let last = ${channels} - 1u; return ${four((i) => `bias[min(4u * quad + ${i}u, last)]`)};`;

/** 0 for inputs beyond the last: the next pixel may hold what is not a number. */
const onlyInputs = (element: (i: number) => string): string =>
  `return select(vec4f(0), ${four(element)}, vec4u(4u * k) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.inputs));`;

/** Loads of a kernel that reads channels of a pixel side by side, from the pixel's first on. */
export const inputsOf = ({ inputs }: ConvGeometry): Elements =>
  inputs % 4 === 0
    ? wholeQuads(inputs)
    : {
        definitions: { InputElem: 'f32' },
        functions: { load: `let c = at + 4u * k; ${onlyInputs((i) => `x[c + ${i}u]`)}` },
        channels: inputs,
        quads: ceilDiv(inputs, 4),
      };

/** Loads of the tiled kernel, which names the pixel. */
export const tiledInputsOf = ({ inputs, readsChannelsFirst }: ConvGeometry): Elements => {
  if (inputs % 4 === 0 && !readsChannelsFirst) return wholeQuads(inputs);
  const first = readsChannelsFirst
    ? '((n * params.inputs + 4u * k) * params.in_h + h) * params.in_w + w'
    : '((n * params.in_h + h) * params.in_w + w) * params.inputs + 4u * k';
  const step = readsChannelsFirst ? 'params.in_h * params.in_w' : '1u';
  return {
    definitions: { InputElem: 'f32' },
    functions: { load: `let c = ${first}; let step = ${step}; ${onlyInputs((i) => `x[c + ${i}u * step]`)}` },
    channels: inputs,
    quads: ceilDiv(inputs, 4),
  };
};

/** True where y and its epilogue are counted in vec4s. */
export const fillsQuads = ({ outputs }: ConvGeometry): boolean => outputs % 4 === 0;

const partsOfQuads = (channels: number, bias: string): Elements => ({
  definitions: { Elem: 'f32', PARTS: '4u' },
  functions: { part: 'return v[i];', load_bias: bias },
  channels,
  quads: ceilDiv(channels, 4),
});

/** Stores of y. */
export const outputsOf = (g: ConvGeometry): Elements =>
  fillsQuads(g) ? wholeQuads(g.outputs) : partsOfQuads(g.outputs, biasUpTo('params.outputs'));

/** Loads and stores of a kernel that leaves every channel by itself. */
export const channelsOf = (g: ConvGeometry): Elements => {
  if (fillsQuads(g)) return wholeQuads(g.outputs);
  const parts = partsOfQuads(g.outputs, biasUpTo('params.channels'));
  return { ...parts, functions: { ...parts.functions, load4: `return ${four((i) => `x[at + ${i}u]`)};` } };
};

/** The definitions and functions of both. */
export const together = (a: Elements, b: Elements): Pick<Elements, 'definitions' | 'functions'> => ({
  definitions: { ...a.definitions, ...b.definitions },
  functions: { ...a.functions, ...b.functions },
});
