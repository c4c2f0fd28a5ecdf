import type { Dispatch, KernelRequest } from './kernel.js';
import { packParams, type Reflection, reflect } from './specialize.js';

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

/** What is wrong with the text of a kernel that this library did not write, or undefined. */
export const checkKernel = (wgsl: string): string | undefined => {
  if (typeof wgsl !== 'string') return 'wgsl must be the text of a kernel';
  const code = wgsl.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
  if (count(code, /@compute\b/g) !== 1) return 'wgsl must have exactly one entry point (@compute)';
  if (!/@compute\b[^;{]*\bfn main\s*\(/.test(code)) return 'the entry point of wgsl must be named main';
  let reflection: Reflection;
  try {
    reflection = reflect(wgsl);
  } catch (error) {
    return (error as Error).message;
  }
  return checkBindings(reflection, code);
};

const checkBindings = ({ bindings, params, overrides }: Reflection, code: string): string | undefined => {
  if (count(code, /@group\b/g) !== count(code, /@group\(0\)/g)) return 'bindings must be in group 0';
  if (count(code, /@binding\b/g) !== bindings.length) {
    return 'a binding must stand on a line of its own: @group(0) @binding(N) var<storage, read> name: array<f32>;';
  }
  if (bindings.some(({ index }, i) => index !== i)) return `bindings must be numbered from 0 on, in order`;
  const strange = bindings.find(({ type }) => type !== 'uniform' && type !== 'read' && type !== 'read_write');
  if (strange) return `binding '${strange.name}' must be a buffer, not a ${strange.type}`;
  if (!bindings.some(({ type }) => type === 'read_write')) return 'no binding can be written to (var<storage, read_write>)';
  const uniforms = count(code, /var<uniform>/g);
  if (uniforms > 1) return 'one uniform is possible: struct Params';
  if (uniforms === 1 && params.length === 0) return "the uniform's type must be a struct Params { with one field a line";
  if (uniforms === 0 && params.length > 0) return 'struct Params needs its uniform: var<uniform> params: Params;';
  return overrides.size === count(code, /\boverride\b/g) ? undefined : 'an override must stand at column 0 and state its type';
};

/** What is wrong with a launch of such a kernel, or undefined. */
export const checkDispatch = (dispatch: Dispatch, { inputs, outputs, facts }: KernelRequest): string | undefined => {
  const { wgsl } = dispatch.kernel;
  const { bindings, overrides } = reflect(wgsl);
  const storage = bindings.filter(({ type }) => type !== 'uniform').map(({ name }) => name);
  const given = Object.keys(dispatch.operands);
  const missing = storage.find((name) => !given.includes(name)) ?? given.find((name) => !storage.includes(name));
  if (missing !== undefined) return `the operands [${given.join(', ')}] are not the bindings [${storage.join(', ')}]`;
  for (const [name, operand] of Object.entries(dispatch.operands)) {
    if ('input' in operand && !inputs[operand.input]) return `operand '${name}' is input ${operand.input}, which is not there`;
    if ('output' in operand && !outputs[operand.output])
      return `operand '${name}' is output ${operand.output}, which is not there`;
  }
  const unknown = Object.entries(dispatch.constants ?? {}).find(
    ([name, value]) => !overrides.has(name) || !Number.isFinite(value),
  );
  if (unknown) return `constant '${unknown[0]}' is no override of the kernel, or no number`;
  try {
    packParams(wgsl, dispatch.params);
  } catch (error) {
    return (error as Error).message;
  }
  const most = facts.limits.maxComputeWorkgroupsPerDimension;
  const good = dispatch.workgroups.length === 3 && dispatch.workgroups.every((n) => Number.isInteger(n) && n >= 0 && n <= most);
  return good ? undefined : `workgroups [${dispatch.workgroups.join(', ')}] must be 3 integers of at most ${most}`;
};
