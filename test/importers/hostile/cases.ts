import type { ErrorCode } from '../../../src/errors.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { constant, info, type ModelParts, modelBytes, node } from '../models.js';

/** A bad or odd model and what must become of it. */
export interface HostileCase {
  readonly name: string;
  /** Built when the case runs. */
  readonly bytes: () => Uint8Array;
  /** The code of the error at load, or at the run with zeros; absent: it runs. */
  readonly load?: ErrorCode | readonly ErrorCode[];
  readonly run?: ErrorCode;
  /** A part of the message. */
  readonly message?: string | RegExp;
  /** Name of the node or tensor that the error must carry. */
  readonly node?: string;
  readonly tensor?: string;
  readonly feeds?: Readonly<Record<string, Tensor>>;
  /** Elements of the outputs, in order, where the model is accepted. */
  readonly expected?: readonly (readonly number[])[];
}

export type Attributes = Parameters<typeof node>[3];

export const model =
  (parts: ModelParts): (() => Uint8Array) =>
  () =>
    modelBytes(parts);

/** Constants by name: int64 vectors of numbers, or float32 tensors of ones of a shape. */
const constantsOf = (given: Readonly<Record<string, readonly number[] | { readonly ones: readonly number[] }>>) =>
  Object.entries(given).map(([name, value]) =>
    'ones' in value
      ? constant(name, 'float32', value.ones, new Array(value.ones.reduce((a, b) => a * b, 1)).fill(1))
      : constant(name, 'int64', [value.length], value),
  );

export interface OneNode {
  readonly op: string;
  readonly x?: readonly (number | string)[];
  readonly attributes?: Attributes;
  readonly constants?: Readonly<Record<string, readonly number[] | { readonly ones: readonly number[] }>>;
  readonly outputs?: number;
  readonly opset?: number;
  /** Inputs after x; the constants where absent. */
  readonly inputs?: readonly string[];
}

/** A model of one node 'n' that reads a float32 feed x and constants. */
export const oneNode = ({ op, x = [1, 4, 8, 8], attributes = {}, constants = {}, outputs = 1, opset = 21, inputs }: OneNode) => {
  const names = Array.from({ length: outputs }, (_, i) => (outputs === 1 ? 'y' : `y${i}`));
  return model({
    nodes: [node(op, ['x', ...(inputs ?? Object.keys(constants))], names, attributes, { name: 'n' })],
    inputs: [info('x', x)],
    outputs: names.map((name) => info(name)),
    initializers: constantsOf(constants),
    opset,
  });
};

/** Nodes that read only constants and what nodes before computed. */
export const chain = (nodes: ModelParts['nodes'] & object, constants: OneNode['constants'] & object, output: string) =>
  model({ nodes, inputs: [], outputs: [info(output)], initializers: constantsOf(constants) });
