import type { ConvGeometry } from './conv-geometry.js';
import { ceilDiv, type Dispatch } from './kernel.js';

/**
 * What the text of a kernel needs to read x or write y: vec4s of channels, or single elements where they fill none or
 * are no neighbours.
 */
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

/** True where x is read in vec4s of channels. */
const readsQuads = ({ inputs, readsChannelsFirst }: ConvGeometry): boolean => inputs % 4 === 0 && !readsChannelsFirst;

/** True where y and its epilogue are counted in vec4s of channels. */
export const writesQuads = ({ outputs, writesChannelsFirst }: ConvGeometry): boolean => outputs % 4 === 0 && !writesChannelsFirst;

/** Four inputs, one by one; 0 beyond the last, for what comes after it may not be a number. */
const loadSingly = ({ inputs, readsChannelsFirst }: ConvGeometry): string => {
  const step = readsChannelsFirst ? 'params.x_c' : '1u';
  const elements = four((i) => `x[c + ${i}u * ${step}]`);
  const known = 'vec4u(4u * k) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.inputs)';
  return `let c = at + 4u * k * ${step}; return ${inputs % 4 === 0 ? elements : `select(vec4f(0), ${elements}, ${known})`};`;
};

/** Loads of x by the kernels that take four inputs of a pixel at a time. */
export const inputsOf = (g: ConvGeometry): Elements =>
  readsQuads(g)
    ? wholeQuads(g.inputs)
    : {
        definitions: { InputElem: 'f32' },
        functions: { load: loadSingly(g) },
        channels: g.inputs,
        quads: ceilDiv(g.inputs, 4),
      };

/** The same where each group reads its own inputs, and what params fields that takes: `x_group` is from one to the next. */
export const inputsOfGroups = (g: ConvGeometry) => {
  const one = { ...g, inputs: g.inputs / g.group };
  const { channels, ...elements } = inputsOf(one);
  const x_group = channels * (g.readsChannelsFirst ? g.x.c : 1);
  return { elements, params: { inputs: one.inputs, quads: elements.quads, ...strideOfInputs(one), x_group } };
};

const partsOfQuads = ({ outputs }: ConvGeometry, count: string): Elements => ({
  definitions: { Elem: 'f32', PARTS: '4u' },
  functions: { part: 'return v[i];', load_bias: biasUpTo(count) },
  channels: outputs,
  quads: ceilDiv(outputs, 4),
});

/** The index of a pixel of all images as a place in x or y, where an image begins at multiples of `image`. */
const within = ({ batch }: ConvGeometry, image: string, place: (pixel: string) => string): string =>
  batch === 1
    ? `return ${place('pixel')};`
    : `let n = pixel / params.plane; return n * ${image} + ${place('(pixel - n * params.plane)')};`;

/** Stores of y by a kernel that counts pixels through all images. */
export const pixelsOf = (g: ConvGeometry): Elements => {
  if (writesQuads(g)) return wholeQuads(g.outputs);
  const parts = partsOfQuads(g, 'params.outputs');
  if (!g.writesChannelsFirst) return parts;
  const place = within(g, 'params.y_n', (pixel) => pixel);
  return { ...parts, functions: { ...parts.functions, along: 'return outputs * params.y_c;', place } };
};

/** Stores of y by a kernel that counts columns of a row. */
export const outputsOf = (g: ConvGeometry): Elements => {
  const { functions, ...elements } = pixelsOf(g);
  const { place, ...rest } = functions;
  return { ...elements, functions: place === undefined ? rest : { ...rest, across: 'return columns;' } };
};

/**
 * Loads of x by the kernel of a 1x1 convolution. Where four neighbouring pixels of an input fill a vec4, an invocation
 * takes one input of four pixels, not four inputs of one.
 */
export const inputPixelsOf = (g: ConvGeometry): Elements & { readonly strides: ReturnType<typeof strideOfInputs> } => {
  const strides = strideOfInputs(g);
  if (!g.readsChannelsFirst) return { ...inputsOf(g), strides };
  const plane = g.rows.input * g.columns.input;
  if (g.inputs % 4 !== 0 || plane % 4 !== 0) {
    const { functions, ...singly } = inputsOf(g);
    const origin = `let pixel = min(first + lane, params.pixels - 1u); ${within(g, 'params.x_n', (pixel) => pixel)}`;
    return { ...singly, functions: { ...functions, origin }, strides };
  }
  const start = within(g, 'params.x_n', (pixel) => `${pixel} / 4u + lane * params.x_c`);
  const pixels = [0, 1, 2, 3].map((i) => [`pixel${i}`, `return ${four((lane) => `quadBroadcast(v[${i}], ${lane}u)`)};`]);
  return {
    definitions: {},
    functions: {
      load: 'return x[at + 4u * k * params.x_c];',
      origin: `let pixel = min(first, params.pixels - 4u); ${start}`,
      known: 'return min(i, params.pixels - 4u + i % 4u);',
      ...Object.fromEntries(pixels),
    },
    channels: g.inputs,
    quads: g.inputs / 4,
    strides: { ...strides, x_n: strides.x_n / 4, x_c: strides.x_c / 4 },
  };
};

/** Loads and stores of a kernel that leaves every channel by itself. */
export const channelsOf = (g: ConvGeometry): Elements => {
  const stores = writesQuads(g) ? wholeQuads(g.outputs) : partsOfQuads(g, 'params.channels');
  const singly = { definitions: { InputElem: 'f32', INPUT_PARTS: '4u' }, functions: { load4: loadFour } };
  const whole = { definitions: {}, functions: writesQuads(g) ? {} : { across_x: 'return columns * params.quads;' } };
  const first = {
    ...(g.readsChannelsFirst && { across_x: 'return columns;' }),
    ...(g.writesChannelsFirst && { across: 'return columns;', along: 'return channels * params.y_c;' }),
  };
  return { ...stores, ...together(together(stores, readsQuads(g) ? whole : singly), { definitions: {}, functions: first }) };
};

const loadFour = `return ${four((i) => `x[at + ${i}u * params.x_c]`)};`;

/** The definitions and functions of both. */
export const together = (
  a: Pick<Elements, 'definitions' | 'functions'>,
  b: Pick<Elements, 'definitions' | 'functions'>,
): Pick<Elements, 'definitions' | 'functions'> => ({
  definitions: { ...a.definitions, ...b.definitions },
  functions: { ...a.functions, ...b.functions },
});

/** Params fields of where x lies, in the units in which it is read. */
export const strideOfInputs = (g: ConvGeometry) => {
  const lanes = readsQuads(g) ? 4 : 1;
  return { x_n: g.x.n / lanes, x_h: g.x.h / lanes, x_w: g.x.w / lanes, x_c: g.x.c };
};

/** Params fields of where y lies, in the units in which it is written. */
export const strideOfOutputs = (g: ConvGeometry) => {
  const lanes = writesQuads(g) ? 4 : 1;
  return { y_n: g.y.n / lanes, y_h: g.y.h / lanes, y_c: g.y.c };
};
