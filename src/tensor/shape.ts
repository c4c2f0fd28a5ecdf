import { TilewiseError } from '../errors.js';

/**
 * One extent of a shape: a number, or a symbol. A symbol is a name ("batch") or the text of an expression over names
 * ("2*batch"): two symbols are known to be equal when their texts are.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];
export type ConcreteShape = readonly number[];

export const isConcrete = (shape: Shape): shape is ConcreteShape => shape.every((d) => typeof d === 'number');

/** Number of elements; throws where the product leaves the range of exact integers. */
export const sizeOf = (shape: ConcreteShape): number => {
  let size = 1;
  for (const d of shape) size *= d;
  if (!Number.isSafeInteger(size)) {
    throw new TilewiseError('limit-exceeded', `a tensor of shape [${shape.join(', ')}] has too many elements`);
  }
  return size;
};

/** Row-major strides in elements. */
export const stridesOf = (shape: ConcreteShape): number[] => {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] as number) * (shape[i + 1] as number);
  return strides;
};

/** Brings a possibly negative axis into [0, rank); undefined when it is out of range. */
export const resolveAxis = (axis: number, rank: number): number | undefined =>
  Number.isInteger(axis) && axis >= -rank && axis < rank ? (axis + rank) % rank : undefined;

/** Sums of a symbol with itself double its text: a few dozen of them would fill the memory. */
const MAX_SYMBOL = 2 ** 14;

const symbol = (text: string): string => {
  if (text.length <= MAX_SYMBOL) return text;
  throw new TilewiseError('limit-exceeded', `an extent is an expression of ${text.length} characters: ${text.slice(0, 40)}...`);
};

export const addDims = (a: Dim, b: Dim): Dim =>
  typeof a === 'number' && typeof b === 'number' ? a + b : a === 0 ? b : b === 0 ? a : symbol(`${a}+${b}`);

export const mulDims = (a: Dim, b: Dim): Dim => {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (a === 0 || b === 0) return 0;
  return a === 1 ? b : b === 1 ? a : symbol(`${group(a)}*${group(b)}`);
};

/** Applies `f` to a number, or names the result after the function for a symbol. */
export const mapDim = (d: Dim, name: string, f: (n: number) => number): Dim =>
  typeof d === 'number' ? f(d) : symbol(`${name}(${d})`);

const group = (d: Dim): string => (typeof d === 'string' && d.includes('+') ? `(${d})` : String(d));

/**
 * Multidirectional broadcasting (ONNX "Broadcasting", NumPy rules). A symbol against 1 gives the symbol, a symbol
 * against a number above 1 gives the number. Undefined when the shapes do not fit.
 */
export const broadcastShapes = (a: Shape, b: Shape): Dim[] | undefined => {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) out.push(x);
    else if (x === 1) out.push(y);
    else if (typeof x === 'string') out.push(y);
    else if (typeof y === 'string') out.push(x);
    else return undefined;
  }
  return out;
};

export const shapeText = (shape: Shape | undefined): string => (shape ? `[${shape.join(', ')}]` : '[?]');

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

export const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));
