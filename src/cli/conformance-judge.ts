import { TilewiseError } from '../errors.js';
import { tensorProto } from '../importers/onnx/proto.js';
import { tensorOf } from '../importers/onnx/tensor.js';
import { readMessage } from '../importers/onnx/wire.js';
import { InferenceSession } from '../session.js';
import { compareNumbers } from '../tensor/compare.js';
import { toNumbers } from '../tensor/convert.js';
import { isFloat } from '../tensor/dtype.js';
import { sameShape, shapeText } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** `refused`: before anything ran, with `unsupported-model` or `limit-exceeded`. `threw`: any other error. */
export type Outcome = 'passed' | 'wrong' | 'refused' | 'threw';

export interface Judgement {
  readonly outcome: Outcome;
  /** Why it did not pass. */
  readonly reason?: string;
}

/** The files of one test, as bytes: read when they are asked for. Nothing here needs Node: pages run it too. */
export interface TestFiles {
  readonly model: () => Promise<Uint8Array>;
  /** For each set of data the TensorProto files of its inputs and outputs, in order. */
  readonly dataSets: readonly { readonly inputs: () => Promise<Uint8Array[]>; readonly outputs: () => Promise<Uint8Array[]> }[];
}

/** What the ONNX project's own backend tests allow floats to differ by; other types must be equal. */
const FLOATS = { rtol: 1e-3, atol: 1e-7 };
const EXACT = { rtol: 0, atol: 0 };

const REFUSALS: readonly string[] = ['unsupported-model', 'limit-exceeded'];

/** Runs one test on the GPU as an application would: a session of the model's bytes, every input a feed. */
export const judge = async ({ model, dataSets }: TestFiles): Promise<Judgement> => {
  let session: InferenceSession | undefined;
  try {
    session = await InferenceSession.create(await model());
    if (dataSets.length === 0) throw new TilewiseError('unsupported-model', 'the test has no inputs and outputs');
    for (const dataSet of dataSets) {
      const reason = await runDataSet(session, dataSet);
      if (reason !== undefined) return { outcome: 'wrong', reason };
    }
    return { outcome: 'passed' };
  } catch (error) {
    const refused = error instanceof TilewiseError && REFUSALS.includes(error.code);
    const code = error instanceof TilewiseError && !refused ? `${error.code}: ` : '';
    const reason = `${code}${error instanceof Error ? error.message : String(error)}`;
    return { outcome: refused ? 'refused' : 'threw', reason };
  } finally {
    await session?.release();
  }
};

const tensorsOf = (files: readonly Uint8Array[], what: string): Tensor[] =>
  files.map((bytes, i) => tensorOf(readMessage(tensorProto, bytes), `${what}_${i}`));

/** What is wrong with the outputs; undefined where they are as expected. */
const runDataSet = async (session: InferenceSession, dataSet: TestFiles['dataSets'][number]): Promise<string | undefined> => {
  const inputs = tensorsOf(await dataSet.inputs(), 'input');
  const expected = tensorsOf(await dataSet.outputs(), 'output');
  const feeds = Object.fromEntries(session.inputNames.slice(0, inputs.length).map((name, i) => [name, inputs[i] as Tensor]));
  const outputs = await session.run(feeds);
  if (expected.length !== session.outputNames.length) {
    return `${session.outputNames.length} outputs, ${expected.length} expected`;
  }
  const complaints = session.outputNames.map((name, i) => complaint(name, outputs[name] as Tensor, expected[i] as Tensor));
  return complaints.find((text) => text !== undefined);
};

const complaint = (name: string, actual: Tensor, expected: Tensor): string | undefined => {
  if (actual.type !== expected.type) return `'${name}' is ${actual.type}, not ${expected.type}`;
  if (!sameShape(actual.dims, expected.dims)) {
    return `'${name}' has shape ${shapeText(actual.dims)}, not ${shapeText(expected.dims)}`;
  }
  const numbers = [actual, expected].map(({ type, data }) => toNumbers(type, data)) as [Float64Array, Float64Array];
  const { equal, differing, size, worst } = compareNumbers(...numbers, isFloat(actual.type) ? FLOATS : EXACT);
  if (equal) return undefined;
  const where = worst ? `; at ${worst.index}: ${worst.actual}, not ${worst.expected}` : '';
  return `'${name}' differs in ${differing} of ${size} elements${where}`;
};
