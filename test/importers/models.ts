import { TilewiseError } from '../../src/errors.js';
import { tensorProtoOf } from '../../src/exporters/onnx-tensor.js';
import { writeMessage } from '../../src/exporters/onnx-wire.js';
import type { Graph } from '../../src/graph/graph.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import {
  type AttributeProto,
  attributeTypes,
  type DimensionProto,
  type GraphProto,
  type ModelProto,
  modelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../src/importers/onnx/proto.js';
import { onnxOfDtype } from '../../src/ops/onnx-types.js';
import { fromNumbers, toNumbers } from '../../src/tensor/convert.js';
import type { DType } from '../../src/tensor/dtype.js';
import { Tensor } from '../../src/tensor/tensor.js';

type AttributeInput =
  | number
  | string
  | readonly number[]
  | Tensor
  | { readonly float: number }
  | { readonly floats: readonly number[] };

const emptyAttribute = { floats: [], ints: [], strings: [], tensors: [], graphs: [] };

/** An attribute: whole numbers are ints unless written as { float: 1 }. */
export const attribute = (name: string, value: AttributeInput): AttributeProto => {
  const of = (type: keyof typeof attributeTypes, fields: Partial<AttributeProto>): AttributeProto => ({
    ...emptyAttribute,
    name,
    type: attributeTypes[type],
    ...fields,
  });
  if (typeof value === 'number') return of('int', { i: value });
  if (typeof value === 'string') return of('string', { s: new TextEncoder().encode(value) });
  if (value instanceof Tensor) return of('tensor', { t: tensorProtoOf(value, '') });
  if ('float' in value) return of('float', { f: value.float });
  return 'floats' in value ? of('floats', { floats: value.floats }) : of('ints', { ints: value });
};

export const node = (
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeInput>> = {},
  more: Partial<NodeProto> = {},
): NodeProto => ({
  opType,
  inputs,
  outputs,
  attributes: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  ...more,
});

/** A graph as an attribute; its inputs and outputs are of no stated type. */
export const subgraph = (
  name: string,
  nodes: readonly NodeProto[],
  inputs: readonly string[],
  outputs: readonly string[],
  initializers: GraphProto['initializers'] = [],
): AttributeProto => ({
  ...emptyAttribute,
  name,
  type: 5,
  g: {
    name,
    nodes,
    initializers,
    inputs: inputs.map((input) => ({ name: input })),
    outputs: outputs.map((output) => ({ name: output })),
    valueInfo: [],
    sparseInitializers: [],
  },
});

export const withGraphs = (proto: NodeProto, ...graphs: readonly AttributeProto[]): NodeProto => ({
  ...proto,
  attributes: [...proto.attributes, ...graphs],
});

export const info = (name: string, dims?: readonly (number | string)[], dtype: DType = 'float32'): ValueInfoProto => {
  const shape = dims?.map((d): DimensionProto => (typeof d === 'number' ? { value: d } : d ? { param: d } : {}));
  return { name, type: { tensor: { elementType: onnxOfDtype(dtype), ...(shape && { shape: { dims: shape } }) } } };
};

export const constant = (name: string, dtype: DType, dims: readonly number[], numbers: readonly number[]): TensorProto =>
  tensorProtoOf(new Tensor(dtype, fromNumbers(dtype, numbers), dims), name);

export interface ModelParts {
  readonly nodes?: readonly NodeProto[];
  readonly inputs?: readonly ValueInfoProto[];
  readonly outputs?: readonly ValueInfoProto[];
  readonly initializers?: readonly TensorProto[];
  readonly valueInfo?: readonly ValueInfoProto[];
  readonly opset?: number;
  readonly more?: Partial<ModelProto>;
}

/** The bytes of a model; without parts it is one Relu from x to y. */
export const modelBytes = ({
  nodes = [node('Relu', ['x'], ['y'])],
  inputs = [info('x', [2, 3])],
  outputs = [info('y')],
  initializers = [],
  valueInfo = [],
  opset = 21,
  more = {},
}: ModelParts = {}): Uint8Array =>
  writeMessage(modelProto, {
    irVersion: 8,
    graph: { name: 'g', nodes, inputs, outputs, initializers, valueInfo, sparseInitializers: [] },
    opsets: [{ domain: '', version: opset }],
    ...more,
  });

export const importModel = (parts: ModelParts): Graph => importOnnx(modelBytes(parts));

/** What is caught, when it is a typed error; anything else is thrown on. */
export const errorOf = (run: () => unknown): TilewiseError => {
  try {
    run();
  } catch (error) {
    if (error instanceof TilewiseError) return error;
    throw error;
  }
  throw new Error('no error was thrown');
};

/** Constants of a graph by name, as numbers. */
export const constantsOf = (graph: Graph): Map<string, number[]> =>
  new Map(
    [...graph.values.values()].flatMap(({ name, tensor }) => (tensor ? [[name, [...toNumbers(tensor.type, tensor.data)]]] : [])),
  );

/** A graph as plain data, for comparison. */
export const plainGraph = (graph: Graph): unknown => ({
  ...graph,
  values: [...graph.values.values()].map(({ tensor, ...value }) => ({
    ...value,
    tensor: tensor && { type: tensor.type, dims: tensor.dims, data: [...toNumbers(tensor.type, tensor.data)] },
  })),
});
