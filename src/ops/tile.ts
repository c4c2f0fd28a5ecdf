import { type Dim, mulDims } from '../tensor/shape.js';
import { constantNumbers, defineOperator, fail, input } from './operator.js';

/** x repeated `repeats` (input 1) times along each axis. */
export const tile = defineOperator({
  name: 'Tile',
  attributes: {},
  inputs: [2, 2],
  hostInputs: [1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const repeats = constantNumbers(input(context as never, 1));
    if (!shape || !repeats) return [{ dtype, shape: undefined }];
    if (repeats.length !== shape.length) fail(`repeats must have ${shape.length} elements, got ${repeats.length}`);
    if (repeats.some((times) => times < 0)) fail(`repeats [${repeats.join(', ')}] must not be negative`);
    return [{ dtype, shape: repeats.map((times, axis) => mulDims(shape[axis] as Dim, times)) }];
  },
});
