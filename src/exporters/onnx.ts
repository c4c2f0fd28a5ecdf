import { freshName, type Graph, type Node, type Value, valueNamed } from '../graph/graph.js';
import {
  type DimensionProto,
  modelProto,
  type NodeProto,
  type OperatorSetId,
  type ValueInfoProto,
} from '../importers/onnx/proto.js';
import { atNode, inferShapes, operatorOf } from '../ops/infer.js';
import { onnxOfDtype } from '../ops/onnx-types.js';
import { fromNumbers } from '../tensor/convert.js';
import { Tensor } from '../tensor/tensor.js';
import { attributeProtos } from './onnx-attributes.js';
import { tensorProtoOf } from './onnx-tensor.js';
import { writeMessage } from './onnx-wire.js';

export interface ExportOptions {
  /** Written as the model's producer. */
  readonly producer?: string;
  /** Nodes that are written without their names. */
  readonly unnamed?: ReadonlySet<string>;
}

const IR_VERSION = 10;
const OPSET = 21;

/**
 * Writes a graph as an ONNX model. Throws `unsupported-model` for what only this library's own passes can say, such
 * as a fused activation: export a graph before `optimize`.
 */
export const exportOnnx = (graph: Graph, { producer = 'tilewise', unnamed }: ExportOptions = {}): Uint8Array => {
  const inferred = inferShapes(graph);
  const values = new Map(inferred.values);
  const nodes = inferred.nodes.map((node) => {
    const proto = nodeProto(node, values);
    return unnamed?.has(node.name) ? { ...proto, name: '' } : proto;
  });
  const used = new Set([...nodes.flatMap(({ inputs }) => inputs), ...graph.outputs]);
  const constants = [...values.values()].filter((value) => value.tensor && used.has(value.name));
  return writeMessage(modelProto, {
    irVersion: IR_VERSION,
    producerName: producer,
    graph: {
      name: graph.name,
      nodes,
      initializers: constants.map(({ name, tensor }) => tensorProtoOf(tensor as Tensor, name)),
      inputs: graph.inputs.map((name) => valueInfo(valueNamed(inferred, name))),
      outputs: graph.outputs.map((name) => valueInfo(valueNamed(inferred, name))),
      valueInfo: [],
      sparseInitializers: [],
    },
    opsets: opsetsOf(graph.nodes),
  });
};

/** [domain, operator] of an operator's name. */
const domainOf = (op: string): readonly [string, string] => {
  const dot = op.lastIndexOf('.');
  return dot < 0 ? ['', op] : [op.slice(0, dot), op.slice(dot + 1)];
};

const opsetsOf = (nodes: readonly Node[]): OperatorSetId[] => {
  const others = new Set(nodes.map(({ op }) => domainOf(op)[0]).filter((domain) => domain !== ''));
  return [{ domain: '', version: OPSET }, ...[...others].map((domain) => ({ domain, version: 1 }))];
};

const nodeProto = (node: Node, values: Map<string, Value>): NodeProto => {
  try {
    const [domain, opType] = domainOf(node.op);
    const { inputs, attributes, outputs, name } = node.op === 'Clip' ? clipWithInputs(node, values) : node;
    const proto = {
      inputs,
      outputs,
      name,
      opType,
      attributes: attributeProtos(operatorOf(node), attributes, values.get(inputs[0] ?? '')),
    };
    return domain ? { ...proto, domain } : proto;
  } catch (error) {
    throw atNode(error, node);
  }
};

/** The format keeps the bounds of Clip as inputs. */
const clipWithInputs = (node: Node, values: Map<string, Value>): Node => {
  const [x = ''] = node.inputs;
  const { min, max, ...attributes } = node.attributes;
  const dtype = values.get(x)?.dtype ?? 'float32';
  const bound = (value: number, which: string): string => {
    if (!Number.isFinite(value)) return '';
    const name = freshName(values, `${node.name}.${which}`);
    const tensor = new Tensor(dtype, fromNumbers(dtype, [value]), []);
    values.set(name, { name, dtype, shape: [], tensor });
    return name;
  };
  const inputs = [x, bound(min as number, 'min'), bound(max as number, 'max')];
  return { ...node, inputs: inputs.slice(0, inputs.findLastIndex((name) => name !== '') + 1), attributes };
};

const valueInfo = ({ name, dtype, shape }: Value): ValueInfoProto => {
  const dims = shape?.map((d): DimensionProto => (typeof d === 'number' ? { value: d } : { param: d }));
  return { name, type: { tensor: { elementType: onnxOfDtype(dtype), ...(dims && { shape: { dims } }) } } };
};
