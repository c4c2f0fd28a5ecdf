import { TilewiseError } from '../../errors.js';
import type { Value } from '../../graph/graph.js';
import type { Dim, Shape } from '../../tensor/shape.js';
import type { DimensionProto, GraphProto, ValueInfoProto } from './proto.js';
import { dtypeOf, MAX_DIM } from './tensor.js';

/** The symbols that a graph names in its shapes, so that made-up ones do not meet them. */
export const symbolsOf = (graph: GraphProto): Set<string> => {
  const symbols = new Set<string>();
  for (const info of [...graph.inputs, ...graph.outputs, ...graph.valueInfo]) {
    for (const { param } of info.type?.tensor?.shape?.dims ?? []) if (param) symbols.add(param);
  }
  return symbols;
};

/** A value as the model declares it; undefined where it declares no tensor type (allowed for inner values only). */
export const declaredValue = (info: ValueInfoProto, symbols: Set<string>): Value | undefined => {
  const name = info.name ?? '';
  const tensor = info.type?.tensor;
  if (!tensor?.elementType) return undefined;
  return { name, dtype: dtypeOf(tensor.elementType, name), shape: shapeOf(tensor.shape?.dims, name, symbols) };
};

const shapeOf = (dims: readonly DimensionProto[] | undefined, name: string, symbols: Set<string>): Shape | undefined =>
  dims?.map((dim, i) => dimOf(dim, i, name, symbols));

const dimOf = ({ value, param }: DimensionProto, index: number, name: string, symbols: Set<string>): Dim => {
  if (value !== undefined) {
    if (value >= 0 && value <= MAX_DIM) return value;
    throw new TilewiseError('invalid-model', `'${name}': dimension ${index} is ${value}, which is out of range`, {
      tensor: name,
    });
  }
  if (param) return param;
  const base = `dim${index}_of_${name}`;
  let symbol = base;
  for (let i = 1; symbols.has(symbol); i++) symbol = `${base}_${i}`;
  symbols.add(symbol);
  return symbol;
};
