import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, type OpCase } from '../support/check-op.js';

const windowOf = (op: string, size: number, attributes: OpCase['attributes'] = {}): OpCase => ({
  name: `${op} of ${size} ${JSON.stringify(attributes)}`,
  op,
  inputs: [{ shape: [], dtype: 'int64', data: [size], constant: true }],
  attributes,
  tolerance: tolerances.exact,
});
const valuesOf = (opCase: OpCase): number[] => {
  const { graph, feeds } = caseGraph(opCase);
  return [...(runGraph(graph, feeds).get(graph.outputs[0] as string)!.data as Float32Array)];
};

/** The window is a constant of the plan; worked by hand, because there is no kernel to compare with the reference. */
describe('cosine-window', () => {
  it.each([
    ['HannWindow', {}, [0, 0.5, 1, 0.5]],
    ['HannWindow', { periodic: false }, [0, 0.75, 0.75, 0]],
    ['HammingWindow', {}, [4 / 46, 25 / 46, 1, 25 / 46]],
    ['BlackmanWindow', {}, [0, 0.34, 1, 0.34]],
    ['BlackmanWindow', { periodic: false }, [0, 0.63, 0.63, 0]],
  ])('%s %o', (op, attributes, expected) => {
    valuesOf(windowOf(op, 4, attributes)).forEach((v, i) => expect(v).toBeCloseTo(expected[i] as number, 6));
  });
  it.each(['HannWindow', 'HammingWindow', 'BlackmanWindow'])('%s of one element, of none, and as float16', async (op) => {
    expect(valuesOf(windowOf(op, 1, { periodic: false })).every(Number.isFinite)).toBe(true);
    expect(valuesOf(windowOf(op, 0))).toEqual([]);
    await checkOp(windowOf(op, 9, { output_datatype: 'float16' }));
  });
  it('refuses sizes below 0, more than one number, and integers', () => {
    expect(() => caseGraph(windowOf('HannWindow', -1))).toThrow('the size');
    expect(() => caseGraph({ ...windowOf('HannWindow', 1), inputs: [{ shape: [2], dtype: 'int64', constant: true }] })).toThrow(
      'one',
    );
    expect(() => caseGraph(windowOf('HannWindow', 3, { output_datatype: 'int32' }))).toThrow('not defined for int32');
  });
});
