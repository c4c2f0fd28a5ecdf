import { TilewiseError } from '../../errors.js';
import { attributeNamed, type Binding, type Inline, type Inliner, intAttribute, intsAttribute, type Scope } from './inline.js';
import { keep, keepLoop } from './keep.js';
import { unsupported } from './onnx-node.js';
import type { NodeProto } from './proto.js';
import { isPlain, laidOut, scanAsLoop, type TurnLayout } from './scan.js';

/** Most repetitions of one Loop or Scan. */
const MAX_TURNS = 256;

const invalid = (message: string): never => {
  throw new TilewiseError('invalid-model', message);
};

const baseOf = (node: NodeProto): string => node.name || node.outputs.find((name) => name) || (node.opType ?? '');

/** Values with a new axis of extent 1. */
export const unsqueeze = (inliner: Inliner, base: string, value: string, axis: number): string =>
  inliner.opset < 13
    ? inliner.add(`${base}/unsqueezed`, 'Unsqueeze', [value], [intsAttribute('axes', [axis])])
    : inliner.add(`${base}/unsqueezed`, 'Unsqueeze', [value, inliner.addConstant(`${base}/axes`, [axis])]);

/** The values along a new axis. */
export const stack = (inliner: Inliner, base: string, values: readonly string[], axis: number): string =>
  inliner.add(
    `${base}/stacked`,
    'Concat',
    values.map((value) => unsqueeze(inliner, base, value, axis)),
    [intAttribute('axis', axis)],
  );

const branch: Inline = (node, scope, inliner) => {
  const condition = inliner.numbers(inliner.value(scope, node.inputs[0]));
  if (!condition) return keep(node, scope, inliner);
  if (condition.length !== 1) invalid(`the condition must be one number, got ${condition.length}`);
  const results = inliner.call(node, condition[0] ? 'then_branch' : 'else_branch', [], scope);
  if (results.length !== node.outputs.length) invalid(`a branch gives ${results.length} of ${node.outputs.length} outputs`);
  node.outputs.forEach((name, i) => inliner.bind(scope, name, results[i] as Binding));
};

const loop: Inline = (node, scope, inliner) => {
  if (!inliner.attempt(() => unroll(node, scope, inliner))) keepLoop(node, scope, inliner);
};

/** Puts the turns one after the other; false where it is not known how many there are, or where they are many. */
const unroll = (node: NodeProto, scope: Scope, inliner: Inliner, layouts: readonly TurnLayout[] = []): boolean => {
  const [trips = '', condition = '', ...initial] = node.inputs;
  const numberOf = (name: string, absent: number): number | undefined => {
    if (!name) return absent;
    const numbers = inliner.numbers(inliner.value(scope, name));
    if (numbers && numbers.length !== 1) invalid(`'${name}' must be one number, got ${numbers.length}`);
    return numbers?.[0];
  };
  const most = numberOf(trips, Number.POSITIVE_INFINITY);
  let goesOn = numberOf(condition, 1);
  if (most === undefined || goesOn === undefined || (Number.isFinite(most) && most > MAX_TURNS)) return false;
  let carried: Binding[] = initial.map((name) => scope.get(name));
  const collected: string[][] = node.outputs.slice(carried.length).map(() => []);
  const base = baseOf(node);
  for (let turn = 0; goesOn && turn < most; turn++) {
    if (turn >= MAX_TURNS) return false;
    const state = [inliner.addConstant(`${base}/turn`, turn), inliner.addConstant(`${base}/goes on`, true)];
    const [next, ...results] = inliner.call(node, 'body', [...state, ...carried], scope, String(turn));
    if (results.length < carried.length || typeof next !== 'string') return invalid('the body gives too few outputs');
    const decided = inliner.numbers(next);
    if (!decided) return false;
    goesOn = decided[0] ?? 0;
    carried = results.slice(0, carried.length);
    for (const [i, result] of results.slice(carried.length).entries()) collected[i]?.push(tensorOnly(result));
  }
  if (collected.some((values, i) => values.length === 0 && node.outputs[carried.length + i])) return false;
  carried.forEach((binding, i) => inliner.bind(scope, node.outputs[i], binding));
  collected.forEach((values, i) => {
    const name = node.outputs[carried.length + i];
    const { axis = 0, backwards = false } = layouts[carried.length + i] ?? {};
    if (name) inliner.bind(scope, name, stack(inliner, name, backwards ? values.toReversed() : values, axis));
  });
  return true;
};

const tensorOnly = (binding: Binding): string =>
  typeof binding === 'string' ? binding : unsupported('a sequence for every turn is not supported');

const scan: Inline = (node, scope, inliner) => {
  if (inliner.opset < 9) unsupported('Scan of opset 8 is not supported');
  const scanned = attributeNamed(node, 'num_scan_inputs')?.i ?? invalid("attribute 'num_scan_inputs' is missing");
  if (scanned < 1 || scanned > node.inputs.length) invalid(`num_scan_inputs ${scanned} is not from 1 to ${node.inputs.length}`);
  const body = attributeNamed(node, 'body')?.g ?? invalid("attribute 'body' must be a graph");
  if (body.inputs.length !== node.inputs.length) {
    invalid(`the graph 'body' takes ${body.inputs.length} inputs, got ${node.inputs.length}`);
  }
  if (body.outputs.length !== node.outputs.length)
    invalid(`the body gives ${body.outputs.length} of ${node.outputs.length} outputs`);
  const { loop: asLoop, layouts } = scanAsLoop(node, body, scanned, scope, inliner);
  if (inliner.attempt(() => unroll(asLoop, scope, inliner, layouts))) return;
  const outputs = asLoop.outputs.map((name, i) => (name && !isPlain(layouts[i] as TurnLayout) ? `${name}/turns` : name));
  keepLoop({ ...asLoop, outputs }, scope, inliner);
  for (const [i, name] of node.outputs.entries()) {
    if (!name || name === outputs[i]) continue;
    const rank = body.outputs[i]?.type?.tensor?.shape?.dims.length;
    const value = inliner.value(scope, outputs[i]);
    inliner.bind(scope, name, laidOut(inliner, name, value, layouts[i] as TurnLayout, rank === undefined ? rank : rank + 1));
  }
};

/** The body for each element of the first sequence; further inputs are sequences of the same length, or tensors. */
const sequenceMap: Inline = (node, scope, inliner) => {
  const [first, ...others] = node.inputs;
  const elements = inliner.sequence(scope, first);
  const collected: string[][] = node.outputs.map(() => []);
  elements.forEach((element, turn) => {
    const further = others.map((name): Binding => elementOf(inliner, scope, name, turn));
    const results = inliner.call(node, 'body', [element, ...further], scope, String(turn));
    for (const [i, list] of collected.entries()) list.push(tensorOnly(results[i] ?? invalid('the body gives too few outputs')));
  });
  node.outputs.forEach((name, i) => scope.set(name, collected[i] as string[]));
};

const elementOf = (inliner: Inliner, scope: Scope, name: string, turn: number): string => {
  const binding = scope.get(name);
  if (typeof binding === 'string') return inliner.value(scope, name);
  return binding[turn] ?? invalid(`the sequence '${name}' is shorter than the first`);
};

export const controlFlow: ReadonlyMap<string, Inline> = new Map([
  ['If', branch],
  ['Loop', loop],
  ['Scan', scan],
  ['SequenceMap', sequenceMap],
]);
