import { TilewiseError } from '../../errors.js';
import { attributeNamed, type Binding, type Inline, type Inliner, intAttribute, intsAttribute, type Scope } from './inline.js';
import { unsupported } from './onnx-node.js';
import type { NodeProto } from './proto.js';

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
  const condition = inliner.number(inliner.value(scope, node.inputs[0]), 'the condition');
  const results = inliner.call(node, condition ? 'then_branch' : 'else_branch', [], scope);
  if (results.length !== node.outputs.length) invalid(`a branch gives ${results.length} of ${node.outputs.length} outputs`);
  node.outputs.forEach((name, i) => inliner.bind(scope, name, results[i] as Binding));
};

const loop: Inline = (node, scope, inliner) => {
  const [trips = '', condition = '', ...initial] = node.inputs;
  const most = trips ? inliner.number(inliner.value(scope, trips), 'the number of turns') : Number.POSITIVE_INFINITY;
  let goesOn = condition ? inliner.number(inliner.value(scope, condition), 'the condition') !== 0 : true;
  let carried: Binding[] = initial.map((name) => scope.get(name));
  const collected: string[][] = [];
  const base = baseOf(node);
  let turn = 0;
  for (; goesOn && turn < most; turn++) {
    if (turn >= MAX_TURNS) unsupported(`more than ${MAX_TURNS} turns are not supported`);
    const state = [inliner.addConstant(`${base}/turn`, turn), inliner.addConstant(`${base}/goes on`, true)];
    const [next, ...results] = inliner.call(node, 'body', [...state, ...carried], scope, String(turn));
    if (results.length < carried.length || typeof next !== 'string') invalid('the body gives too few outputs');
    goesOn = inliner.number(next as string, 'the condition of the body') !== 0;
    carried = results.slice(0, carried.length);
    for (const [i, result] of results.slice(carried.length).entries()) (collected[i] ??= []).push(tensorOnly(result));
  }
  carried.forEach((binding, i) => inliner.bind(scope, node.outputs[i], binding));
  node.outputs.slice(carried.length).forEach((name, i) => {
    if (name) inliner.bind(scope, name, stack(inliner, name, collected[i] ?? neverRun(name), 0));
  });
};

const neverRun = (name: string): never => unsupported(`'${name}' collects the results of no turn, whose shape is not known`);

const tensorOnly = (binding: Binding): string =>
  typeof binding === 'string' ? binding : unsupported('a sequence for every turn is not supported');

const scan: Inline = (node, scope, inliner) => {
  if (inliner.opset < 9) unsupported('Scan of opset 8 is not supported');
  const scanned = attributeNamed(node, 'num_scan_inputs')?.i ?? invalid("attribute 'num_scan_inputs' is missing");
  if (scanned < 1 || scanned > node.inputs.length) invalid(`num_scan_inputs ${scanned} is not from 1 to ${node.inputs.length}`);
  const states = node.inputs.length - scanned;
  const list = (name: string): readonly number[] => attributeNamed(node, name)?.ints ?? [];
  const inputs = node.inputs.slice(states).map((name, i) => {
    const value = inliner.value(scope, name);
    const shape = inliner.shape(value) ?? unsupported(`the shape of '${name}', which is scanned, is not declared`);
    const axis = list('scan_input_axes')[i] ?? 0;
    const extent = shape.at(axis) ?? unsupported(`dimension ${axis} of '${name}', which is scanned, is not a number`);
    return { value, axis, extent, backwards: list('scan_input_directions')[i] === 1 };
  });
  const turns = inputs[0]!.extent;
  if (inputs.some(({ extent }) => extent !== turns)) invalid('the inputs that are scanned have different lengths');
  if (turns > MAX_TURNS) unsupported(`more than ${MAX_TURNS} turns are not supported`);
  let carried: Binding[] = node.inputs.slice(0, states).map((name) => scope.get(name));
  const collected: string[][] = node.outputs.slice(states).map(() => []);
  const base = baseOf(node);
  for (let turn = 0; turn < turns; turn++) {
    const slices = inputs.map(({ value, axis, backwards }) => {
      const index = inliner.addConstant(`${base}/index`, backwards ? turns - 1 - turn : turn);
      return inliner.add(`${base}/slice`, 'Gather', [value, index], [intAttribute('axis', axis)]);
    });
    const results = inliner.call(node, 'body', [...carried, ...slices], scope, String(turn));
    if (results.length !== node.outputs.length) invalid(`the body gives ${results.length} of ${node.outputs.length} outputs`);
    carried = results.slice(0, states);
    for (const [i, result] of results.slice(states).entries()) collected[i]!.push(tensorOnly(result));
  }
  carried.forEach((binding, i) => inliner.bind(scope, node.outputs[i], binding));
  collected.forEach((values, i) => {
    const name = node.outputs[states + i];
    if (!name) return;
    if (values.length === 0) neverRun(name);
    const ordered = list('scan_output_directions')[i] === 1 ? values.toReversed() : values;
    inliner.bind(scope, name, stack(inliner, name, ordered, list('scan_output_axes')[i] ?? 0));
  });
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
