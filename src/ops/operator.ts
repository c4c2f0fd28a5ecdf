import { TilewiseError } from '../errors.js';
import type { Attributes, Graph, Node, Value } from '../graph/graph.js';
import { toNumbers } from '../tensor/convert.js';
import type { DType } from '../tensor/dtype.js';
import { type ConcreteShape, type Dim, isConcrete, resolveAxis, type Shape, sizeOf } from '../tensor/shape.js';
import type { AttributeSchema } from './attributes.js';

/** What shape inference says of one output. An undefined shape is not known until every extent is a number. */
export interface Inferred {
  readonly dtype: DType;
  readonly shape: Shape | undefined;
}

/** What an operator's functions see of a node: checked attributes and what is known of the inputs. */
export interface OpContext<A extends Attributes = Attributes> {
  readonly attributes: A;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputCount: number;
}

/**
 * What an operator means: its attributes, the types and shapes of its outputs and its cost. No loops over data.
 * The meaning is that of the newest version of the ONNX operator; importers bring older forms to it.
 */
export interface Operator<A extends Attributes = Attributes> {
  /** ONNX operator name; contrib operators carry their domain ("com.microsoft.QGemm"). */
  readonly name: string;
  readonly attributes: AttributeSchema<A>;
  /** [fewest, most] inputs. */
  readonly inputs: readonly [number, number];
  readonly outputs?: readonly [number, number];
  /** True where each element of the output is a function of that element of the one input, of the same type. */
  readonly elementwise?: boolean;
  /** True where all inputs broadcast to the shape of the output, element by element. */
  readonly broadcasts?: boolean;
  /** True where the operator, of two inputs, can be a step of another's epilogue that reads the second. */
  readonly operandStep?: boolean;
  /** True where steps of the epilogue may read further inputs, appended to the operator's own (see `operandKind`). */
  readonly epilogueOperands?: boolean;
  /** True where only the shape of the input is read, so that the result is known as soon as the shape is. */
  readonly shapeOnly?: boolean;
  /** True where the output is the first input under another shape: no kernel runs. */
  readonly alias?: boolean;
  /**
   * The inputs whose numbers decide shapes or the kernel, so that they must be known when the plan is made: constants,
   * or feeds that the plan is then made for (see `hostInputs`).
   */
  readonly hostInputs?: readonly number[];
  /** Control flow: a node that is replaced by one of its graphs (`expand`), or run by itself in turns of its graph. */
  readonly control?: 'choice' | 'turns';
  /** The inputs whose data decides how large the outputs are: a run counts, unless they are constants. */
  readonly counts?: readonly number[];
  /**
   * For an operator that other nodes can stand for, once enough of its inputs is known: adds them, and names the values
   * that are the node's outputs. Undefined where the node must stay; what was added is taken back then.
   */
  expand?(node: Node, to: Expansion): readonly string[] | undefined;
  /** Types and shapes of the outputs. Throws `invalid-model` where inputs and attributes do not fit. */
  infer(context: OpContext<A>): Inferred[];
  /** Multiply-accumulates for concrete shapes; 0 where absent. */
  macs?(context: OpContext<A>, outputs: readonly Inferred[]): number;
}

/** What `expand` sees of a graph, and where it adds nodes. */
export interface Expansion {
  /** What is known of a value, results of nodes just added included. */
  value(name: string | undefined): Value | undefined;
  /** Adds a constant; its name is derived from `base`. */
  constant(base: string, dtype: DType, numbers: readonly number[], dims?: readonly number[]): string;
  /** Adds a node with these attributes over the operator's defaults; returns the names of its outputs. */
  add(base: string, op: string, inputs: readonly string[], attributes?: Attributes, outputs?: number): readonly string[];
  /** Adds the nodes of a graph with its inputs bound to these values; returns what its outputs are. */
  inline(base: string, graph: Graph, inputs: readonly string[]): readonly string[];
  /** Nodes that may still be added. */
  readonly nodesLeft: number;
}

export const defineOperator = <A extends Attributes>(operator: Operator<A>): Operator => operator as unknown as Operator;

/** Throws `invalid-model`; the caller of an operator's functions adds the node's name. */
export const fail = (message: string): never => {
  throw new TilewiseError('invalid-model', message);
};

/** The input at that place, which the operator's arity guarantees. */
export const input = (context: OpContext<never>, index: number): Value =>
  context.inputs[index] ?? fail(`input ${index} is missing`);

/** The numbers of an input whose data is known, undefined while it is computed at run time. */
export const constantNumbers = (value: Value | undefined): number[] | undefined =>
  value?.tensor && [...toNumbers(value.tensor.type, value.tensor.data)];

export const axisOf = (axis: number, rank: number): number =>
  resolveAxis(axis, rank) ?? fail(`axis ${axis} is out of range for rank ${rank}`);

export const rankAtLeast = (shape: Shape, rank: number, what: string): Shape =>
  shape.length >= rank ? shape : fail(`${what} must have at least ${rank} dimensions, got shape [${shape.join(', ')}]`);

/** Elements of a shape as a number; throws while an extent is symbolic. */
export const elements = (shape: Shape | undefined): number =>
  shape && isConcrete(shape) ? sizeOf(shape) : fail('the shape is not known yet');

export const concrete = (shape: Shape | undefined): ConcreteShape =>
  shape && isConcrete(shape) ? shape : fail('the shape is not known yet');

/** Fails when two known extents differ; a symbol is taken on trust until it is bound. */
export const expectDim = (actual: Dim | undefined, expected: Dim | undefined, what: string): void => {
  if (typeof actual === 'number' && typeof expected === 'number' && actual !== expected) {
    fail(`${what} must be ${expected}, got ${actual}`);
  }
};
