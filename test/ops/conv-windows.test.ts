import { describe, expect, it } from 'vitest';
import { outputExtents, slidingWindows, type WindowAttributes } from '../../src/tensor/window.js';

const attributes = (given: Partial<WindowAttributes>): WindowAttributes => ({
  auto_pad: 'NOTSET',
  dilations: undefined,
  kernel_shape: undefined,
  pads: undefined,
  strides: undefined,
  ...given,
});

describe('sliding windows', () => {
  it.each<[string, number, number, Partial<WindowAttributes>, boolean, [output: number, begin: number, end: number]]>([
    ['floor', 6, 3, { strides: [2] }, false, [2, 0, 0]],
    ['ceil', 6, 3, { strides: [2] }, true, [3, 0, 0]],
    ['ceil, where the last window would begin in the padding', 4, 1, { strides: [3], pads: [0, 2] }, true, [2, 0, 2]],
    ['ceil, where the last window begins in the last element', 4, 2, { strides: [3], pads: [0, 0] }, true, [2, 0, 0]],
    ['dilation', 9, 3, { dilations: [3], pads: [1, 2] }, false, [6, 1, 2]],
    ['valid', 7, 3, { auto_pad: 'VALID', strides: [2] }, false, [3, 0, 0]],
    ['same upper', 6, 3, { auto_pad: 'SAME_UPPER', strides: [2] }, false, [3, 0, 1]],
    ['same lower', 6, 3, { auto_pad: 'SAME_LOWER', strides: [2] }, false, [3, 1, 0]],
    ['same, where no padding is needed', 4, 1, { auto_pad: 'SAME_UPPER', strides: [3] }, false, [2, 0, 0]],
    ['same, of nothing', 0, 3, { auto_pad: 'SAME_UPPER' }, false, [0, 1, 1]],
  ])('%s', (_, extent, kernel, given, ceil, [output, padBegin, padEnd]) => {
    const [window] = slidingWindows([extent], attributes(given), [kernel], ceil);
    expect(window).toMatchObject({ output, padBegin, padEnd });
    expect(outputExtents([extent], attributes(given), [kernel], ceil)).toEqual([output]);
  });

  it('tell symbols apart that rounding tells apart', () => {
    const given = attributes({ strides: [2] });
    const [floor] = outputExtents(['h'], given, [3]);
    expect(outputExtents(['h'], given, [3])).toEqual([floor]);
    expect(outputExtents(['h'], given, [3], true)).not.toEqual([floor]);
    expect(outputExtents(['h'], attributes({ pads: [1, 1] }), [3])).toEqual(['h']);
  });
});
