/**
 * The messages of onnx.proto that this library reads and writes, as field tables. `readMessage` and `writeMessage`
 * interpret them; fields that a table lacks are skipped.
 */
export type ScalarKind =
  | 'int' // varint, signed 64 bits, as a number
  | 'float' // 32 bits
  | 'string' // UTF-8
  | 'bytes'
  | 'present'; // length-delimited content that is not read; true where the field is there

export type ListKind =
  | 'ints' // packed or not
  | 'bigints' // packed or not, exact
  | 'floats' // packed or not
  | 'strings'
  | 'words4' // packed or single 32-bit words, as pieces of the file
  | 'words8' // packed or single 64-bit words, as pieces of the file
  | 'byteStrings'
  | 'presents';

export interface Field {
  readonly name: string;
  readonly kind: ScalarKind | ListKind | { readonly one: MessageType } | { readonly many: MessageType };
}

/** The type parameter is the plain object that the message becomes: absent fields are undefined, lists are empty. */
export interface MessageType<T = unknown> {
  readonly name: string;
  readonly fields: ReadonlyMap<number, Field>;
  /** Refuses fields that the table lacks: bytes that are no model rarely pass this. */
  readonly closed?: boolean;
  /** Never there; it carries T. */
  readonly object?: T;
}

type Kinds = Readonly<Record<string, readonly [number, Field['kind']]>>;

const message = <T>(name: string, kinds: Kinds, closed = false): MessageType<T> => ({
  name,
  closed,
  fields: new Map(Object.entries(kinds).map(([field, [number, kind]]) => [number, { name: field, kind }])),
});

export interface DimensionProto {
  readonly value?: number;
  readonly param?: string;
}

export interface TypeProto {
  readonly tensor?: { readonly elementType?: number; readonly shape?: { readonly dims: readonly DimensionProto[] } };
}

export interface ValueInfoProto {
  readonly name?: string;
  readonly type?: TypeProto;
}

export interface TensorProto {
  readonly dims: readonly number[];
  readonly dataType?: number;
  readonly segment?: true;
  readonly floatData: readonly Uint8Array[];
  readonly int32Data: readonly number[];
  readonly stringData: readonly true[];
  readonly int64Data: readonly bigint[];
  readonly name?: string;
  readonly rawData?: Uint8Array;
  readonly doubleData: readonly Uint8Array[];
  readonly uint64Data: readonly bigint[];
  readonly externalData: readonly true[];
  readonly dataLocation?: number;
}

export interface AttributeProto {
  readonly name?: string;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly g?: GraphProto;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly strings: readonly Uint8Array[];
  readonly tensors: readonly true[];
  readonly graphs: readonly true[];
  readonly type?: number;
  readonly refName?: string;
}

export interface NodeProto {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly opType?: string;
  readonly attributes: readonly AttributeProto[];
  readonly domain?: string;
}

export interface GraphProto {
  readonly nodes: readonly NodeProto[];
  readonly name?: string;
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly valueInfo: readonly ValueInfoProto[];
  readonly sparseInitializers: readonly true[];
}

export interface OperatorSetId {
  readonly domain?: string;
  readonly version?: number;
}

export interface ModelProto {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly graph?: GraphProto;
  readonly opsets: readonly OperatorSetId[];
}

const dimension = message<DimensionProto>('Dimension', { value: [1, 'int'], param: [2, 'string'] });
const shape = message('TensorShapeProto', { dims: [1, { many: dimension }] });
const tensorType = message('TypeProto.Tensor', { elementType: [1, 'int'], shape: [2, { one: shape }] });
const type = message<TypeProto>('TypeProto', { tensor: [1, { one: tensorType }] });
const valueInfo = message<ValueInfoProto>('ValueInfoProto', { name: [1, 'string'], type: [2, { one: type }] });

export const tensorProto = message<TensorProto>('TensorProto', {
  dims: [1, 'ints'],
  dataType: [2, 'int'],
  segment: [3, 'present'],
  floatData: [4, 'words4'],
  int32Data: [5, 'ints'],
  stringData: [6, 'presents'],
  int64Data: [7, 'bigints'],
  name: [8, 'string'],
  rawData: [9, 'bytes'],
  doubleData: [10, 'words8'],
  uint64Data: [11, 'bigints'],
  externalData: [13, 'presents'],
  dataLocation: [14, 'int'],
});

export const attributeProto = message<AttributeProto>('AttributeProto', {
  name: [1, 'string'],
  f: [2, 'float'],
  i: [3, 'int'],
  s: [4, 'bytes'],
  t: [5, { one: tensorProto }],
  floats: [7, 'floats'],
  ints: [8, 'ints'],
  strings: [9, 'byteStrings'],
  tensors: [10, 'presents'],
  graphs: [11, 'presents'],
  type: [20, 'int'],
  refName: [21, 'string'],
});

const nodeProto = message<NodeProto>('NodeProto', {
  inputs: [1, 'strings'],
  outputs: [2, 'strings'],
  name: [3, 'string'],
  opType: [4, 'string'],
  attributes: [5, { many: attributeProto }],
  domain: [7, 'string'],
});

const graphProto = message<GraphProto>('GraphProto', {
  nodes: [1, { many: nodeProto }],
  name: [2, 'string'],
  initializers: [5, { many: tensorProto }],
  inputs: [11, { many: valueInfo }],
  outputs: [12, { many: valueInfo }],
  valueInfo: [13, { many: valueInfo }],
  sparseInitializers: [15, 'presents'],
});

/** A graph may stand in an attribute of its own nodes: the reader bounds how deep. */
(attributeProto.fields as Map<number, Field>).set(6, { name: 'g', kind: { one: graphProto } });

const operatorSetId = message<OperatorSetId>('OperatorSetIdProto', { domain: [1, 'string'], version: [2, 'int'] });

export const modelProto = message<ModelProto>(
  'ModelProto',
  {
    irVersion: [1, 'int'],
    producerName: [2, 'string'],
    producerVersion: [3, 'string'],
    domain: [4, 'string'],
    modelVersion: [5, 'int'],
    docString: [6, 'present'],
    graph: [7, { one: graphProto }],
    opsets: [8, { many: operatorSetId }],
    metadata: [14, 'presents'],
    training: [20, 'presents'],
    functions: [25, 'presents'],
    configurations: [26, 'presents'],
  },
  true,
);

/** AttributeProto.AttributeType. */
export const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;
