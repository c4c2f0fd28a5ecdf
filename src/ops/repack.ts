import { defineOperator } from './operator.js';
import { byteInput } from './quantization.js';

/** Y = X in the other storage: packed four elements to a word, or an element a word. Passes make it; model files cannot name it. */
export const repack = defineOperator({
  name: 'tilewise.Repack',
  attributes: {},
  inputs: [1, 1],
  infer: ({ inputs }) => {
    const { dtype, shape } = byteInput(inputs[0], 'X');
    return [{ dtype, shape }];
  },
});
