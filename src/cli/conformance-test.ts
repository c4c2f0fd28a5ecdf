import { join } from 'node:path';
import { type Judgement, judge } from './conformance-judge.js';
import { type CoreSet, readTensorFiles, type Statement, type SuiteTest, statementOf } from './conformance-suite.js';
import { readBytes } from './files.js';

export type { Outcome } from './conformance-judge.js';

export interface TestResult extends Statement, Judgement {
  readonly name: string;
}

/** Runs one test of a folder. */
export const runTest = async ({ name, folder, dataSets }: SuiteTest, core: CoreSet | undefined): Promise<TestResult> => {
  let statement: Statement = { operators: [], core: false };
  const judgement = await judge({
    model: async () => {
      const bytes = await readBytes(join(folder, 'model.onnx'));
      statement = statementOf(bytes, core);
      return bytes;
    },
    dataSets: dataSets.map((dataSet) => ({
      inputs: () => readTensorFiles(dataSet, 'input'),
      outputs: () => readTensorFiles(dataSet, 'output'),
    })),
  });
  return { name, ...statement, ...judgement };
};
