import type { Reference } from '../kernels-ref/reference.js';
import { TilewiseError } from './errors.js';
import type { Attributes } from './graph/graph.js';
import { isKnown } from './importers/onnx/upgrade.js';
import { checkDispatch, checkKernel } from './kernels/check-kernel.js';
import type { Dispatch, KernelRequest, Lowering } from './kernels/kernel.js';
import { type AttributeSchema, flag, float, int, ints, optionalInt, tensor, word } from './ops/attributes.js';
import type { Inferred, OpContext, Operator } from './ops/operator.js';
import { registeredOps } from './registry.js';

export { grid } from './kernels/kernel.js';

/** The kinds of attributes: each checks what a model states, and has a default or is required. */
export const attributes = { int, optionalInt, ints, float, flag, word, tensor };

/** A launch of the operator's own kernel. */
export type OpDispatch = Omit<Dispatch, 'kernel' | 'libraries'>;

/** An operator of the application: what it means and the WGSL that runs it. */
export interface OpDefinition<A extends Attributes = Attributes> {
  /** Domain and operator of the ONNX node, as in "my.domain.Mish2". */
  readonly name: string;
  /** [fewest, most] inputs. */
  readonly inputs: readonly [number, number];
  /** [fewest, most] outputs; one where absent. */
  readonly outputs?: readonly [number, number];
  /** How each attribute is checked, and its default (see `attributes`). */
  readonly attributes?: AttributeSchema<A>;
  /** The inputs whose numbers `infer` or `lower` need: constants, or feeds that a plan is made for. */
  readonly hostInputs?: readonly number[];
  /** Types and shapes of the outputs; a shape is undefined while it cannot be known. Throw an `Error` for what does not fit. */
  infer(context: OpContext<A>): Inferred[];
  /** Multiply-accumulates, for `inspect`. */
  macs?(context: OpContext<A>, outputs: readonly Inferred[]): number;
  /** The kernel: bindings in group 0, `struct Params` for its uniform, entry point `main`. */
  readonly wgsl: string;
  /** The launches for concrete shapes. */
  lower(request: KernelRequest<A>): OpDispatch[];
  /** The same in plain loops on the CPU, for `compare`. */
  readonly reference?: Reference<A>;
}

const NAME = /^([A-Za-z_][\w-]*\.)*[A-Za-z_]\w*$/;

/**
 * Adds an operator to this page or process: models may then have nodes of that domain and name. Throws
 * `invalid-argument` where the name is taken, an operator of this library included, or where the kernel's text is not
 * what `lower` and the device need.
 */
export const registerOp = <A extends Attributes>(definition: OpDefinition<A>): void => {
  const { name, wgsl } = definition;
  const refuse = (why: string): never => {
    throw new TilewiseError('invalid-argument', `operator '${name}': ${why}`);
  };
  if (typeof name !== 'string' || !NAME.test(name)) refuse('a name is a domain and an operator, as in my.domain.Mish2');
  if (name.startsWith('ai.onnx.') && name.split('.').length === 3) refuse('operators of the standard domain have no prefix');
  if (registeredOps.has(name)) refuse('it is registered already');
  if (isKnown(name)) refuse('the library has it, and it cannot be replaced');
  const problem = checkKernel(wgsl);
  if (problem) refuse(problem);
  registeredOps.set(name, {
    operator: operatorOf(definition),
    lowering: loweringOf(definition),
    ...(definition.reference && { reference: definition.reference as Reference }),
  });
};

const operatorOf = <A extends Attributes>({ name, inputs, outputs, attributes, hostInputs, infer, macs }: OpDefinition<A>) =>
  ({
    name,
    inputs,
    attributes: attributes ?? {},
    ...(outputs && { outputs }),
    ...(hostInputs && { hostInputs }),
    ...(macs && { macs }),
    infer: (context: OpContext<A>): Inferred[] => {
      const inferred = typed('invalid-model', () => infer(context));
      if (inferred.length >= context.outputCount) return inferred;
      throw new TilewiseError('invalid-argument', `infer tells ${inferred.length} outputs of ${context.outputCount}`);
    },
  }) as unknown as Operator;

const loweringOf = <A extends Attributes>({ name, wgsl, lower }: OpDefinition<A>): Lowering => {
  const kernel = { name, wgsl };
  return (request) => {
    const dispatches = typed('unsupported-model', () => lower(request as KernelRequest<A>)).map((dispatch) => ({
      ...dispatch,
      kernel,
    }));
    for (const dispatch of dispatches) {
      const problem = checkDispatch(dispatch, request);
      if (problem) throw new TilewiseError('invalid-argument', problem);
    }
    return dispatches;
  };
};

/** The application's own errors become typed ones, which name the node. */
const typed = <T>(code: 'invalid-model' | 'unsupported-model', run: () => T): T => {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof TilewiseError) throw cause;
    throw new TilewiseError(code, cause instanceof Error ? cause.message : String(cause), { cause });
  }
};
