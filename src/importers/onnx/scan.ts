import { TilewiseError } from '../../errors.js';
import { attributeNamed, type Inliner, intAttribute, intsAttribute, type Scope } from './inline.js';
import { unsupported } from './onnx-node.js';
import type { GraphProto, NodeProto, TensorProto } from './proto.js';

/** How the results of the turns are put together. */
export interface TurnLayout {
  readonly axis: number;
  readonly backwards: boolean;
}

const plain: TurnLayout = { axis: 0, backwards: false };

const noData = { floatData: [], int32Data: [], stringData: [], int64Data: [], doubleData: [], uint64Data: [], externalData: [] };

/**
 * A Scan as a Loop whose body picks a slice of each scanned input, and how the results of its turns are put together
 * (the carried values come first among the outputs).
 */
export const scanAsLoop = (
  node: NodeProto,
  body: GraphProto,
  scanned: number,
  scope: Scope,
  inliner: Inliner,
): { readonly loop: NodeProto; readonly layouts: readonly TurnLayout[] } => {
  const states = node.inputs.length - scanned;
  const list = (name: string): readonly number[] => attributeNamed(node, name)?.ints ?? [];
  const base = node.name || node.outputs.find((name) => name) || 'Scan';
  const given = node.inputs.slice(states);
  const extents = given.map((name, i) => inliner.shape(inliner.value(scope, name))?.at(list('scan_input_axes')[i] ?? 0));
  const turns = extents.find((extent) => extent !== undefined);
  if (extents.some((extent) => extent !== undefined && extent !== turns)) {
    throw new TilewiseError('invalid-model', 'the inputs that are scanned have different lengths');
  }
  const axis = list('scan_input_axes')[0] ?? 0;
  const trips =
    turns === undefined
      ? extentOf(inliner, base, inliner.value(scope, given[0]), axis)
      : inliner.addConstant(`${base}/turns`, turns);
  const last = inliner.add(`${base}/last`, 'Sub', [trips, inliner.addConstant(`${base}/one`, 1)]);
  for (const name of [trips, last]) scope.set(name, name);
  const [turn, always, back] = [`${base}/turn`, `${base}/always`, `${base}/back`];
  const isBackwards = given.some((_, i) => list('scan_input_directions')[i] === 1);
  const slices = given.map((name, i): NodeProto => {
    const index = list('scan_input_directions')[i] === 1 ? back : turn;
    const axisAttribute = intAttribute('axis', list('scan_input_axes')[i] ?? 0);
    return {
      opType: 'Gather',
      inputs: [name, index],
      outputs: [body.inputs[states + i]?.name ?? ''],
      attributes: [axisAttribute],
    };
  });
  const from: NodeProto[] = isBackwards ? [{ opType: 'Sub', inputs: [last, turn], outputs: [back], attributes: [] }] : [];
  const isTrue: TensorProto = { ...noData, name: always, dims: [], dataType: 9, int32Data: [1] };
  const g: GraphProto = {
    ...body,
    inputs: [{ name: turn }, { name: `${base}/goes on` }, ...body.inputs.slice(0, states)],
    initializers: [...body.initializers, isTrue],
    nodes: [...from, ...slices, ...body.nodes],
    outputs: [{ name: always }, ...body.outputs],
  };
  const loop: NodeProto = {
    name: base,
    opType: 'Loop',
    inputs: [trips, '', ...node.inputs.slice(0, states)],
    outputs: node.outputs,
    attributes: [{ ...intAttribute('body', 0), type: 5, g }],
  };
  const layouts = node.outputs.slice(states).map((_, i): TurnLayout => {
    return { axis: list('scan_output_axes')[i] ?? 0, backwards: list('scan_output_directions')[i] === 1 };
  });
  return { loop, layouts: [...node.outputs.slice(0, states).map(() => plain), ...layouts] };
};

/** The extent of an axis that no file declares: computed when the shape is known. */
const extentOf = (inliner: Inliner, base: string, value: string, axis: number): string =>
  inliner.add(`${base}/turns`, 'Gather', [
    inliner.add(`${base}/shape`, 'Shape', [value]),
    inliner.addConstant(`${base}/axis`, axis),
  ]);

/** What stands along axis 0 in the order of the turns, as the layout wants it. `rank` is that of the result, if declared. */
export const laidOut = (inliner: Inliner, base: string, value: string, layout: TurnLayout, rank: number | undefined): string => {
  let result = value;
  if (layout.backwards) {
    if (inliner.opset < 10) unsupported('results in reverse order need opset 10');
    const ints = (what: string, number: number): string => inliner.addConstant(`${base}/${what}`, [number]);
    const bounds = [ints('start', -1), ints('end', -(2 ** 31) + 1), ints('axis', 0), ints('step', -1)];
    result = inliner.add(`${base}/reversed`, 'Slice', [result, ...bounds]);
  }
  if (layout.axis === 0) return result;
  if (rank === undefined)
    return unsupported(`the rank of '${base}', whose turns are put along axis ${layout.axis}, is not declared`);
  const axis = layout.axis < 0 ? layout.axis + rank : layout.axis;
  const others = Array.from({ length: rank - 1 }, (_, i) => i + 1);
  return inliner.add(`${base}/moved`, 'Transpose', [result], [intsAttribute('perm', others.toSpliced(axis, 0, 0))]);
};

export const isPlain = ({ axis, backwards }: TurnLayout): boolean => axis === 0 && !backwards;
