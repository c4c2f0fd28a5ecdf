import { TilewiseError } from '../../errors.js';
import { freshName, type Value } from '../../graph/graph.js';
import { dtypeOfOnnx } from '../../ops/onnx-types.js';
import { fromNumbers } from '../../tensor/convert.js';
import { Tensor } from '../../tensor/tensor.js';
import type { GraphProto, NodeProto, ValueInfoProto } from './proto.js';
import { tensorOf } from './tensor.js';
import { declaredValue, symbolsOf } from './value-info.js';

const bad = (message: string, tensor: string): never => {
  throw new TilewiseError('invalid-model', message, { tensor });
};

/** The values of a graph while its nodes are being imported. */
export class Draft {
  readonly opset: number;
  readonly values = new Map<string, Value>();
  readonly inputs = new Set<string>();
  readonly outputs = new Set<string>();
  readonly #read = new Set<string>();
  readonly #identities = new Map<string, string>();

  constructor(graph: GraphProto, opset: number) {
    this.opset = opset;
    for (const proto of graph.initializers) this.#define(proto.name ?? '', tensorOf(proto, proto.name ?? ''), 'initializer');
    this.#declare(graph);
    for (const node of graph.nodes) for (const name of node.inputs) this.#read.add(name);
    for (const name of this.outputs) this.#read.add(name);
    this.#placeholders(graph);
  }

  /** True where a node or an output of the graph reads the value. */
  isRead(name: string): boolean {
    return this.#read.has(name);
  }

  /** The data of a value that is known now, looking through Identity nodes. */
  constant(name: string | undefined): Tensor | undefined {
    let current = name ?? '';
    // A cycle of Identity nodes ends after as many steps as there are of them.
    for (let steps = this.#identities.size; steps >= 0; steps--) {
      const tensor = this.values.get(current)?.tensor;
      const source = this.#identities.get(current);
      if (tensor || source === undefined) return tensor;
      current = source;
    }
    return undefined;
  }

  /** Adds a constant under a name derived from `base`. */
  addConstant(base: string, tensor: Tensor): string {
    const name = freshName(this.values, base);
    this.values.set(name, { name, dtype: tensor.type, shape: tensor.dims, tensor });
    return name;
  }

  /** Reserves a name derived from `base` for a new node's output of the type of `like`. */
  addValue(base: string, like: string): string {
    const name = freshName(this.values, base);
    this.values.set(name, { name, dtype: this.values.get(like)?.dtype ?? 'float32', shape: undefined });
    return name;
  }

  #define(name: string, tensor: Tensor, kind: string): void {
    if (!name) bad(`an ${kind} has no name`, name);
    if (this.values.get(name)?.tensor) bad(`two constants are named '${name}'`, name);
    this.values.set(name, { name, dtype: tensor.type, shape: tensor.dims, tensor });
  }

  #declare(graph: GraphProto): void {
    const symbols = symbolsOf(graph);
    for (const info of graph.inputs) {
      const name = nameOf(info, this.inputs, 'inputs');
      // Files of IR version 3 list the initializers among the inputs too.
      if (this.values.has(name)) continue;
      const value = declaredValue(info, symbols);
      if (!value)
        throw new TilewiseError('unsupported-model', `input '${name}' is not a tensor of a stated type`, { tensor: name });
      this.inputs.add(name);
      this.values.set(name, value);
    }
    for (const info of graph.outputs) {
      const name = nameOf(info, this.outputs, 'outputs');
      this.outputs.add(name);
      const value = declaredValue(info, symbols);
      if (value && !this.values.has(name)) this.values.set(name, value);
    }
    for (const info of graph.valueInfo) {
      const known = this.values.has(info.name ?? '') || !dtypeOfOnnx(info.type?.tensor?.elementType ?? 0);
      const value = known ? undefined : declaredValue(info, symbols);
      if (value) this.values.set(value.name, value);
    }
  }

  /** Gives every output of a node a value, so that fresh names do not meet it; data of Constant nodes is read. */
  #placeholders(graph: GraphProto): void {
    const produced = new Set<string>(this.inputs);
    for (const node of graph.nodes) {
      for (const name of node.outputs) {
        if (!name) continue;
        if (produced.has(name) || this.values.get(name)?.tensor) bad(`'${name}' is produced twice`, name);
        produced.add(name);
        const [source = ''] = node.inputs;
        if (isConstantNode(node)) this.#define(name, constantTensor(node), 'Constant');
        else if (!this.values.has(name)) this.values.set(name, { name, dtype: 'float32', shape: undefined });
        if (node.opType === 'Identity') this.#identities.set(name, source);
      }
    }
  }
}

const nameOf = ({ name }: ValueInfoProto, earlier: ReadonlySet<string>, kind: string): string => {
  if (!name) return bad(`one of the graph's ${kind} has no name`, '');
  return earlier.has(name) ? bad(`'${name}' is twice among the graph's ${kind}`, name) : name;
};

/** True for a node of the standard domain. */
export const isStandard = (node: NodeProto): boolean => !node.domain || node.domain === 'ai.onnx';

export const isConstantNode = (node: NodeProto): boolean => node.opType === 'Constant' && isStandard(node);

/** The data of a Constant node. */
export const constantTensor = (node: NodeProto): Tensor => {
  const name = node.outputs[0] as string;
  const [attribute, second] = node.attributes;
  if (!attribute || second || node.outputs.length !== 1) {
    return bad(`Constant '${name}' must have one attribute and one output`, name);
  }
  const { t, f = 0, i = 0, floats, ints } = attribute;
  switch (attribute.name) {
    case 'value':
      return t ? tensorOf(t, name) : bad(`Constant '${name}' has no tensor`, name);
    case 'value_float':
      return new Tensor('float32', [f], []);
    case 'value_floats':
      return new Tensor('float32', floats);
    case 'value_int':
      return new Tensor('int64', fromNumbers('int64', [i]), []);
    case 'value_ints':
      return new Tensor('int64', fromNumbers('int64', ints));
    default:
      throw new TilewiseError('unsupported-model', `Constant '${name}' with attribute '${attribute.name}' is not supported`, {
        tensor: name,
      });
  }
};
