import { TilewiseError } from '../errors.js';
import type { EpilogueStep } from '../graph/graph.js';
import type { QuantizedTensor } from '../tensor/quantized-tensor.js';
import { EXTRA_BINDINGS } from './epilogue.js';
import { type Dispatch, type KernelRequest, type Operand, type Packed, packOnce } from './kernel.js';

/** What `fn weights_at` of a kernel gives. */
type Kind = 'mat4x4f' | 'mat4x3f' | 'vec4f' | 'vec2f' | 'f32';

/** A word's bytes, or its lower and upper four elements of four bits, as signed numbers. */
const bytes = (word: string): string => `vec4f((vec4i(${word}) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u))`;
const nibbles = (word: string, skipped: string): string =>
  `vec4f((vec4i(${word}) << (vec4u(28u, 24u, 20u, 16u) - ${skipped})) >> vec4u(28u))`;

/** Two elements, shifted to the top of a word and down again. */
const pair = (word: string, up: string, down: number): string =>
  `vec2f((vec2i(bitcast<i32>(${word})) << (${up})) >> vec2u(${down}u))`;

/** The type of a binding's elements and the integers at `at` of each kind, for 8 and 4 bits. */
const integersAt: Readonly<Record<Kind, Record<4 | 8, { readonly word: string; readonly columns: readonly string[] }>>> = {
  mat4x4f: {
    8: { word: 'vec4u', columns: ['x', 'y', 'z', 'w'].map((i) => bytes(`bitcast<i32>(weight[at].${i})`)) },
    4: {
      word: 'vec2u',
      columns: ['x', 'y'].flatMap((i) => ['0u', '16u'].map((skipped) => nibbles(`bitcast<i32>(weight[at].${i})`, skipped))),
    },
  },
  get mat4x3f() {
    const three = (bits: 4 | 8) => {
      const { word, columns } = this.mat4x4f[bits];
      return { word, columns: columns.map((column) => `${column}.xyz`) };
    };
    return { 8: three(8), 4: three(4) };
  },
  vec4f: {
    8: { word: 'u32', columns: [bytes('bitcast<i32>(weight[at])')] },
    4: { word: 'u32', columns: [nibbles('bitcast<i32>(weight[at / 2u])', '16u * (at % 2u)')] },
  },
  vec2f: {
    8: { word: 'u32', columns: [pair('weight[at / 2u]', 'vec2u(24u, 16u) - 16u * (at % 2u)', 24)] },
    4: { word: 'u32', columns: [pair('weight[at / 4u]', 'vec2u(28u, 24u) - 8u * (at % 4u)', 28)] },
  },
  f32: {
    8: { word: 'u32', columns: ['f32(extractBits(bitcast<i32>(weight[at / 4u]), 8u * (at % 4u), 8u))'] },
    4: { word: 'u32', columns: ['f32(extractBits(bitcast<i32>(weight[at / 8u]), 4u * (at % 8u), 4u))'] },
  },
};

/**
 * The launch of a convolution whose weights are kept as integers: its kernel multiplies the sums by the scales of the outputs
 * in its epilogue, or each weight by its own where a factor an output is not enough. The scales take a binding that the
 * epilogue leaves.
 */
export const readIntegers = (dispatch: Dispatch, request: KernelRequest): Dispatch => {
  const tensor = request.inputs[1]?.tensor as QuantizedTensor;
  const kind = /^fn weights_at\(at: u32\) -> (\w+)/m.exec(dispatch.kernel.wgsl)?.[1] as Kind;
  const { word, columns } = integersAt[kind][tensor.integers.bits];
  const slot = freeSlot(request);
  const weight: Operand = { packed: packedOf(dispatch, tensor) };
  const bias = request.inputs[2] ? (dispatch.operands.bias as Operand) : weight;
  const scales: Operand = { packed: packOnce(tensor, 'scales', () => tensor.tables()) };
  const common: Dispatch = {
    ...dispatch,
    definitions: { ...dispatch.definitions, Weight: word },
    operands: { ...dispatch.operands, weight, bias, [slot]: scales },
  };
  if (tensor.hasTables) {
    return { ...common, functions: { ...dispatch.functions, weights_at: fromTables(kind, columns, tensor, dispatch, slot) } };
  }
  const scaled = `v * ${slot}[channel]${request.inputs[2] ? ' + bias[channel]' : ''}`;
  const epilogue = `{ let v = ${scaled}; ${dispatch.functions?.epilogue} }`;
  const weights_at = `return ${joined(kind, columns)};`;
  return {
    ...common,
    constants: { ...dispatch.constants, HAS_BIAS: 0 },
    functions: { ...dispatch.functions, weights_at, epilogue },
  };
};

const freeSlot = ({ op, attributes }: KernelRequest): string => {
  const steps = (attributes.epilogue ?? []) as readonly EpilogueStep[];
  const slot = EXTRA_BINDINGS[steps.filter(({ operand }) => operand !== undefined).length];
  if (slot) return slot;
  throw new TilewiseError('internal', `the epilogue of ${op} leaves no binding for the scales of its weights`);
};

/** As the kernel packs its weights, or one after the other for the general kernel. */
const packedOf = ({ operands }: Dispatch, tensor: QuantizedTensor): Packed => {
  const weight = operands.weight as Operand;
  return 'packed' in weight ? weight.packed : packOnce(tensor, 'integers', () => tensor.words(tensor.integers.elements));
};

const joined = (kind: Kind, columns: readonly string[]): string =>
  columns.length === 1 ? (columns[0] as string) : `${kind}(${columns.join(', ')})`;

