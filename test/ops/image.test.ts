import { describe, it } from 'vitest';
import type { ImageAttributes } from '../../src/ops/image.js';
import { tolerances } from '../../src/tensor/compare.js';
import { checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

/** The map of a destination of `width` x `height` pixels onto all of a picture. */
const stretch = (sourceWidth: number, sourceHeight: number, width: number, height: number): number[] => [
  sourceWidth / width,
  0,
  0,
  0,
  sourceHeight / height,
  0,
];

const imageCase = (
  name: string,
  [sourceHeight, sourceWidth]: readonly [number, number],
  attributes: Partial<ImageAttributes>,
  opaque = true,
): OpCase => {
  const { width = 8, height = 5, channels = 'rgb' } = attributes;
  const gray = channels === 'gray';
  return {
    name: `${name} [${sourceHeight}, ${sourceWidth}] -> [${height}, ${width}] ${attributes.filter ?? 'bilinear'}`,
    op: 'ImageToTensor',
    inputs: [{ shape: [sourceHeight, sourceWidth], dtype: 'uint32', range: [opaque ? 0xff000000 : 0, 0xffffffff] }],
    attributes: {
      width,
      height,
      matrix: stretch(sourceWidth, sourceHeight, width, height),
      gain: gray ? [1 / 255] : [1 / 255, 1 / 128, 1 / 200],
      offset: gray ? [-0.4] : [-0.5, 0.25, 0],
      ...attributes,
    },
    tolerance: tolerances.reduction,
  };
};

const filters = ['nearest', 'bilinear', 'area'] as const;
const resizes: [source: [number, number], width: number, height: number][] = [
  [[1, 1], 1, 1],
  [[1, 1], 5, 4],
  [[3, 4], 4, 3],
  [[5, 31], 31, 5],
  [[7, 9], 33, 2],
  [[33, 31], 5, 7],
  [[32, 40], 8, 8],
  [[3, 127], 129, 1],
];
const turned = { width: 9, height: 9, matrix: [0.9, -0.7, 3.1, 0.7, 0.9, -2.3], background: [10, 200, 90] };
const padded = { width: 12, height: 7, matrix: [1.3, 0, -3, 0, 1.3, 0.4], background: [255, 0, 128] };

const cases: OpCase[] = [
  ...filters.flatMap((filter) =>
    resizes.map(([source, width, height]) => imageCase('stretch', source, { width, height, filter })),
  ),
  ...filters.flatMap((filter) => [
    imageCase('turned', [10, 11], { ...turned, filter }),
    imageCase('padded', [9, 8], { ...padded, filter }),
    imageCase('cropped', [20, 30], { width: 6, height: 5, matrix: [2, 0, 9, 0, 2, 5], filter }),
    imageCase('transparent', [6, 7], { background: [30, 60, 250], filter }, false),
  ]),
  ...(['rgb', 'bgr', 'gray'] as const).flatMap((channels) =>
    (['nchw', 'nhwc'] as const).map((layout) =>
      imageCase(`${channels} ${layout}`, [6, 7], { channels, layout, width: 5, height: 3 }),
    ),
  ),
];

describe('image', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects wrong kernels', async () => {
    await expectWrongKernelRejected(imageCase('wrong taps', [9, 9], {}), 'floor(point - 0.5)', 'floor(point)');
    await expectWrongKernelRejected(imageCase('wrong support', [33, 31], { filter: 'area' }), 'max(vec2f(1), step)', 'vec2f(1)');
    await expectWrongKernelRejected(imageCase('wrong order', [6, 7], {}), 'vec3u(0, 8, 16)', 'vec3u(16, 8, 0)');
    await expectWrongKernelRejected(
      imageCase('no background', [9, 8], padded),
      'return params.background.rgb;',
      'return vec3f(0);',
    );
  });
});
