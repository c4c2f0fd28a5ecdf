import { describe, expect, it } from 'vitest';
import { PassHolder } from '../../src/device/pass-holder.js';

/** An encoder that writes down what it is asked for. */
const recorder = () => {
  const calls: string[] = [];
  const pass = {
    setPipeline: (pipeline: unknown) => calls.push(`pipeline ${pipeline}`),
    setBindGroup: (_: number, group: unknown) => calls.push(`group ${group}`),
    dispatchWorkgroups: (...size: number[]) => calls.push(`dispatch ${size}`),
    end: () => calls.push('end'),
  };
  const beginComputePass = () => {
    calls.push('begin');
    return pass;
  };
  const holder = new PassHolder({ beginComputePass } as unknown as GPUCommandEncoder);
  const dispatch = (pipeline: string, group: string): void =>
    holder.dispatch(pipeline as unknown as GPUComputePipeline, group as unknown as GPUBindGroup, 3, 2, 1);
  return { calls, holder, dispatch };
};

describe('PassHolder', () => {
  it('sets a pipeline once for neighbours that share it', () => {
    const { calls, dispatch } = recorder();
    dispatch('a', '1');
    dispatch('a', '2');
    dispatch('b', '3');
    dispatch('a', '4');
    expect(calls).toEqual(
      ['begin', 'pipeline a', 'group 1', 'dispatch 3,2,1', 'group 2', 'dispatch 3,2,1', 'pipeline b', 'group 3'].concat([
        'dispatch 3,2,1',
        'pipeline a',
        'group 4',
        'dispatch 3,2,1',
      ]),
    );
  });

  it('sets it again in a new pass, which knows of none', () => {
    const { calls, holder, dispatch } = recorder();
    dispatch('a', '1');
    holder.end();
    holder.end();
    dispatch('a', '1');
    const run = ['begin', 'pipeline a', 'group 1', 'dispatch 3,2,1'];
    expect(calls).toEqual([...run, 'end', ...run]);
  });
});