/** The body of `fn weights_at` where each weight is multiplied by a scale of the tables. */
const fromTables = (
  kind: Kind,
  columns: readonly string[],
  tensor: QuantizedTensor,
  { kernel, definitions }: Dispatch,
  slot: string,
): string => {
  const { zeros } = tensor.integers;
  const inVectors = kind !== 'f32' && definitions?.Elem === undefined;
  const { prelude, indices } = placesOf(kind, kernel.name, tensor, inVectors);
  const table = (part: number): string => {
    const read = indices.map((index) => entryAt(kind, slot, zeros ? `2u * (${index}) + ${part}u` : index, inVectors));
    return read.length === 1 ? (read[0] as string) : `transpose(mat4x4f(${read.join(', ')}))`;
  };
  const scaled = columns.map((column, i) => {
    const at = columns.length === 1 ? '' : `[${i}]`;
    return `${column} * s${at}${zeros ? ` + b${at}` : ''}`;
  });
  return `${prelude} let s = ${table(0)};${zeros ? ` let b = ${table(1)};` : ''} return ${joined(kind, scaled)};`;
};

/** The numbers of a table for four outputs, for a pair of them, or for one. */
const entryAt = (kind: Kind, slot: string, index: string, inVectors: boolean): string => {
  const element = (i: string): string => `${slot}[4u * (${index}) + ${i}]`;
  if (kind === 'f32') return element('o % 4u');
  if (kind === 'vec2f') {
    if (inVectors) return `select(${slot}[${index}].xy, ${slot}[${index}].zw, o % 2u == 1u)`;
    return `vec2f(${element('2u * (o % 2u)')}, ${element('2u * (o % 2u) + 1u')})`;
  }
  return inVectors ? `${slot}[${index}]` : `vec4f(${['0u', '1u', '2u', '3u'].map(element).join(', ')})`;
};

interface Places {
  /** Statements that the indices want, with `o` for the quad, the pair or the one of outputs. */
  readonly prelude: string;
  /** Of the entry for all that `fn weights_at` gives, or of the entries for its four rows. */
  readonly indices: readonly string[];
}

/** Where the tables have the scales of what a kernel reads at `at`, in the order in which conv-pack.ts lays weights. */
const placesOf = (kind: Kind, kernel: string, tensor: QuantizedTensor, inVectors: boolean): Places => {
  const outputs = kernel.startsWith('depthwise') ? 'params.channels' : 'params.outputs';
  const quads = inVectors ? `((${outputs} + 3u) / 4u * 4u)` : `((${outputs} + 15u) / 16u * 4u)`;
  const place = (column: string, quad: string): string =>
    tensor.groups === 1 ? quad : `(${column}) / ${tensor.integers.group}u * ${quads} + ${quad}`;
  if (kind === 'f32') {
    const prelude = 'let row = params.group_inputs * params.kernel_h * params.kernel_w; let o = at / row;';
    return { prelude, indices: [place('at % row', 'o / 4u')] };
  }
  if (kind === 'vec2f') {
    // [blocks of outputs, rows of the window, inputs, columns of the window, pairs of a block]
    const block = '(4u * params.kernel_h * params.inputs * params.kernel_w)';
    const input = `let r = at % ${block} / 4u; let i = r / params.kernel_w % params.inputs;`;
    const row = 'let h = r / (params.inputs * params.kernel_w);';
    const column = `${input} ${row} let c = (i * params.kernel_h + h) * params.kernel_w + r % params.kernel_w;`;
    const prelude = `let o = at / ${block} * 4u + at % 4u; ${tensor.groups === 1 ? '' : column}`;
    return { prelude, indices: [place('c', 'o / 2u')] };
  }
  if (kind === 'mat4x3f') {
    const block = '(4u * params.kernel_h * params.planes * ((params.span + 2u) / 3u))';
    return { prelude: `let o = at / ${block} * 4u + at % 4u;`, indices: ['o'] };
  }
  return kind === 'vec4f' ? placesOfRows(kernel, place) : placesOfMatrices(kernel, tensor, place);
};

type Place = (column: string, quad: string) => string;

/** [taps, quads of inputs, 4, quads of outputs], or [taps, quads of channels] */
const placesOfRows = (kernel: string, place: Place): Places => {
  if (kernel.startsWith('depthwise'))
    return { prelude: 'let o = at % params.quads;', indices: [place('at / params.quads', 'o')] };
  const prelude = 'let r = at / params.output_quads; let o = at % params.output_quads; let rows = 4u * params.input_quads;';
  return { prelude, indices: [place('r % rows * (params.quads / params.input_quads) + r / rows', 'o')] };
};

/** [blocks of outputs, taps, quads of inputs, quads of a block] */
const placesOfMatrices = (kernel: string, tensor: QuantizedTensor, place: Place): Places => {
  const isPoint = kernel.startsWith('conv-pointwise');
  const taps = isPoint ? '1u' : kernel === 'conv-3x3' ? '9u' : '(params.kernel_h * params.kernel_w)';
  const [r, o] = kernel === 'conv-grouped' ? ['at', 'r / block'] : ['at / 4u', 'r / block * 4u + at % 4u'];
  const tap = isPoint ? '' : ` + r / params.quads % ${taps}`;
  const column = `let c = r % params.quads * 4u * ${taps}${tap};`;
  const prelude = `let r = ${r}; let block = ${taps} * params.quads; let o = ${o}; ${tensor.groups === 1 ? '' : column}`;
  const together = tensor.groups === 1 || (isPoint && tensor.integers.group % 4 === 0);
  return { prelude, indices: (together ? [0] : [0, 1, 2, 3]).map((i) => place(`c + ${i}u * ${taps}`, 'o')) };
};
