import { fromNumbers, toNumbers } from '../../tensor/convert.js';
import { Tensor } from '../../tensor/tensor.js';
import type { Draft } from './draft.js';
import { invalid, type OnnxNode, unsupported } from './onnx-node.js';

/**
 * The contrib operator as the standard's Attention. Query, key and value are apart, as [batch, sequence, heads * size];
 * a bias that all three share is added before.
 */
export const multiHeadAttention = (node: OnnxNode, draft: Draft): OnnxNode[] => {
  const [query = '', key = '', value = '', bias = '', padding = '', mask = '', pastKey = '', pastValue = ''] = node.inputs;
  if (!key || !value) unsupported('packed keys and values are not supported');
  if (padding) unsupported(`key_padding_mask '${padding}' is not supported`);
  if (node.inputs.slice(8).some((name) => name)) unsupported('buffers of past keys and values are not supported');
  const heads = node.attributes.get('num_heads') ?? invalid("attribute 'num_heads' is missing");
  const scale = node.attributes.get('scale');
  const { adds, sums } = bias ? withBias(node, [query, key, value], bias, draft) : { adds: [], sums: [query, key, value] };
  return [
    ...adds,
    {
      ...node,
      op: 'Attention',
      inputs: trim([...sums, mask, pastKey, pastValue]),
      attributes: new Map([
        ['q_num_heads', heads],
        ['kv_num_heads', heads],
        ['is_causal', node.attributes.get('unidirectional') ?? 0],
        // 0, the operator's default, stands for 1 / sqrt(head size), as an absent one does.
        ...(scale ? ([['scale', scale]] as const) : []),
      ]),
    },
  ];
};

const withBias = (node: OnnxNode, inputs: readonly string[], bias: string, draft: Draft) => {
  const tensor = draft.constant(bias) ?? unsupported(`the bias must be a constant, but '${bias}' is computed`);
  const size = tensor.size / 3;
  // Values of another width than the keys would need to know the width of the queries.
  if (!Number.isInteger(size)) unsupported('a bias of values that have another width than keys is not supported');
  const numbers = toNumbers(tensor.type, tensor.data);
  const sums = inputs.map((x, i) => draft.addValue(`${node.name}.${'qkv'[i]}`, x));
  const adds = inputs.map((x, i): OnnxNode => {
    const part = new Tensor(tensor.type, fromNumbers(tensor.type, numbers.slice(i * size, (i + 1) * size)), [size]);
    const name = sums[i] as string;
    return { name, op: 'Add', inputs: [x, draft.addConstant(`${name}.bias`, part)], outputs: [name], attributes: new Map() };
  });
  return { adds, sums };
};

const trim = (names: readonly string[]): string[] => names.slice(0, names.findLastIndex((name) => name !== '') + 1);
