import { judge } from '../../src/cli/conformance-judge.js';
import '../../src/index.js';

/** One test as the page is told of it: addresses of its files. */
export interface PageTest {
  readonly name: string;
  readonly model: string;
  readonly dataSets: readonly { readonly inputs: readonly string[]; readonly outputs: readonly string[] }[];
}

const bytesAt = async (url: string): Promise<Uint8Array> => new Uint8Array(await (await fetch(url)).arrayBuffer());

/** Runs tests in this page, one after the other; what did not pass, by name. */
const runTests = async (tests: readonly PageTest[]): Promise<Record<string, string>> => {
  const failures: Record<string, string> = {};
  for (const { name, model, dataSets } of tests) {
    const { outcome, reason } = await judge({
      model: () => bytesAt(model),
      dataSets: dataSets.map(({ inputs, outputs }) => ({
        inputs: () => Promise.all(inputs.map(bytesAt)),
        outputs: () => Promise.all(outputs.map(bytesAt)),
      })),
    });
    if (outcome !== 'passed') failures[name] = `${outcome}: ${reason}`;
  }
  return failures;
};

Object.assign(globalThis, { runTests });
